//! The network of a model, trained on top of its linear heads.
//!
//! The linear model is trained first, as without a network, and stays as it is: the network learns what to add to its heads.
//! The last weights of the network start at 0, so training starts from the linear model, and a part of the rows decides
//! which epoch's weights are kept. If none does better on these rows, what is added is 0; or, where a network is continued,
//! what it added before.
//!
//! Imports [`rows`](super::rows), [`encode`](super::encode), `options`, `split`, `total`, `shrink`, `best_epoch`, `ceiling`, `sgd` (the
//! order of batches and schedules), `observer`, `watch`, `math`, [`family`](crate::family), [`net`](crate::net) and [`model`](crate::model).

mod block;
mod calibration;
mod errors;
mod linear;
mod options;
mod rows;
mod shrink;
mod start;
mod train;
mod weights;

pub(super) use block::BLOCK_ROWS;
pub(super) use linear::{Linear, Outcome};
pub(super) use options::{NetworkOptions, automatic_batch_size};
pub(super) use train::{TrainedNetwork, train_network, workers};
