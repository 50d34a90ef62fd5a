//! The tests of the model: its text, and prediction.

mod scorer;
mod text;
