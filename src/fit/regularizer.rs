//! What the objective adds to the mean loss.

use crate::family::SigmaPrior;
use crate::model::{L2, Weights};

/// The penalty of the weights and the prior of sigma.
#[derive(Debug, Clone, Copy)]
pub(super) struct Regularizer {
    /// The penalty of each head.
    pub(super) l2: L2,
    /// Whether the penalty is part of an objective; the decay of some optimisers is not.
    pub(super) in_objective: bool,
    pub(super) sigma_prior: Option<SigmaPrior>,
}

impl Regularizer {
    /// What is added for the weights.
    pub(super) fn penalty(&self, weights: &Weights) -> f64 {
        if !self.in_objective {
            return 0.0;
        }
        let half_squares =
            |weights: &[f64]| 0.5 * weights.iter().map(|weight| weight * weight).sum::<f64>();
        self.l2.logit * half_squares(&weights.logit.weights)
            + self.l2.mu * half_squares(&weights.mu.weights)
            + self.l2.raw_sigma * half_squares(&weights.raw_sigma.weights)
    }

    /// What is added for the sigma of the average customer.
    pub(super) fn of_sigma(&self, raw_sigma: f64) -> f64 {
        self.sigma_prior.map_or(0.0, |prior| prior.value(raw_sigma))
    }
}
