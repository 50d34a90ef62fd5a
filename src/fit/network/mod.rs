//! The network of a model, trained on top of its linear heads.
//!
//! The linear model is trained first, as without a network, and stays as it is: the network learns what to add to its heads.
//! The last weights of the network start at 0, so training starts from the linear model, and a part of the rows decides
//! which epoch's weights are kept. If none does better on these rows, what is added is 0; or, where a network is continued,
//! what it added before.
//!
//! Imports [`rows`](super::rows), [`encode`](super::encode), [`family`](crate::family), [`net`](crate::net) and
//! [`model`](crate::model).

mod block;
mod errors;
mod guard;
mod linear;
mod plan;
mod rows;
mod start;
mod total;
mod train;
mod values;

pub(super) use block::BLOCK;
pub(super) use linear::{Linear, Outcome};
pub use plan::Network;
pub(super) use plan::automatic_batch_size;
pub(super) use train::{Trained, train_network, workers};
