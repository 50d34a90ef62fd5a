//! A cluster of real processes on free ports: what it returns, what it refuses, and what happens when processes die.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod data;
mod differential;
mod equal;
mod faults;
mod files;
mod processes;
mod refused;
mod script;
