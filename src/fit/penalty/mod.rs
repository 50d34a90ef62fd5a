//! How much the features are trusted: the penalties of the weights by marginal likelihood, and the prior of sigma.
//!
//! Imports [`encode`](super::encode), `objective`, `options`, `sgd` (which optimiser), `math`, [`family`](crate::family), `net`
//! and `model`.

mod design;
mod evidence;
mod lanczos;
mod survey;

pub(super) use survey::{Survey, survey};
