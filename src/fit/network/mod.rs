//! The network of a model, trained on top of its linear heads.
//!
//! The linear model is trained first, as without a network, and stays as it is: the network learns what to add to its heads.
//! The last weights of the network start at 0, so training starts from the linear model, and a part of the rows decides
//! which epoch's weights are kept. If none does better on these rows, what is added is 0.

mod block;
mod errors;
mod plan;
mod rows;
mod train;
mod values;

pub use plan::Network;
pub(super) use train::{Linear, train_network};
