//! Why a model predicts what it does for a customer.

use super::document::Model;
use super::feature::Encoding;
use super::input::FeatureInput;
use super::network_explainer::NetworkExplainer;
use super::range::Range;
use super::row_encoder::{Encoded, RowEncoder};
use super::scorer::{Scorer, cap_sigma};
use crate::Result;
use crate::family::Head;
use crate::math::{expected_ltv_row, ln, sigma_from_raw};
use crate::record::{Entry, Field, FieldValue, Record, Sealed, fields, number, text, values};

/// What one feature of a customer adds to the heads, beside the average customer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Contribution {
    /// The feature.
    pub feature: String,
    /// To the logit of the probability to pay.
    pub logit: f64,
    /// To the mean of the logarithm of the amount.
    pub mu: f64,
    /// To the raw spread of the logarithm of the amount.
    pub raw_sigma: f64,
    /// The customer's expected lifetime value over what it would be without what the feature adds.
    pub ltv_ratio: f64,
}

/// A model made ready to explain its predictions.
///
/// With the heads of the average customer the contributions sum to those of the customer, before mu and sigma are held
/// within their bounds. The average customer has every number at its mean, and of a category the average weight of the
/// training rows' levels.
///
/// Those of the linear heads are exact. To them come, of a model with a network, its integrated gradients (Sundararajan, Taly
/// and Yan 2017): what a feature adds on the straight way from the average customer, whose vectors of levels are the average
/// of the training rows', to this one. What two features add only together is divided between them.
#[derive(Debug, Clone)]
pub struct Explainer {
    scorer: Scorer,
    encoder: RowEncoder,
    features: Vec<FeatureWeights>,
    average: [f64; 3],
    mu_range: Range,
    max_sigma: f64,
    network: Option<NetworkExplainer>,
}

#[derive(Debug, Clone)]
struct FeatureWeights {
    name: String,
    /// Of a number, or of each level.
    weights: Vec<[f64; 3]>,
    /// What the average customer has.
    average: [f64; 3],
}

impl Explainer {
    /// Makes a model ready.
    pub fn new(model: &Model) -> Self {
        let scorer = Scorer::new(model);
        let encoder = RowEncoder::new(model);
        let heads = Head::ALL.map(|head| model.head_weights().head(head));
        let mut index = 0;
        let averages = encoder.average();
        let features = model.features().iter().zip(averages).map(|(feature, average)| {
            let width = feature.encoding.width();
            let of = |index: usize| heads.map(|h| h.weights.get(index).copied().unwrap_or(0.0));
            let weights: Vec<[f64; 3]> = (index..index + width).map(of).collect();
            index += width;
            let average = match &feature.encoding {
                Encoding::Numeric { .. } => added(&weights, average),
                Encoding::Categorical { rows, .. } => {
                    average_level(&weights, rows, training_rows(model))
                }
            };
            FeatureWeights { name: feature.name.clone(), weights, average }
        });
        let features: Vec<FeatureWeights> = features.collect();
        let mut average = heads.map(|head| head.intercept);
        let all_rows = training_rows(model);
        let network = model.network();
        let network = network.map(|of| NetworkExplainer::new(of, model.features(), all_rows));
        if let Some(added) = network.as_ref().map(NetworkExplainer::of_average) {
            average.iter_mut().zip(added).for_each(|(sum, value)| *sum += value);
        }
        for feature in &features {
            average.iter_mut().zip(feature.average).for_each(|(sum, value)| *sum += value);
        }
        Self {
            scorer,
            encoder,
            features,
            average,
            mu_range: model.mu_range().unwrap_or(Range::ALL),
            max_sigma: model.max_sigma(),
            network,
        }
    }

    /// For each feature of the model the position of the column of that name.
    ///
    /// # Errors
    /// [`Error::Feature`](crate::Error::Feature) if a feature is missing.
    pub fn match_features<N: AsRef<str>>(&self, names: &[N]) -> Result<Vec<usize>> {
        self.scorer.match_features(names)
    }

    /// Logit, mu and raw sigma of the average customer.
    pub fn average(&self) -> [f64; 3] {
        self.average
    }

    /// What each feature of a row adds, the greatest effect on the expected lifetime value first.
    ///
    /// `columns` stand in the order of the model's features (see [`Explainer::match_features`]).
    ///
    /// # Errors
    /// [`Error::Feature`](crate::Error::Feature) if a column is missing, too short, or numbers came for categories or the
    /// reverse.
    pub fn explain(&self, columns: &[FeatureInput<'_>], row: usize) -> Result<Vec<Contribution>> {
        self.scorer.check(columns, row + 1)?;
        let encoded = self.encoder.encode(columns, row);
        let beside = self.features.iter().zip(&encoded).map(|(feature, encoded)| {
            let mut added = added(&feature.weights, *encoded);
            added.iter_mut().zip(feature.average).for_each(|(value, average)| *value -= average);
            added
        });
        let mut beside: Vec<[f64; 3]> = beside.collect();
        let of_network = self.network.as_ref().map(|network| network.added(columns, row));
        for (sums, added) in beside.iter_mut().zip(of_network.into_iter().flatten()) {
            sums.iter_mut().zip(added).for_each(|(sum, value)| *sum += value);
        }
        let mut heads = self.average;
        for added in &beside {
            heads.iter_mut().zip(added).for_each(|(head, value)| *head += value);
        }
        let ltv = self.expected_ltv(heads);
        let all = self.features.iter().zip(beside).map(|(feature, added)| {
            let mut without = heads;
            without.iter_mut().zip(added).for_each(|(head, value)| *head -= value);
            let [logit, mu, raw_sigma] = added;
            let ltv_ratio = ltv / self.expected_ltv(without);
            Contribution { feature: feature.name.clone(), logit, mu, raw_sigma, ltv_ratio }
        });
        let mut all: Vec<Contribution> = all.collect();
        let size = |contribution: &Contribution| ln(contribution.ltv_ratio).abs();
        all.sort_by(|a, b| size(b).total_cmp(&size(a)));
        Ok(all)
    }

    fn expected_ltv(&self, [logit, mu, raw_sigma]: [f64; 3]) -> f64 {
        let sigma = cap_sigma(sigma_from_raw(raw_sigma), self.max_sigma);
        expected_ltv_row(logit, self.mu_range.hold(mu), sigma)
    }
}

/// What an encoded feature adds to the heads.
fn added(weights: &[[f64; 3]], encoded: Encoded) -> [f64; 3] {
    match encoded {
        Encoded::Number([of_logit, of_amount]) => {
            let [a, b, c] = weights.first().copied().unwrap_or_default();
            [a * of_logit, b * of_amount, c * of_amount]
        }
        Encoded::Level(level) => {
            level.and_then(|level| weights.get(level)).copied().unwrap_or_default()
        }
    }
}

/// The rows that the linear heads were trained on: a network alone may have held some out.
fn training_rows(model: &Model) -> u64 {
    let training = model.training();
    let held_out =
        if model.options().validation_fraction > 0.0 { training.validation_rows } else { 0 };
    training.rows.saturating_sub(held_out)
}

/// The average of what the levels of the training rows add; a level without weights adds nothing.
fn average_level(weights: &[[f64; 3]], rows: &[u64], all_rows: u64) -> [f64; 3] {
    let known: u64 = rows.iter().fold(0, |sum, rows| sum.saturating_add(*rows));
    let all = known.max(all_rows);
    let mut average = [0.0; 3];
    for (weights, rows) in weights.iter().zip(rows) {
        let share = *rows as f64 / all.max(1) as f64;
        average.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += share * weight);
    }
    average
}

impl Sealed for Contribution {}

impl Record for Contribution {
    const FIELDS: &'static [Field] = &fields(&ENTRIES);

    fn into_values(self) -> Vec<FieldValue> {
        values(&ENTRIES, &self)
    }
}

/// The fields of the record, and how their values are got.
const ENTRIES: [Entry<Contribution>; 5] = [
    text("feature", "the feature", |contribution| Some(&contribution.feature)),
    number("logit", "what it adds to the logit, beside the average customer", |contribution| {
        Some(contribution.logit)
    }),
    number("mu", "what it adds to mu, beside the average customer", |contribution| {
        Some(contribution.mu)
    }),
    number("raw_sigma", "what it adds to raw sigma, beside the average customer", |contribution| {
        Some(contribution.raw_sigma)
    }),
    number(
        "ltv_ratio",
        "expected lifetime value over what it would be without what the feature adds",
        |contribution| Some(contribution.ltv_ratio),
    ),
];
