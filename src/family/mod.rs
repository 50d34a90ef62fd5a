//! What training needs of a distribution: its heads, the terms of its loss with their errors, the prior of its spread, and
//! the fit without features that training starts from. The zero-inflated log-normal is the one there is.
//!
//! Imports [`math`](crate::math); no engine. A [`Term`] depends on some of the heads and says whether it concerns all rows
//! or the payers alone; [`fit`](crate::fit) sums the terms over rows, and trains those together that share a weight ([`linear_components`]).

mod amount;
mod components;
mod head;
mod joint;
mod marginal;
mod paying;
mod sigma_prior;
mod term;

pub(crate) use amount::{AmountTerm, Limits};
pub(crate) use components::{LossTerm, linear_components};
pub use head::Head;
pub(crate) use joint::JointTerm;
pub(crate) use marginal::{
    IMAGINED_PAYERS, IMAGINED_SPREAD, Marginal, SampleSize, inverse_softplus, marginal,
};
pub(crate) use paying::PayingTerm;
pub use sigma_prior::SigmaPrior;
pub(crate) use term::{Curved, PAIRS, TargetTile, Term};
