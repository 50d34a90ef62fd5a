//! A feature of a model: its name and how its values become numbers.

use serde::{Deserialize, Serialize};

use super::range::Range;
use super::standardizer::Standardizer;

/// A feature of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Feature {
    /// The name that prediction matches by.
    pub name: String,
    /// How its values become numbers.
    pub encoding: Encoding,
    /// What a numeric feature is measured in, if that is known: of a date the days since 1970-01-01.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
}

/// What a numeric feature is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Unit {
    /// Days since 1970-01-01; of a time the fraction of the day, in UTC.
    #[serde(rename = "days since 1970-01-01")]
    Days,
}

/// How the values of a feature become numbers; learnt in training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// A number `x` becomes `(x - mean) / scale`, once it is held within a range; a missing one (NULL, NaN, infinite)
    /// becomes 0, as the mean does.
    Numeric {
        /// The weighted mean of the training rows in which the feature is not missing.
        mean: f64,
        /// Their weighted standard deviation, or 1 for a feature that never varied. Greater than 0.
        scale: f64,
        /// The range within which the logit head holds the number: that of the training rows, without values absurdly
        /// far from the rest. `None` in a text that was written before there were ranges: the number is not held.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        range: Option<Range>,
        /// The range within which the heads of the amount hold it: that of the payers among the training rows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payer_range: Option<Range>,
    },
    /// A category becomes 1 for its level and 0 for all others.
    Categorical {
        /// The levels that have weights: NULL (`None`) first, then by their bytes.
        levels: Vec<Option<String>>,
        /// The training rows of each level.
        rows: Vec<u64>,
    },
}

impl Feature {
    /// A feature of that name.
    pub fn new(name: impl Into<String>, encoding: Encoding) -> Self {
        Self { name: name.into(), encoding, unit: None }
    }
}

impl Encoding {
    /// How many weights a head has for the feature.
    pub fn width(&self) -> usize {
        match self {
            Self::Numeric { .. } => 1,
            Self::Categorical { levels, .. } => levels.len(),
        }
    }

    /// Where the heads of the amount hold the packed number: at the ends of its range among the payers. `None` for a
    /// category.
    pub(crate) fn payer_ends(&self) -> Option<[f32; 2]> {
        match *self {
            Self::Numeric { mean, scale, payer_range: Some(Range { least, most }), .. } => {
                let standard = Standardizer::new(mean, scale);
                Some([least, most].map(|end| standard.end(end)))
            }
            Self::Numeric { payer_range: None, .. } => Some([f32::NEG_INFINITY, f32::INFINITY]),
            Self::Categorical { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(mean: f64, scale: f64, payer_range: Option<Range>) -> Encoding {
        Encoding::Numeric { mean, scale, range: None, payer_range }
    }

    #[test]
    fn a_number_is_held_where_payers_are() {
        let payers = Some(Range { least: 1.0, most: 7.0 });
        assert_eq!(number(3.0, 2.0, payers).payer_ends(), Some([-1.0, 2.0]));
        let free = Some([f32::NEG_INFINITY, f32::INFINITY]);
        assert_eq!(number(3.0, 2.0, None).payer_ends(), free);
        let category = Encoding::Categorical { levels: vec![None], rows: vec![1] };
        assert_eq!(category.payer_ends(), None);
    }

    /// What is beyond single precision is far from the mean, and not at it.
    #[test]
    fn ends_beyond_all_packed_numbers_hold_none() {
        let far = Some(Range { least: -1e300, most: 1e300 });
        assert_eq!(number(0.0, 1e-250, far).payer_ends(), Some([-1e15, 1e15]));
    }
}
