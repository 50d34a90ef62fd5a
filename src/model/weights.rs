//! The weights of a model's three linear heads.

use serde::{Deserialize, Serialize};

use super::between::{Between, HeadBetween};
use super::errors::{HeadErrors, StandardErrors};
use super::feature::{Encoding, Feature};
use super::range::Range;
use crate::family::Head;
use crate::math::norm_cdf;
use crate::record::{
    Entry, Field, FieldValue, Record, Sealed, fields, integer, number, text, values,
};

/// The weights of the three heads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Weights {
    /// The logit of the probability to pay.
    pub logit: HeadWeights,
    /// The mean of the logarithm of the amount.
    pub mu: HeadWeights,
    /// The raw spread of the logarithm of the amount, before softplus.
    pub raw_sigma: HeadWeights,
}

/// One linear head: `intercept + sum of weight * encoded feature`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HeadWeights {
    /// The value for a customer whose features all are at their training mean.
    pub intercept: f64,
    /// In the order of the features: one weight for a number (on the standardised scale), one a level for a
    /// category.
    pub weights: Vec<f64>,
}

impl HeadWeights {
    /// An intercept, and weights in the order of the features.
    pub fn new(intercept: f64, weights: Vec<f64>) -> Self {
        Self { intercept, weights }
    }
}

impl Weights {
    /// Of the three heads.
    pub fn new(logit: HeadWeights, mu: HeadWeights, raw_sigma: HeadWeights) -> Self {
        Self { logit, mu, raw_sigma }
    }

    /// The weights of one head.
    pub fn head(&self, head: Head) -> &HeadWeights {
        match head {
            Head::Logit => &self.logit,
            Head::Mu => &self.mu,
            Head::RawSigma => &self.raw_sigma,
        }
    }

    /// The coefficients as rows, for inspection: head by head, the intercept first.
    pub(super) fn rows(
        &self,
        features: &[Feature],
        errors: Option<&StandardErrors>,
        between: Option<&Between>,
    ) -> Vec<WeightRow> {
        let rows = |head: Head| {
            let mut rows = head_rows(head, self.head(head), features);
            if let Some(errors) = errors {
                set_errors(&mut rows, errors.head(head), features);
            }
            if let Some(between) = between {
                set_between(&mut rows, between.head(head), features);
            }
            rows
        };
        Head::ALL.into_iter().flat_map(rows).collect()
    }
}

fn head_rows(head: Head, weights: &HeadWeights, features: &[Feature]) -> Vec<WeightRow> {
    let intercept = weights.intercept;
    let row = |feature, level, weight, raw_weight, range| WeightRow {
        head: Some(head),
        feature,
        level,
        raw_weight: Some(raw_weight),
        range,
        ..WeightRow::new(weight)
    };
    let mut rows = vec![row(None, None, intercept, intercept, None)];
    let mut rest = weights.weights.iter().copied();
    for feature in features {
        let name = || Some(feature.name.clone());
        match &feature.encoding {
            Encoding::Numeric { mean, scale, range, payer_range } => {
                let weight = rest.next().unwrap_or(0.0);
                let raw_weight = weight / scale;
                if let Some(intercept) = rows.first_mut().and_then(|row| row.raw_weight.as_mut()) {
                    *intercept -= raw_weight * mean;
                }
                let range = if head == Head::Logit { range } else { payer_range };
                rows.push(row(name(), None, weight, raw_weight, *range));
            }
            Encoding::Categorical { levels, .. } => {
                for (level, weight) in levels.iter().zip(rest.by_ref()) {
                    rows.push(row(name(), level.clone(), weight, weight, None));
                }
            }
        }
    }
    rows
}

/// Writes the standard errors of a head, and what they say of its weights.
fn set_errors(rows: &mut [WeightRow], errors: &HeadErrors, features: &[Feature]) {
    let scales = features.iter().flat_map(|feature| {
        let scale = match &feature.encoding {
            Encoding::Numeric { scale, .. } => *scale,
            Encoding::Categorical { .. } => 1.0,
        };
        std::iter::repeat_n(scale, feature.encoding.width())
    });
    let of_weights = errors.weights.iter().zip(scales);
    let of_weights = of_weights.map(|(error, scale)| (*error, error.map(|error| error / scale)));
    let all = std::iter::once((errors.intercept, errors.raw_intercept)).chain(of_weights);
    for (row, (error, raw_error)) in rows.iter_mut().zip(all) {
        row.standard_error = error;
        row.raw_standard_error = raw_error.filter(|error| error.is_finite());
        row.z = error.map(|error| row.weight / error).filter(|z| z.is_finite());
        row.p_value = row.z.map(|z| 2.0 * norm_cdf(-z.abs()));
    }
}

/// Writes the variances between campaigns.
fn set_between(rows: &mut [WeightRow], between: &HeadBetween, features: &[Feature]) {
    let of_features = features.iter().zip(&between.features);
    let of_weights =
        of_features.flat_map(|(feature, v)| std::iter::repeat_n(*v, feature.encoding.width()));
    for (row, variance) in rows.iter_mut().zip(std::iter::once(between.intercept).chain(of_weights))
    {
        row.between = Some(variance);
    }
}

/// One coefficient of a model, or one weight of its network.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct WeightRow {
    /// The head it belongs to; `None` in the layers below.
    pub head: Option<Head>,
    /// The feature, or `None` for an intercept or where a layer takes units.
    pub feature: Option<String>,
    /// The level of a categorical feature; `None` for numbers, for intercepts and for the level NULL.
    pub level: Option<String>,
    /// The weight on the standardised scale: the change of the head a standard deviation of the feature.
    pub weight: f64,
    /// The weight on the raw scale: the change of the head a unit of the feature. The intercept's is the head's
    /// value where every number is 0. `None` in a network.
    pub raw_weight: Option<f64>,
    /// The range within which the head holds a number before it is multiplied by the weight.
    pub range: Option<Range>,
    /// The standard error of the weight, if the model has one.
    pub standard_error: Option<f64>,
    /// The standard error of the raw weight.
    pub raw_standard_error: Option<f64>,
    /// The weight in units of its standard error. That of the raw weight is the same but for the intercept's.
    pub z: Option<f64>,
    /// The probability of a z as far from 0 if the weight were 0, by the normal distribution.
    pub p_value: Option<f64>,
    /// The variance of the weight between campaigns, on the standardised scale, if the model is a prior.
    pub between: Option<f64>,
    /// The layer of the network: 0 for the vectors of levels, then the layers, the last of which are the heads. `None` for
    /// the coefficients of the linear heads.
    pub layer: Option<u64>,
    /// Which unit of the layer, counted from 0, or which number of the vector; `None` for heads.
    pub unit: Option<u64>,
    /// Which of the layer's inputs, counted from 0; `None` for a bias.
    pub input: Option<u64>,
}

impl WeightRow {
    /// A weight of which nothing else is known.
    pub(super) fn new(weight: f64) -> Self {
        Self {
            head: None,
            feature: None,
            level: None,
            weight,
            raw_weight: None,
            range: None,
            standard_error: None,
            raw_standard_error: None,
            z: None,
            p_value: None,
            between: None,
            layer: None,
            unit: None,
            input: None,
        }
    }
}

impl Sealed for WeightRow {}

impl Record for WeightRow {
    const FIELDS: &'static [Field] = &fields(&ENTRIES);

    fn into_values(self) -> Vec<FieldValue> {
        values(&ENTRIES, &self)
    }
}

/// The fields of the record, and how their values are got.
const ENTRIES: [Entry<WeightRow>; 15] = [
    text("head", "the head: logit, mu or raw_sigma; NULL in hidden layers", |row| {
        row.head.map(Head::name)
    }),
    text(
        "feature",
        "the feature; NULL for intercepts, and in a network where a layer takes units",
        |row| row.feature.as_deref(),
    ),
    text(
        "level",
        "the level of a categorical feature; NULL for numbers and for the level NULL",
        |row| row.level.as_deref(),
    ),
    number("weight", "the weight on the standardised scale", |row| Some(row.weight)),
    number(
        "raw_weight",
        "the weight on the scale of the feature itself; NULL in a network",
        |row| row.raw_weight,
    ),
    number(
        "least",
        "the head holds the number at or above this; NULL for levels and intercepts",
        |row| row.range.map(|range| range.least),
    ),
    number(
        "most",
        "the head holds the number at or below this; NULL for levels and intercepts",
        |row| row.range.map(|range| range.most),
    ),
    number(
        "standard_error",
        "the standard error of the weight; NULL if the model has none",
        |row| row.standard_error,
    ),
    number("raw_standard_error", "the standard error of raw_weight", |row| row.raw_standard_error),
    number("z", "weight / standard_error", |row| row.z),
    number("p_value", "the probability of a z as far from 0 if the weight were 0", |row| {
        row.p_value
    }),
    number(
        "between",
        "the variance of the weight between campaigns; NULL if the model is no prior",
        |row| row.between,
    ),
    integer(
        "layer",
        "the layer of the network: 0 for the vectors of levels, then the layers, last the heads; NULL for the linear heads",
        |row| row.layer,
    ),
    integer(
        "unit",
        "the unit of the layer, or the number of the vector, counted from 0; NULL for heads",
        |row| row.unit,
    ),
    integer("input", "the input of the layer, counted from 0; NULL for a bias", |row| row.input),
];
