//! The tests of the model: its text, and prediction.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

mod fuzz;
mod made;
mod scorer;
mod scorer_set;
mod text;
