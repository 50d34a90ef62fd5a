//! Stochastic gradient descent: optimisers, schedules, the steps of one part of the weights, the loop over epochs.
//!
//! Imports [`encode`](super::encode), `objective`, `weight_penalty`, `observer`, `watch`, [`family`](crate::family), `net` and
//! `model`.

mod adam_rates;
mod history;
mod optimizer;
mod part;
mod parts;
mod run;
mod schedule;
mod shuffle;

pub(super) use adam_rates::{Powers, Rates};
pub use optimizer::Optimizer;
pub(super) use part::{Part, PartWeights, Trained};
pub(super) use parts::Parts;
pub(super) use run::{PackedSplit, Plan, Progress, run};
pub use schedule::Schedule;
pub(super) use shuffle::batch_order;
