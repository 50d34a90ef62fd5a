//! What training needs of a distribution: its heads, the terms of its loss with their errors, the prior of its spread, and
//! the fit without features that training starts from. The zero-inflated log-normal is the one there is.
//!
//! Imports [`math`](crate::math); no engine. A [`Term`] depends on some of the heads and says whether it concerns all rows
//! or the payers alone; [`fit`](crate::fit) sums the terms over rows, and trains those together that share a weight.

mod amount;
mod head;
mod marginal;
mod paying;
mod sigma_prior;
mod term;

pub(crate) use amount::AmountTerm;
pub use head::Head;
pub(crate) use marginal::{
    Counts, IMAGINED_PAYERS, IMAGINED_SPREAD, Marginal, inverse_softplus, marginal,
};
pub(crate) use paying::PayingTerm;
pub use sigma_prior::SigmaPrior;
pub(crate) use term::{Curved, PAIRS, TargetTile, Term};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terms_share_no_head_and_miss_none() {
        let heads = [PayingTerm::HEADS.as_slice(), AmountTerm::HEADS.as_slice()].concat();
        assert_eq!(heads, Head::ALL);
    }
}
