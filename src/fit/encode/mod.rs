//! From rows to what is trained on: batches of standardised numbers and of levels, and the encodings on the way.
//!
//! Imports [`rows`](super::rows), `math`, `family`, [`net`](crate::net) and [`model`](crate::model).

mod category;
mod layout;
mod moments;
mod number;
mod pack;
mod standardize;

pub(super) use layout::{BatchLayout, deal};
pub(super) use pack::{Known, Learnt, Packed, PackedFor, Targets, pack_encoded, pack_training};
