//! Proofs about the metrics: the reference implementation's values, properties, and their page in the docs.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

mod docs;
mod properties;
mod reference;
