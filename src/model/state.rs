//! What an optimiser remembers between steps, kept in a model so that training can go on exactly.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// The units that training may measure the logarithms of amounts in.
pub(crate) const AMOUNT_SCALES: RangeInclusive<f64> = 1e-9..=1e9;

/// The state of the optimiser after the last epoch. Stored with option `keep_state`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OptimizerState {
    /// The optimiser it belongs to.
    pub optimizer: String,
    /// Epochs behind it.
    pub epochs: u64,
    /// Steps behind it.
    pub steps: u64,
    /// A power of two: the mu head is trained in units of it.
    pub amount_scale: f64,
    /// Of the logit head.
    pub logit: HeadState,
    /// Of the mu head.
    pub mu: HeadState,
    /// Of the raw sigma head.
    pub raw_sigma: HeadState,
    /// Steps that updated each level of the categorical features, of the logit head.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub level_steps_logit: Vec<u64>,
    /// The same of the two amount heads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub level_steps_amount: Vec<u64>,
}

impl OptimizerState {
    /// All averages, of every head.
    pub(crate) fn averages(&self) -> impl Iterator<Item = &f64> {
        let heads = [&self.logit, &self.mu, &self.raw_sigma];
        heads.into_iter().flat_map(|head| head.first.iter().chain(&head.second))
    }
}

/// The averages an optimiser keeps for one head: the intercept's first, then one a weight. Empty where the
/// optimiser keeps none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HeadState {
    /// Of the gradient (the velocity, for momentum).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first: Vec<f64>,
    /// Of the squared gradient.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub second: Vec<f64>,
}
