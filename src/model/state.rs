//! What an optimiser remembers between steps, kept in a model so that training can go on exactly.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::family::Head;

/// The units that training may measure the logarithms of amounts in.
pub(crate) const AMOUNT_SCALES: RangeInclusive<f64> = 1e-9..=1e9;

/// Steps, epochs and passes are counted up to here, which no training comes to.
pub(super) const MOST_STEPS: u64 = 1 << 53;

/// The same of the steps that updated a level in a network.
pub(super) const MOST_LEVEL_STEPS: u32 = 1 << 31;

/// The state of the optimiser after the last epoch. Stored with option `keep_state`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OptimizerState {
    /// The optimiser it belongs to.
    pub optimizer: String,
    /// Epochs behind it.
    pub epochs: u64,
    /// Steps behind it: those of the heads that made most.
    pub steps: u64,
    /// Steps behind the logit head, if they are others: where all customers paid there was nothing to step for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps_logit: Option<u64>,
    /// The same of the two amount heads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps_amount: Option<u64>,
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
    /// A state without averages.
    pub(crate) fn new(optimizer: &str, epochs: u64, amount_scale: f64) -> Self {
        Self {
            optimizer: optimizer.to_owned(),
            epochs: epochs.min(MOST_STEPS),
            steps: 0,
            steps_logit: None,
            steps_amount: None,
            amount_scale,
            logit: HeadState::default(),
            mu: HeadState::default(),
            raw_sigma: HeadState::default(),
            level_steps_logit: Vec::new(),
            level_steps_amount: Vec::new(),
        }
    }

    /// The averages of a head.
    pub(crate) fn head(&self, head: Head) -> &HeadState {
        match head {
            Head::Logit => &self.logit,
            Head::Mu => &self.mu,
            Head::RawSigma => &self.raw_sigma,
        }
    }

    /// The same, to be written to.
    pub(crate) fn head_mut(&mut self, head: Head) -> &mut HeadState {
        match head {
            Head::Logit => &mut self.logit,
            Head::Mu => &mut self.mu,
            Head::RawSigma => &mut self.raw_sigma,
        }
    }

    /// Steps behind a head.
    pub(crate) fn steps(&self, head: Head) -> u64 {
        let own = if head == Head::Logit { self.steps_logit } else { self.steps_amount };
        own.unwrap_or(self.steps)
    }

    /// Steps that updated each level, of a head.
    pub(crate) fn level_steps(&self, head: Head) -> &[u64] {
        if head == Head::Logit { &self.level_steps_logit } else { &self.level_steps_amount }
    }

    /// Sets the steps behind a head.
    pub(crate) fn set_steps(&mut self, head: Head, steps: u64, level_steps: &[u64]) {
        let steps = steps.min(MOST_STEPS);
        let (logit, amount) = if head == Head::Logit {
            (steps, self.steps(Head::Mu))
        } else {
            (self.steps(Head::Logit), steps)
        };
        self.steps = logit.max(amount);
        self.steps_logit = Some(logit).filter(|&steps| steps != self.steps);
        self.steps_amount = Some(amount).filter(|&steps| steps != self.steps);
        let levels = if head == Head::Logit {
            &mut self.level_steps_logit
        } else {
            &mut self.level_steps_amount
        };
        levels.clear();
        levels.extend(level_steps.iter().map(|&steps| steps.min(MOST_STEPS)));
    }

    /// All counts, of epochs and of steps.
    pub(super) fn counts(&self) -> impl Iterator<Item = u64> {
        let all = [self.epochs, self.steps].into_iter();
        let of_heads = self.steps_logit.into_iter().chain(self.steps_amount);
        let of_levels = self.level_steps_logit.iter().chain(&self.level_steps_amount);
        all.chain(of_heads).chain(of_levels.copied())
    }

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
