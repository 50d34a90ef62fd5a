//! The term about paying at all.

use super::term::{TargetTile, Term};
use crate::math::{TILE, sigmoid, softplus, sum_tile};

/// `softplus(-logit)` of payers, `softplus(logit)` of others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PayingTerm;

impl Term<1> for PayingTerm {
    const PAYERS_ONLY: bool = false;

    #[inline(always)]
    fn errors(
        &self,
        targets: &TargetTile<'_>,
        heads: &mut [[f64; TILE]; 1],
        with_loss: bool,
    ) -> f64 {
        let [logits] = heads;
        let mut paid = [0.0; TILE];
        paid[..targets.payers.min(TILE)].fill(1.0);
        let mut losses = [0.0; TILE];
        if with_loss {
            for row in 0..targets.count {
                losses[row] =
                    targets.weight[row] * (softplus(logits[row]) - paid[row] * logits[row]);
            }
        }
        for row in 0..targets.count {
            logits[row] = targets.weight[row] * (sigmoid(logits[row]) - paid[row]);
        }
        if with_loss { sum_tile(&losses) } else { 0.0 }
    }
}
