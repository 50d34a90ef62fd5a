//! The tests of training that need nothing but its public face.

mod determinism;
mod docs;
mod training;
