//! The tests of the model: its text, and prediction.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

mod fuzz;
mod insight;
mod made;
mod scorer;
mod scorer_set;
mod state;
mod text;
