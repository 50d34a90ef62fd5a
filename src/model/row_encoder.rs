//! The features of single rows as numbers, feature by feature.

use std::collections::HashMap;

use super::document::Model;
use super::feature::Encoding;
use super::huge::unit_of_scale;
use super::input::FeatureInput;
use super::range::Range;
use super::terms::NumberTerms;

/// A feature of a row, encoded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Encoded {
    /// A standardised number: as the logit head holds it, and as the heads of the amount do.
    Number([f64; 2]),
    /// The level's index among those that have weights.
    Level(Option<usize>),
}

/// How the features of a model become numbers.
#[derive(Debug, Clone)]
pub(super) struct RowEncoder {
    features: Vec<FeatureEncoder>,
}

#[derive(Debug, Clone)]
enum FeatureEncoder {
    /// Terms of the weight 1, and the unit that they are in.
    Number(NumberTerms, f64),
    Category(HashMap<Option<Box<str>>, usize>),
}

impl RowEncoder {
    pub(super) fn new(model: &Model) -> Self {
        let encoder = |encoding: &Encoding| match encoding {
            Encoding::Numeric { mean, scale, range, payer_range } => {
                let unit = unit_of_scale(*scale);
                let ranges =
                    [range, payer_range].map(|range| range.unwrap_or(Range::ALL).times(unit));
                let terms = NumberTerms::new(mean * unit, scale * unit, ranges, [1.0, 1.0, 0.0]);
                FeatureEncoder::Number(terms, unit)
            }
            Encoding::Categorical { levels, .. } => {
                let names = levels.iter().map(|level| level.as_deref().map(Box::from));
                FeatureEncoder::Category(names.zip(0..).collect())
            }
        };
        let features = model.features().iter().map(|feature| encoder(&feature.encoding));
        Self { features: features.collect() }
    }

    /// The features of a row; `columns` are those of the model's features, and of the kinds it needs.
    pub(super) fn encode(&self, columns: &[FeatureInput<'_>], row: usize) -> Vec<Encoded> {
        let features = self.features.iter().zip(columns);
        features.map(|(encoder, column)| encoder.encode(column, row)).collect()
    }

    /// The average customer: every number at its mean. A category has no average level.
    pub(super) fn average(&self) -> Vec<Encoded> {
        let average = |encoder: &FeatureEncoder| match encoder {
            FeatureEncoder::Number(terms, _) => Encoded::Number(number(*terms, f64::NAN)),
            FeatureEncoder::Category(_) => Encoded::Level(None),
        };
        self.features.iter().map(average).collect()
    }
}

impl FeatureEncoder {
    fn encode(&self, column: &FeatureInput<'_>, row: usize) -> Encoded {
        match self {
            Self::Number(terms, unit) => {
                let value = column.numbers(1).rows(row, 1).first().copied().unwrap_or(f64::NAN);
                Encoded::Number(number(*terms, value * unit))
            }
            Self::Category(indices) => {
                let (codes, levels) = column.codes();
                let code = codes.get(row).and_then(|code| levels.get(*code as usize));
                let index = code.and_then(|level| indices.get(&level.map(Box::from)));
                Encoded::Level(index.copied())
            }
        }
    }
}

fn number(terms: NumberTerms, value: f64) -> [f64; 2] {
    let [of_logit, of_amount, _] = terms.add([0.0; 3], value);
    [of_logit, of_amount]
}
