//! How sure a model is of its weights.

use serde::{Deserialize, Serialize};

use crate::family::Head;

/// What standard errors take for true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The model: the errors are those of the second derivatives of the objective.
    Model,
    /// Nothing but that the rows are independent: the sandwich of White (1980), HC0.
    Robust,
}

impl ErrorKind {
    const ALL: [Self; 2] = [Self::Model, Self::Robust];

    /// The kind's name in the options and in the model's text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Robust => "robust",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The standard errors of the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StandardErrors {
    /// What they take for true.
    pub kind: ErrorKind,
    /// Of the logit head.
    pub logit: HeadErrors,
    /// Of the mu head.
    pub mu: HeadErrors,
    /// Of the raw sigma head.
    pub raw_sigma: HeadErrors,
    /// The covariances of the weights, with option `covariance`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covariance: Option<Covariance>,
}

/// The standard errors of one head's weights; `None` where there is none: a column that others explain, or heads that were
/// changed after the fit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HeadErrors {
    /// Of the intercept.
    pub intercept: Option<f64>,
    /// Of the intercept on the scale of the features: of the head where every number is 0.
    pub raw_intercept: Option<f64>,
    /// Of the weights, in their order.
    pub weights: Vec<Option<f64>>,
}

/// The covariances of the weights: the lower triangles of two matrices, row by row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Covariance {
    /// Of the logit head: the intercept, then the weights in their order.
    pub logit: Vec<f64>,
    /// Of the mu head and, behind it, of the raw sigma head.
    pub amount: Vec<f64>,
}

impl StandardErrors {
    /// Those of one head.
    pub fn head(&self, head: Head) -> &HeadErrors {
        match head {
            Head::Logit => &self.logit,
            Head::Mu => &self.mu,
            Head::RawSigma => &self.raw_sigma,
        }
    }

    /// Whether they belong to heads of so many weights, and are numbers that errors can be.
    pub(super) fn fit(&self, width: usize) -> bool {
        let is_error = |error: &Option<f64>| error.is_none_or(|e| e.is_finite() && e >= 0.0);
        let heads = Head::ALL.map(|head| self.head(head));
        let heads_fit = heads.iter().all(|head| {
            head.weights.len() == width
                && head.weights.iter().chain([&head.intercept, &head.raw_intercept]).all(is_error)
        });
        heads_fit && self.covariance.as_ref().is_none_or(|covariance| covariance.fit(width))
    }
}

impl Covariance {
    fn fit(&self, width: usize) -> bool {
        let columns = width.saturating_add(1);
        [(&self.logit, columns), (&self.amount, columns.saturating_mul(2))].iter().all(
            |(values, columns)| {
                values.len() == triangle(*columns) && values.iter().all(|value| value.is_finite())
            },
        )
    }
}

/// How many values a lower triangle has.
pub(super) fn triangle(columns: usize) -> usize {
    columns.saturating_mul(columns.saturating_add(1)) / 2
}
