//! Both terms at once.

use super::amount::{AmountTerm, Limits};
use super::head::Head;
use super::paying::PayingTerm;
use super::term::{TargetTile, Term};
use crate::math::{TILE, padded_rows};

/// The term about paying and that about the amounts, of heads that share a weight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JointTerm(pub(crate) AmountTerm);

impl Term<3> for JointTerm {
    const HEADS: [Head; 3] = Head::ALL;
    const PAYERS_ONLY: bool = false;

    #[inline(always)]
    fn errors(
        &self,
        targets: &TargetTile<'_>,
        heads: &mut [[f64; TILE]; 3],
        with_loss: bool,
    ) -> f64 {
        let Some((paying, rest)) = heads.split_first_chunk_mut::<1>() else { return 0.0 };
        let Some((amount, _)) = rest.split_first_chunk_mut::<2>() else { return 0.0 };
        let mut loss = PayingTerm.errors(targets, paying, with_loss);
        let payers = targets.payers.min(targets.count);
        if payers > 0 {
            let mut weight = [0.0; TILE];
            weight[..payers].copy_from_slice(&targets.weight[..payers]);
            let of_payers = TargetTile { count: padded_rows(payers), weight: &weight, ..*targets };
            loss += self.0.errors(&of_payers, amount, with_loss);
        }
        for errors in amount {
            errors[payers..targets.count].fill(0.0);
        }
        loss
    }

    fn within(self, limits: Limits) -> Self {
        Self(self.0.within(limits))
    }

    fn prior_slope(&self, [_, mu, raw_sigma]: [f64; 3]) -> [f64; 3] {
        let [mu, raw_sigma] = self.0.prior_slope([mu, raw_sigma]);
        [0.0, mu, raw_sigma]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::LANES;

    #[test]
    fn losses_and_errors_are_those_of_the_terms() {
        let (rows, payers) = (2 * LANES, LANES / 2);
        let row = |scale: f64| std::array::from_fn(|row| scale * (row % 7) as f64 - 1.0);
        let heads: [[f64; TILE]; 3] = [row(0.3), row(0.2), row(0.1)];
        let mut weight = [0.0; TILE];
        weight[..rows].copy_from_slice(&heads[0].map(|x| 2.0 + x)[..rows]);
        let log_amount = [1.5; 2 * LANES];
        let targets = TargetTile { count: rows, weight: &weight, payers, log_amount: &log_amount };
        let amount = AmountTerm { scale: 2.0, limits: Limits::of_sigma(1.0), prior: None };

        let (mut joint, [logit, mu, raw_sigma]) = (heads, heads);
        let loss = JointTerm(amount).errors(&targets, &mut joint, true);
        let (mut paying, mut amounts) = ([logit], [mu, raw_sigma]);
        let of_paying = PayingTerm.errors(&targets, &mut paying, true);
        weight[payers..].fill(0.0);
        let of_payers =
            TargetTile { count: LANES, weight: &weight, payers, log_amount: &log_amount };
        let of_amount = amount.errors(&of_payers, &mut amounts, true);

        assert_eq!(loss, of_paying + of_amount);
        assert_eq!(joint[0], paying[0]);
        assert_eq!(joint[1][..payers], amounts[0][..payers]);
        assert_eq!(joint[2][..payers], amounts[1][..payers]);
        assert!(joint[1][payers..rows].iter().chain(&joint[2][payers..rows]).all(|e| *e == 0.0));
    }
}
