//! Where the weights of the parts start, and what they are penalised with.

use super::drawn::Drawn;
use crate::family::{AmountTerm, Head, SigmaPrior, Term};
use crate::fit::problem::Problem;
use crate::fit::sgd::Parts;
use crate::fit::weight_penalty::WeightPenalty;
use crate::model::L2;

/// Of the paying part and of the amount part, head after head.
pub(in crate::fit) struct Penalties {
    pub(in crate::fit) starts: [Vec<f64>; 2],
    pub(in crate::fit) of_parts: [WeightPenalty; 2],
}

impl Penalties {
    pub(in crate::fit) fn new(problem: &Problem<'_>) -> Self {
        let packed = problem.packed();
        let width = packed.inputs.width();
        // The amount part is solved on the mean over the payers.
        let to_payers = packed.weight_sum / packed.payer_weight_sum;
        let head = |intercept, others| head_of(width, intercept, others);
        let start = &problem.start;
        let mut penalties = Self {
            starts: [
                head(start.logit, 0.0),
                [head(start.mu, 0.0), head(start.raw_sigma, 0.0)].concat(),
            ],
            of_parts: ridge(problem.l2, problem.sigma_prior, width, to_payers),
        };
        if let Some(model) = problem.options.init.as_deref() {
            let Drawn { starts, variances } =
                Drawn::new(model, problem.table, &problem.encodings, &problem.part_indices, width);
            if let Some(variances) = variances {
                let sums = [packed.weight_sum, packed.payer_weight_sum];
                let parts = penalties.of_parts.iter_mut().zip(variances).zip(sums).zip(&starts);
                for (((penalty, variances), sum), start) in parts {
                    let observations = packed.repeats * sum;
                    penalty.precision =
                        variances.iter().map(|variance| 1.0 / (variance * observations)).collect();
                    penalty.centre.clone_from(start);
                }
            }
            penalties.starts = starts;
        }
        penalties
    }
}

/// An intercept, and the same for all weights.
fn head_of(width: usize, intercept: f64, others: f64) -> Vec<f64> {
    let mut head = vec![others; width];
    head[0] = intercept;
    head
}

/// The penalties of both parts around 0, from those of the mean over all rows; `to_payers` is all rows a payer.
pub(super) fn ridge(
    l2: L2,
    sigma_prior: Option<SigmaPrior>,
    width: usize,
    to_payers: f64,
) -> [WeightPenalty; 2] {
    let L2 { logit, mu, raw_sigma } = l2;
    let head = |others: f64| head_of(width, 0.0, others);
    let paying = WeightPenalty { precision: head(logit), centre: vec![0.0; width], sigma: None };
    let amount = WeightPenalty {
        precision: [head(mu * to_payers), head(raw_sigma * to_payers)].concat(),
        centre: vec![0.0; 2 * width],
        sigma: sigma_prior.map(|prior| SigmaPrior { weight: prior.weight * to_payers, ..prior }),
    };
    [paying, amount]
}

impl Penalties {
    /// The penalty of the amount part, with mu in units of a scale.
    pub(in crate::fit) fn amount_in_units(&self, scale: f64) -> WeightPenalty {
        let mut penalty = self.of_parts[1].clone();
        let width = penalty.precision.len() / 2;
        let mu = penalty.precision.iter_mut().zip(&mut penalty.centre).take(width);
        for (precision, centre) in mu {
            *precision *= scale * scale;
            *centre /= scale;
        }
        penalty
    }

    /// What the penalties add to the mean loss over all rows, mu being in units of a scale.
    pub(in crate::fit) fn value_of(
        &self,
        problem: &Problem<'_>,
        parts: &Parts,
        amount_scale: f64,
    ) -> f64 {
        let packed = problem.packed();
        let amount = AmountTerm::HEADS.map(|head| parts.head(head)).concat();
        self.of_parts[0].value(parts.head(Head::Logit))
            + packed.payer_share() * self.amount_in_units(amount_scale).value(&amount)
    }
}
