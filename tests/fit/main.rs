//! The tests of training that need nothing but its public face.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

mod data;
mod determinism;
mod docs;
mod network;
mod newton;
mod pinned;
mod prior;
mod sample;
mod training;
mod trust;
