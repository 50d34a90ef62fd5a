//! How much the heads of campaigns differ.

use serde::{Deserialize, Serialize};

use crate::family::Head;

/// The variance between campaigns of each head and weight: what makes a model a prior.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Between {
    /// The campaigns that it was learnt from.
    pub campaigns: u64,
    /// Of the logit head.
    pub logit: HeadBetween,
    /// Of the mu head.
    pub mu: HeadBetween,
    /// Of the raw sigma head.
    pub raw_sigma: HeadBetween,
}

/// The variances of one head.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HeadBetween {
    /// Of the intercept.
    pub intercept: f64,
    /// Of each feature's weight, on the standardised scale; for a category that of each level's, new levels included.
    pub features: Vec<f64>,
}

impl Between {
    /// The variances of one head.
    pub fn head(&self, head: Head) -> &HeadBetween {
        match head {
            Head::Logit => &self.logit,
            Head::Mu => &self.mu,
            Head::RawSigma => &self.raw_sigma,
        }
    }

    /// Whether they belong to so many features, and are numbers that variances can be.
    pub(super) fn fit(&self, features: usize) -> bool {
        let is_variance = |variance: &f64| variance.is_finite() && *variance >= 0.0;
        Head::ALL.map(|head| self.head(head)).iter().all(|head| {
            head.features.len() == features
                && head.features.iter().chain([&head.intercept]).all(is_variance)
        })
    }
}
