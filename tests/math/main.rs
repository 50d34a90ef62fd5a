//! Proofs about the distribution: golden values, accuracy, equal bits on every path, special values, properties.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

mod accuracy;
mod bits;
mod extremes;
mod golden;
mod oracle;
mod platforms;
mod properties;
mod special;
