//! Prediction with one model, on columns.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::columns::{FeatureColumns, ROWS};
use super::document::Model;
use super::feature::{Encoding, Unit};
use super::huge::{HUGE_SCALE, HUGE_UNIT};
use super::input::{FeatureInput, InputKind};
use super::network_scorer::NetworkScorer;
use super::range::Range;
use super::terms::{LevelTerms, NumberTerms, OtherTerms};
use crate::error::quoted;
use crate::math::{dispatch, sigmas_from_raw};
use crate::{Error, Result};

/// A model made ready for prediction.
///
/// A prediction never fails on a value: a missing, NaN or infinite number counts as the training mean, a level
/// that has no weights adds nothing.
#[derive(Debug, Clone)]
pub struct Scorer {
    pub(super) intercept: [f64; 3],
    /// What the numbers add, in the order of the features. They are added first.
    pub(super) numbers: Vec<NumberTerms>,
    /// What the other features add, in their order.
    pub(super) others: Vec<OtherTerms>,
    /// The range within which mu is held.
    pub(super) mu_range: Range,
    pub(super) max_sigma: f64,
    pub(super) kinds: Vec<InputKind>,
    /// Which features were dates in training.
    pub(super) dates: Vec<bool>,
    names: Vec<String>,
    /// What a network adds.
    network: Option<NetworkScorer>,
}

/// Where the predicted parameters go, all three of one length.
#[derive(Debug)]
pub struct ParamsOut<'a> {
    /// The logit of the probability to pay.
    pub logit: &'a mut [f64],
    /// The mean of the logarithm of the amount.
    pub mu: &'a mut [f64],
    /// The standard deviation of the logarithm of the amount, floored and capped by the model's `max_sigma`.
    pub sigma: &'a mut [f64],
}

impl ParamsOut<'_> {
    /// How many rows there is room for.
    pub(super) fn rows(&self) -> usize {
        self.logit.len().min(self.mu.len()).min(self.sigma.len())
    }
}

impl Scorer {
    /// About how many bytes its network takes.
    #[cfg(any(feature = "datafusion", feature = "polars"))]
    pub(crate) fn network_bytes(&self) -> usize {
        self.network.as_ref().map_or(0, NetworkScorer::bytes)
    }

    /// Makes a model ready for prediction.
    pub fn new(model: &Model) -> Self {
        let weights = model.head_weights();
        let heads = [&weights.logit, &weights.mu, &weights.raw_sigma];
        let weight =
            |index: usize| heads.map(|head| head.weights.get(index).copied().unwrap_or(0.0));
        let mut scorer = Self {
            intercept: heads.map(|head| head.intercept),
            numbers: Vec::new(),
            others: Vec::new(),
            mu_range: model.mu_range().unwrap_or(Range::ALL),
            max_sigma: model.max_sigma(),
            kinds: Vec::new(),
            dates: model
                .features()
                .iter()
                .map(|feature| feature.unit == Some(Unit::Days))
                .collect(),
            names: model.features().iter().map(|feature| feature.name.clone()).collect(),
            network: model.network().map(|network| NetworkScorer::new(network, model.features())),
        };
        let mut index = 0;
        for feature in model.features() {
            scorer.push(&feature.encoding, (index..).map(weight));
            index += feature.encoding.width();
        }
        scorer
    }

    /// Adds a feature and its weights on the standardised scale: one for a number, one a level.
    fn push(&mut self, encoding: &Encoding, mut weights: impl Iterator<Item = [f64; 3]>) {
        let kind = match encoding {
            Encoding::Categorical { levels, .. } => {
                self.others.push(OtherTerms::Levels(LevelTerms::new(levels, weights)));
                InputKind::Category
            }
            Encoding::Numeric { mean, scale, range, payer_range } => {
                let weights = weights.next().unwrap_or_default();
                let ranges = [range, payer_range].map(|range| range.unwrap_or(Range::ALL));
                if *scale < HUGE_SCALE {
                    self.numbers.push(NumberTerms::new(*mean, *scale, ranges, weights));
                    InputKind::Number
                } else {
                    let ranges = ranges.map(|range| range.times(HUGE_UNIT));
                    let (mean, scale) = (mean * HUGE_UNIT, scale * HUGE_UNIT);
                    let terms = NumberTerms::new(mean, scale, ranges, weights);
                    self.others.push(OtherTerms::Huge(terms));
                    InputKind::Huge
                }
            }
        };
        self.kinds.push(kind);
    }

    /// For each feature of the model the position of the column of that name.
    ///
    /// # Errors
    /// [`Error::Feature`] if a feature is missing.
    pub fn match_features<N: AsRef<str>>(&self, names: &[N]) -> Result<Vec<usize>> {
        let positions: HashMap<&str, usize, RandomState> =
            // The first of a name counts, as it comes last.
            names.iter().enumerate().rev().map(|(index, name)| (name.as_ref(), index)).collect();
        let position = |needed: &String| {
            positions.get(needed.as_str()).copied().ok_or_else(|| {
                let problem = format!(
                    "the model needs a feature `{}`, and the features given are: {}",
                    quoted(needed),
                    listed(names)
                );
                Error::Feature { problem }
            })
        };
        self.names.iter().map(position).collect()
    }

    /// Whether the model has a network.
    pub(super) fn has_network(&self) -> bool {
        self.network.is_some()
    }

    /// How many features the model has.
    pub fn feature_count(&self) -> usize {
        self.names.len()
    }

    /// What belongs to the model's features, apart: that of the numbers, and that of the others.
    pub(super) fn split<T: Copy>(&self, of_features: &[T]) -> (Vec<T>, Vec<T>) {
        let is_number = |feature: &usize| self.kinds.get(*feature) == Some(&InputKind::Number);
        let (numbers, others): (Vec<usize>, Vec<usize>) =
            (0..of_features.len()).partition(is_number);
        let take =
            |indices: Vec<usize>| indices.into_iter().map(|index| of_features[index]).collect();
        (take(numbers), take(others))
    }

    /// Predicts the parameters of every row.
    ///
    /// `columns` stand in the order of the model's features (see [`Scorer::match_features`]).
    ///
    /// # Errors
    /// [`Error::Feature`] if a column is missing, too short, or numbers came for categories or the reverse.
    pub fn predict(&self, columns: &[FeatureInput<'_>], out: ParamsOut<'_>) -> Result<()> {
        let rows = out.rows();
        self.check(columns, rows)?;
        let mut network = self.network.as_ref().map(|network| network.columns(columns, rows));
        let (numbers, others) = self.split(columns);
        let numbers = self.numbers.iter().copied().zip(numbers);
        let mut columns = FeatureColumns::new(numbers, self.others.iter().zip(others), rows);
        let ParamsOut { logit, mu, sigma } = out;
        let mut raw_sigmas = [0.0; ROWS];
        for start in (0..rows).step_by(ROWS) {
            let rows = start..rows.min(start + ROWS);
            let (mu, sigma) = (&mut mu[rows.clone()], &mut sigma[rows.clone()]);
            let mut heads = [&mut logit[rows.clone()], mu, &mut raw_sigmas[..rows.len()]];
            for (head, intercept) in heads.iter_mut().zip(self.intercept) {
                head.fill(intercept);
            }
            columns.add(&mut heads, &rows);
            if let Some(network) = &mut network {
                network.add(&mut heads, &rows);
            }
            let [_, mu, raw_sigmas] = heads;
            sigmas_from_raw(raw_sigmas, sigma);
            dispatch(
                #[inline(always)]
                || {
                    for (mu, sigma) in mu.iter_mut().zip(sigma) {
                        *mu = self.mu_range.hold(*mu);
                        *sigma = cap_sigma(*sigma, self.max_sigma);
                    }
                },
            );
        }
        Ok(())
    }

    /// Checks that every column is of the kind its feature needs and as long as the rows.
    pub(super) fn check(&self, columns: &[FeatureInput<'_>], rows: usize) -> Result<()> {
        let (needed, came) = (self.names.len(), columns.len());
        if needed != came {
            let problem = format!("the model needs {needed} features, and {came} came");
            return Err(Error::Feature { problem });
        }
        let mut features = self.names.iter().zip(&self.kinds).zip(columns);
        features.try_for_each(|((name, kind), column)| match kind.refuses(column, rows) {
            None => Ok(()),
            Some(why) => {
                Err(Error::Feature { problem: format!("feature `{}` {why}", quoted(name)) })
            }
        })
    }
}

/// Names as a message lists them.
fn listed<N: AsRef<str>>(names: &[N]) -> String {
    const LISTED: usize = 50;
    if names.is_empty() {
        return "none".to_owned();
    }
    let first: Vec<String> = names.iter().take(LISTED).map(|name| quoted(name.as_ref())).collect();
    match names.len().saturating_sub(LISTED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Sigma as predicted: no more than the model's `max_sigma`.
#[inline(always)]
pub(super) fn cap_sigma(sigma: f64, max_sigma: f64) -> f64 {
    if sigma > max_sigma { max_sigma } else { sigma }
}
