//! What pulls the weights of a part to where a prior has them.

use crate::family::SigmaPrior;

/// What the objective of a part adds to the mean loss.
#[derive(Debug, Clone, Default)]
pub(in crate::fit) struct WeightPenalty {
    /// `precision / 2 * (weight - centre)^2` of each weight of each head; a weight whose precision is infinite is held.
    pub(in crate::fit) precision: Vec<f64>,
    pub(in crate::fit) centre: Vec<f64>,
    /// The prior of sigma, at the intercept of the second head.
    pub(in crate::fit) sigma: Option<SigmaPrior>,
}

impl WeightPenalty {
    /// What is added to the mean loss for the weights of heads, each `width` long; its slopes are added to the gradient.
    pub(in crate::fit) fn add(&self, width: usize, values: &[f64], gradient: &mut [f64]) -> f64 {
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
    pub(in crate::fit) fn curvature(&self, width: usize, values: &[f64]) -> Vec<f64> {
        let mut diagonal = self.precision.clone();
        let prior = self.sigma.as_ref().zip(values.get(width)).zip(diagonal.get_mut(width));
        if let Some(((prior, raw), slot)) = prior {
            *slot += prior.curvature(*raw);
        }
        diagonal
    }

    /// Whether each weight is held where it is.
    pub(in crate::fit) fn held(&self) -> Vec<bool> {
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
