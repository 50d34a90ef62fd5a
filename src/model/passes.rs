//! Where a training by passes over the rows stands.

use serde::{Deserialize, Serialize};

use super::range::Range;
use super::state::MOST_STEPS;
use super::training::L2;
use crate::family::SigmaPrior;

/// What training by passes goes on from: the constants of its objective, and the state of its solver.
///
/// The weights of a head stand in the order intercept, numbers, levels, the features in theirs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Passes {
    /// Passes over all rows so far.
    pub count: u64,
    /// The penalty of each head, in the units of the weighted mean loss over all rows.
    pub l2: L2,
    /// The prior of sigma, in the same units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma_prior: Option<SigmaPrior>,
    /// What the weights of rows are measured in: their mean over the sample.
    pub weight_unit: f64,
    /// How many observations a row of that weight stands for.
    pub repeats: f64,
    /// What mu is measured in for the norm of the gradient: the spread of ln(label) in the sample.
    pub mu_unit: f64,
    /// Of each numeric feature the range within which the logit head holds it in training; `None` for a category.
    pub ranges: Vec<Option<Range>>,
    /// Whether the model keeps the covariances of its weights.
    #[serde(default)]
    pub covariance: bool,
    /// What keeps the total of the predictions credible, if anything had to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shrunk: Option<Shrunk>,
    /// The term about paying.
    pub paying: PassPart,
    /// The term about the payers' amounts: mu, then raw sigma.
    pub amount: PassPart,
}

/// What the weights of mu and raw sigma are multiplied by, around the average payer, when a model is made of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shrunk {
    /// The factor.
    pub factor: f64,
    /// The mean of each weight's feature over the payers.
    pub payer_means: Vec<f64>,
    /// The intercepts of mu and raw sigma that stand alone where the factor is 0.
    pub intercepts: [f64; 2],
}

/// Where the solver of a term of the loss stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PassPart {
    /// Whether there is more to do.
    pub status: PassStatus,
    /// The weights that the last accepted pass was at, head after head; before there was one, those without features.
    pub values: Vec<f64>,
    /// Where the next pass goes from there; empty if it stays.
    pub direction: Vec<f64>,
    /// How far along the direction.
    pub step: f64,
    /// The slope of the objective along the direction.
    pub slope: f64,
    /// The gradient at `values`; empty where the pass sums the second derivatives by all pairs of columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gradient: Vec<f64>,
    /// The last accepted steps, the oldest first; empty where there are second derivatives by all pairs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub memory: Vec<PassPair>,
    /// The weights that stay as they are, because other columns explain theirs: their indices in `values`.
    pub left_out: Vec<usize>,
    /// The objective at `values`, of the last accepted pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<f64>,
    /// The norm of the gradient there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm: Option<f64>,
    /// The mean loss there, over the rows that the term is about, with sigma within its bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
}

/// A step of a solver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PassPair {
    /// The change of the weights.
    pub step: Vec<f32>,
    /// That of the gradient.
    pub change: Vec<f32>,
}

/// Whether the solver of a term has more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "snake_case")]
pub enum PassStatus {
    /// The next pass goes on.
    Open,
    /// The gradient came to 0, within the tolerance.
    Converged,
    /// No step made the objective less.
    Stuck,
}

impl Passes {
    /// Whether the lengths are those of a model with so many features and weights a head, all numbers are finite and so
    /// many passes can be.
    pub(super) fn fit(&self, features: usize, weights: usize) -> bool {
        let units = [self.weight_unit, self.repeats, self.mu_unit];
        let l2 = [self.l2.logit, self.l2.mu, self.l2.raw_sigma];
        let shrunk = self.shrunk.as_ref().is_none_or(|shrunk| shrunk.fit(weights));
        self.count <= MOST_STEPS
            && units.iter().all(|unit| unit.is_finite() && *unit > 0.0)
            && l2.iter().all(|l2| l2.is_finite() && *l2 >= 0.0)
            && self.sigma_prior.is_none_or(|p| p.weight.is_finite() && p.spread.is_finite())
            && self.ranges.len() == features
            && self.ranges.iter().flatten().all(|range| range.least <= range.most)
            && shrunk
            && self.paying.fit(1 + weights)
            && self.amount.fit(2 * (1 + weights))
    }
}

impl Shrunk {
    fn fit(&self, weights: usize) -> bool {
        let Self { factor, payer_means, intercepts } = self;
        let numbers = payer_means.iter().chain(intercepts).chain([factor]);
        payer_means.len() == weights && numbers.into_iter().all(|number| number.is_finite())
    }
}

impl PassPair {
    fn fit(&self, width: usize) -> bool {
        let Self { step, change } = self;
        [step, change].iter().all(|all| all.len() == width && all.iter().all(|x| x.is_finite()))
    }
}

impl PassPart {
    fn fit(&self, width: usize) -> bool {
        let numbers = self.values.iter().chain(&self.direction).chain([&self.step, &self.slope]);
        let numbers = numbers.chain(&self.objective).chain(&self.norm).chain(&self.loss);
        let numbers = numbers.chain(&self.gradient);
        self.values.len() == width
            && [&self.direction, &self.gradient].iter().all(|all| [0, width].contains(&all.len()))
            && self.memory.iter().all(|pair| pair.fit(width))
            && self.left_out.iter().all(|index| *index < width)
            && numbers.into_iter().all(|number| number.is_finite())
    }
}
