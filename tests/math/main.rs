//! Proofs about the distribution: golden values, accuracy, equal bits on every path, special values, properties.

mod accuracy;
mod bits;
mod extremes;
mod golden;
mod oracle;
mod properties;
mod special;
