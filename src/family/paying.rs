//! The term about paying at all.

use super::head::Head;
use super::term::{Curved, PAIRS, TargetTile, Term};
use crate::math::{TILE, sigmoid, softplus, sum_rows};

/// `softplus(-logit)` of payers, `softplus(logit)` of others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PayingTerm;

impl Term<1> for PayingTerm {
    const HEADS: [Head; 1] = [Head::Logit];
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
        let mut loss = 0.0;
        if with_loss {
            let mut losses = [0.0; TILE];
            row_losses(targets, &paid, logits, &mut losses);
            loss = sum_rows(&losses[..targets.count]);
        }
        for row in 0..targets.count {
            logits[row] = targets.weight[row] * (sigmoid(logits[row]) - paid[row]);
        }
        loss
    }
}

impl Curved<1> for PayingTerm {
    #[inline(always)]
    fn curvature(
        &self,
        targets: &TargetTile<'_>,
        [logits]: &[[f64; TILE]; 1],
        _observed: bool,
        [out, ..]: &mut [[f64; TILE]; PAIRS],
    ) {
        for row in 0..targets.count.min(TILE) {
            out[row] = targets.weight[row] * (sigmoid(logits[row]) * sigmoid(-logits[row]));
        }
    }

    #[inline(always)]
    fn losses(&self, targets: &TargetTile<'_>, [logits]: &[[f64; TILE]; 1], out: &mut [f64; TILE]) {
        let mut paid = [0.0; TILE];
        paid[..targets.payers.min(TILE)].fill(1.0);
        row_losses(targets, &paid, logits, out);
    }
}

#[inline(always)]
fn row_losses(
    targets: &TargetTile<'_>,
    paid: &[f64; TILE],
    logits: &[f64; TILE],
    out: &mut [f64; TILE],
) {
    for row in 0..targets.count.min(TILE) {
        out[row] = targets.weight[row] * (softplus(logits[row]) - paid[row] * logits[row]);
    }
}
