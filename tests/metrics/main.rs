//! Proofs about the metrics: the reference implementation's values, properties, and their page in the docs.

mod docs;
mod properties;
mod reference;
