//! How much the features are trusted: the penalties of the weights by marginal likelihood, and the prior of sigma.
//!
//! Imports [`encode`](super::encode), the objective and the [`family`](crate::family).

mod design;
mod evidence;
mod lanczos;
mod survey;

pub(super) use survey::survey;
