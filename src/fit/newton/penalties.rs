//! Where the weights of the parts start, and what they are penalised with.

use super::drawn::Drawn;
use super::part::Penalty;
use crate::family::{Head, SigmaPrior};
use crate::fit::problem::Problem;
use crate::fit::sgd::Parts;
use crate::model::L2;

/// Of the paying part and of the amount part, head after head.
pub(in crate::fit) struct Penalties {
    pub(in crate::fit) starts: [Vec<f64>; 2],
    pub(in crate::fit) of_parts: [Penalty; 2],
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
) -> [Penalty; 2] {
    let L2 { logit, mu, raw_sigma } = l2;
    let head = |others: f64| head_of(width, 0.0, others);
    let paying = Penalty { precision: head(logit), centre: vec![0.0; width], sigma: None };
    let amount = Penalty {
        precision: [head(mu * to_payers), head(raw_sigma * to_payers)].concat(),
        centre: vec![0.0; 2 * width],
        sigma: sigma_prior.map(|prior| SigmaPrior { weight: prior.weight * to_payers, ..prior }),
    };
    [paying, amount]
}

impl Penalties {
    /// The penalty of the amount part, with mu in units of a scale.
    pub(in crate::fit) fn amount_in_units(&self, scale: f64) -> Penalty {
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
        let amount = [parts.head(Head::Mu), parts.head(Head::RawSigma)].concat();
        self.of_parts[0].value(parts.head(Head::Logit))
            + packed.payer_weight_sum / packed.weight_sum
                * self.amount_in_units(amount_scale).value(&amount)
    }
}

impl Penalty {
    /// What is added to the mean loss for the weights of heads, each `width` long; its slopes are added to the gradient.
    pub(super) fn add(&self, width: usize, values: &[f64], gradient: &mut [f64]) -> f64 {
        let mut added = 0.0;
        let terms = values.iter().zip(&self.precision).zip(&self.centre);
        for (((value, precision), centre), slope) in terms.zip(gradient.iter_mut()) {
            if *precision == f64::INFINITY {
                *slope = 0.0;
                continue;
            }
            let off = value - centre;
            added += 0.5 * (precision * off * off);
            *slope += precision * off;
        }
        if let (Some(prior), Some(&raw)) = (&self.sigma, values.get(width)) {
            added += prior.value(raw);
            if let Some(sum) = gradient.get_mut(width) {
                *sum += prior.slope(raw);
            }
        }
        added
    }

    /// The second derivatives of what is added, of each weight.
    pub(super) fn curvature(&self, width: usize, values: &[f64]) -> Vec<f64> {
        let mut diagonal = self.precision.clone();
        let prior = self.sigma.as_ref().zip(values.get(width)).zip(diagonal.get_mut(width));
        if let Some(((prior, raw), slot)) = prior {
            *slot += prior.curvature(*raw);
        }
        diagonal
    }

    /// Whether each weight is held where it is.
    pub(super) fn held(&self) -> Vec<bool> {
        self.precision.iter().map(|precision| *precision == f64::INFINITY).collect()
    }

    /// Whether a weight is held where it is.
    pub(in crate::fit) fn holds(&self, index: usize) -> bool {
        self.precision.get(index).is_some_and(|precision| *precision == f64::INFINITY)
    }

    /// The slope of what is added by a weight.
    pub(in crate::fit) fn slope(&self, index: usize, value: f64) -> f64 {
        match (self.precision.get(index), self.centre.get(index)) {
            (Some(precision), Some(centre)) if precision.is_finite() => {
                precision * (value - centre)
            }
            _ => 0.0,
        }
    }

    /// What is added for the weights, the prior of sigma left out.
    pub(in crate::fit) fn value(&self, values: &[f64]) -> f64 {
        let terms = values.iter().zip(&self.precision).zip(&self.centre);
        let finite = terms.filter(|((_, precision), _)| precision.is_finite());
        finite.map(|((value, p), centre)| 0.5 * p * (value - centre) * (value - centre)).sum()
    }
}
