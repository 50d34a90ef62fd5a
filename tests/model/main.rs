//! The tests of the model: its text, and prediction.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

mod scorer;
mod text;
