//! Stochastic gradient descent: optimisers, schedules, the steps of one part of the weights, the loop over epochs and how far it is,
//! and the rows of training and validation (`packed_split`).
//!
//! Imports [`encode`](super::encode), `best_epoch`, `objective`, `weight_penalty`, `observer`, `watch`, [`family`](crate::family), `net` and
//! `model`.

mod adam_rates;
mod history;
mod optimizer;
mod packed_split;
mod part;
mod parts;
mod progress;
mod run_epochs;
mod schedule;
mod shuffle;
mod steps;

pub(super) use adam_rates::{Powers, Rates};
pub use optimizer::Optimizer;
pub(super) use packed_split::PackedSplit;
pub(super) use part::{LinearPart, ModelPart, PartWeights};
pub(super) use parts::Parts;
pub(super) use progress::Progress;
pub(super) use run_epochs::run_epochs;
pub use schedule::Schedule;
pub(super) use shuffle::batch_order;
pub(super) use steps::Plan;
