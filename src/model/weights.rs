//! The weights of a model's three linear heads.

use serde::{Deserialize, Serialize};

use super::feature::{Encoding, Feature};
use super::range::Range;
use crate::family::Head;
use crate::record::{Field, FieldType, FieldValue, Record};

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

impl Weights {
    /// The weights of one head.
    pub fn head(&self, head: Head) -> &HeadWeights {
        match head {
            Head::Logit => &self.logit,
            Head::Mu => &self.mu,
            Head::RawSigma => &self.raw_sigma,
        }
    }

    /// The coefficients as rows, for inspection: head by head, the intercept first.
    pub(super) fn rows(&self, features: &[Feature]) -> Vec<WeightRow> {
        Head::ALL.iter().flat_map(|&head| head_rows(head, self.head(head), features)).collect()
    }
}

fn head_rows(head: Head, weights: &HeadWeights, features: &[Feature]) -> Vec<WeightRow> {
    let intercept = weights.intercept;
    let mut rows = vec![WeightRow {
        head,
        feature: None,
        level: None,
        weight: intercept,
        raw_weight: intercept,
        range: None,
    }];
    let mut rest = weights.weights.iter().copied();
    for feature in features {
        let row = |level, weight, raw_weight, range| WeightRow {
            head,
            feature: Some(feature.name.clone()),
            level,
            weight,
            raw_weight,
            range,
        };
        match &feature.encoding {
            Encoding::Numeric { mean, scale, range, payer_range } => {
                let weight = rest.next().unwrap_or(0.0);
                let raw_weight = weight / scale;
                if let Some(intercept) = rows.first_mut() {
                    intercept.raw_weight -= raw_weight * mean;
                }
                let range = if head == Head::Logit { range } else { payer_range };
                rows.push(row(None, weight, raw_weight, *range));
            }
            Encoding::Categorical { levels, .. } => {
                for (level, weight) in levels.iter().zip(rest.by_ref()) {
                    rows.push(row(level.clone(), weight, weight, None));
                }
            }
        }
    }
    rows
}

/// One coefficient of a model.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct WeightRow {
    /// The head it belongs to.
    pub head: Head,
    /// The feature, or `None` for the intercept.
    pub feature: Option<String>,
    /// The level of a categorical feature; `None` for numbers, for intercepts and for the level NULL.
    pub level: Option<String>,
    /// The weight on the standardised scale: the change of the head a standard deviation of the feature.
    pub weight: f64,
    /// The weight on the raw scale: the change of the head a unit of the feature. The intercept's is the head's
    /// value where every number is 0.
    pub raw_weight: f64,
    /// The range within which the head holds a number before it is multiplied by the weight.
    pub range: Option<Range>,
}

impl Record for WeightRow {
    const FIELDS: &'static [Field] = &[
        Field {
            name: "head",
            field_type: FieldType::Text,
            description: "the head: logit, mu or raw_sigma",
        },
        Field {
            name: "feature",
            field_type: FieldType::Text,
            description: "the feature; NULL for the intercept",
        },
        Field {
            name: "level",
            field_type: FieldType::Text,
            description: "the level of a categorical feature; NULL for numbers and for the level NULL",
        },
        Field {
            name: "weight",
            field_type: FieldType::Number,
            description: "the weight on the standardised scale",
        },
        Field {
            name: "raw_weight",
            field_type: FieldType::Number,
            description: "the weight on the scale of the feature itself",
        },
        Field {
            name: "least",
            field_type: FieldType::Number,
            description: "the head holds the number at or above this; NULL for levels and intercepts",
        },
        Field {
            name: "most",
            field_type: FieldType::Number,
            description: "the head holds the number at or below this; NULL for levels and intercepts",
        },
    ];

    fn into_values(self) -> Vec<FieldValue> {
        vec![
            FieldValue::Text(Some(self.head.name().to_owned())),
            FieldValue::Text(self.feature),
            FieldValue::Text(self.level),
            FieldValue::Number(Some(self.weight)),
            FieldValue::Number(Some(self.raw_weight)),
            FieldValue::Number(self.range.map(|range| range.least)),
            FieldValue::Number(self.range.map(|range| range.most)),
        ]
    }
}
