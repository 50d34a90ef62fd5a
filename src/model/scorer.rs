//! Prediction with one model, on columns.

use std::collections::HashMap;

use super::document::Model;
use super::feature::Encoding;
use crate::math::{Column, dispatch, sigma_from_raw};
use crate::{Error, Result};

/// Rows whose three heads are summed in registers.
const LANES: usize = 16;

/// A model made ready for prediction.
///
/// A prediction never fails on a value: a missing, NaN or infinite number counts as the training mean, a level
/// that has no weights adds nothing.
#[derive(Debug, Clone)]
pub struct Scorer {
    pub(super) intercept: [f64; 3],
    pub(super) features: Vec<ScoredFeature>,
    pub(super) max_sigma: f64,
}

/// A feature of a [`Scorer`].
#[derive(Debug, Clone)]
pub(super) struct ScoredFeature {
    name: String,
    pub(super) terms: Terms,
}

/// What a feature adds to the three heads.
#[derive(Debug, Clone)]
pub(super) enum Terms {
    /// `(x - mean) * weight`, the weight on the raw scale.
    Number(NumberTerms),
    /// The weight of the level.
    Levels(LevelTerms),
}

/// The weights of the levels of a categorical feature.
#[derive(Debug, Clone, Default)]
pub(super) struct LevelTerms {
    null: [f64; 3],
    known: HashMap<Box<str>, [f64; 3]>,
}

impl LevelTerms {
    /// The weights of a level; zeros for one the model does not know.
    pub(super) fn get(&self, level: Option<&str>) -> [f64; 3] {
        match level {
            Some(name) => self.known.get(name).copied().unwrap_or([0.0; 3]),
            None => self.null,
        }
    }

    /// The weights of each of the codes, or of each row where there are more codes than rows.
    fn resolve(&self, codes: &[u32], levels: &[Option<&str>], rows: usize) -> LevelWeights {
        if levels.len() <= rows {
            return LevelWeights::OfCode(levels.iter().map(|level| self.get(*level)).collect());
        }
        let of_row =
            |code: &u32| levels.get(*code as usize).map_or([0.0; 3], |level| self.get(*level));
        LevelWeights::OfRow(codes.iter().take(rows).map(of_row).collect())
    }
}

/// Mean and raw weights of a numeric feature.
#[derive(Debug, Clone, Copy)]
pub(super) struct NumberTerms {
    pub(super) mean: f64,
    pub(super) weights: [f64; 3],
}

impl NumberTerms {
    /// The distance from the mean; 0 for a missing number.
    #[inline(always)]
    pub(super) fn centred(self, x: f64) -> f64 {
        // The difference of two finite numbers may overflow, and then there is nothing sensible to add.
        let centred = x - self.mean;
        if centred.abs() < f64::INFINITY { centred } else { 0.0 }
    }
}

/// The values of one feature to predict from.
#[derive(Debug, Clone, Copy)]
pub enum FeatureInput<'a> {
    /// Numbers; NaN and infinite ones are missing.
    Number(Column<'a>),
    /// Categories: row `i` is `levels[codes[i]]`, and `None` is NULL. A code out of range counts as a level the
    /// model does not know.
    Codes {
        /// A code a row.
        codes: &'a [u32],
        /// What the codes mean.
        levels: &'a [Option<&'a str>],
    },
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

impl Scorer {
    /// Makes a model ready for prediction.
    pub fn new(model: &Model) -> Self {
        let weights = model.head_weights();
        let heads = [&weights.logit, &weights.mu, &weights.raw_sigma];
        let weight =
            |place: usize| heads.map(|head| head.weights.get(place).copied().unwrap_or(0.0));
        let mut place = 0;
        let mut features = Vec::with_capacity(model.features().len());
        for feature in model.features() {
            let terms = match &feature.encoding {
                Encoding::Numeric { mean, scale } => Terms::Number(NumberTerms {
                    mean: *mean,
                    weights: weight(place).map(|weight| weight / scale),
                }),
                Encoding::Categorical { levels, .. } => {
                    let mut terms = LevelTerms::default();
                    for (level, name) in levels.iter().enumerate() {
                        match name {
                            Some(name) => {
                                terms.known.insert(name.as_str().into(), weight(place + level));
                            }
                            None => terms.null = weight(place + level),
                        }
                    }
                    Terms::Levels(terms)
                }
            };
            place += feature.encoding.width();
            features.push(ScoredFeature { name: feature.name.clone(), terms });
        }
        Self { intercept: heads.map(|head| head.intercept), features, max_sigma: model.max_sigma() }
    }

    /// For each feature of the model the position of the column of that name.
    ///
    /// # Errors
    /// [`Error::Feature`] if a feature is missing.
    pub fn match_features(&self, names: &[&str]) -> Result<Vec<usize>> {
        let position = |feature: &ScoredFeature| {
            names.iter().position(|&name| name == feature.name).ok_or_else(|| Error::Feature {
                problem: format!(
                    "the model needs a feature `{}`, and the features given are: {}",
                    feature.name,
                    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
                ),
            })
        };
        self.features.iter().map(position).collect()
    }

    /// Whether the model takes its feature of this place as a category; the others are numbers.
    pub fn is_category(&self, feature: usize) -> bool {
        let feature = self.features.get(feature);
        feature.is_some_and(|feature| matches!(feature.terms, Terms::Levels(_)))
    }

    /// Predicts the parameters of every row.
    ///
    /// `columns` stand in the order of the model's features (see [`Scorer::match_features`]).
    ///
    /// # Errors
    /// [`Error::Feature`] if a column is missing, too short, or numbers came for categories or the reverse.
    pub fn predict(&self, columns: &[FeatureInput<'_>], out: ParamsOut<'_>) -> Result<()> {
        let rows = out.logit.len().min(out.mu.len()).min(out.sigma.len());
        let terms = self.resolve(columns, rows)?;
        let ParamsOut { logit, mu, sigma } = out;
        dispatch(
            #[inline(always)]
            || {
                for start in (0..rows).step_by(LANES) {
                    let count = LANES.min(rows - start);
                    let heads = if count == LANES {
                        self.sum_full(&terms, start)
                    } else {
                        self.sum_rest(&terms, start, count)
                    };
                    let [logits, mus, raw_sigmas] = heads;
                    let mut sigmas = [0.0; LANES];
                    for (sigma, raw_sigma) in sigmas.iter_mut().zip(raw_sigmas) {
                        *sigma = self.sigma(raw_sigma);
                    }
                    store(logit, start, &logits, count);
                    store(mu, start, &mus, count);
                    store(sigma, start, &sigmas, count);
                }
            },
        );
        Ok(())
    }

    /// Sigma as predicted: after softplus, floored, capped.
    #[inline(always)]
    pub(super) fn sigma(&self, raw_sigma: f64) -> f64 {
        let sigma = sigma_from_raw(raw_sigma);
        if sigma > self.max_sigma { self.max_sigma } else { sigma }
    }

    /// The heads of `LANES` rows.
    #[inline(always)]
    fn sum_full(&self, terms: &[Resolved<'_>], start: usize) -> [[f64; LANES]; 3] {
        let mut heads = self.intercept.map(|intercept| [intercept; LANES]);
        for term in terms {
            match term {
                Resolved::Slice { values, terms } => {
                    let mut block = [0.0; LANES];
                    if let Some(values) = values.get(start..start + LANES) {
                        block.copy_from_slice(values);
                    }
                    add_numbers(&mut heads, &block, *terms);
                }
                other => other.add(&mut heads, start, LANES),
            }
        }
        heads
    }

    /// The heads of the last rows.
    #[inline(always)]
    fn sum_rest(&self, terms: &[Resolved<'_>], start: usize, count: usize) -> [[f64; LANES]; 3] {
        let mut heads = self.intercept.map(|intercept| [intercept; LANES]);
        for term in terms {
            term.add(&mut heads, start, count);
        }
        heads
    }

    fn resolve<'a>(
        &'a self,
        columns: &[FeatureInput<'a>],
        rows: usize,
    ) -> Result<Vec<Resolved<'a>>> {
        if columns.len() != self.features.len() {
            return Err(Error::Feature {
                problem: format!(
                    "the model needs {} features, and {} came",
                    self.features.len(),
                    columns.len()
                ),
            });
        }
        let pairs = self.features.iter().zip(columns);
        pairs.map(|(feature, column)| feature.resolve(column, rows)).collect()
    }
}

impl ScoredFeature {
    /// Checks that the column is of the kind the feature needs and as long as the rows.
    pub(super) fn check(&self, column: &FeatureInput<'_>, rows: usize) -> Result<()> {
        let problem = match (&self.terms, column) {
            (Terms::Number(_), FeatureInput::Number(column)) if holds(column, rows) => {
                return Ok(());
            }
            (Terms::Levels(_), FeatureInput::Codes { codes, .. }) if codes.len() >= rows => {
                return Ok(());
            }
            (Terms::Number(_), FeatureInput::Codes { .. }) => {
                "is a number in the model, and text came; cast it to a number"
            }
            (Terms::Levels(_), FeatureInput::Number(_)) => {
                "is a category in the model, and numbers came; cast it to text"
            }
            _ => "has fewer rows than the others",
        };
        Err(Error::Feature { problem: format!("feature `{}` {problem}", self.name) })
    }

    fn resolve<'a>(&'a self, column: &FeatureInput<'a>, rows: usize) -> Result<Resolved<'a>> {
        self.check(column, rows)?;
        Ok(match (&self.terms, *column) {
            (Terms::Number(terms), FeatureInput::Number(Column::F64(values))) => {
                Resolved::Slice { values, terms: *terms }
            }
            (Terms::Number(terms), FeatureInput::Number(column)) => {
                Resolved::Column { column, terms: *terms }
            }
            (Terms::Levels(weights), FeatureInput::Codes { codes, levels }) => {
                Resolved::Codes { codes, weights: weights.resolve(codes, levels, rows) }
            }
            // `check` has refused the other pairs.
            _ => Resolved::Nothing,
        })
    }
}

/// A feature's column and what it adds.
enum Resolved<'a> {
    Slice { values: &'a [f64], terms: NumberTerms },
    Column { column: Column<'a>, terms: NumberTerms },
    Codes { codes: &'a [u32], weights: LevelWeights },
    Nothing,
}

/// What each code, or each row, adds.
enum LevelWeights {
    /// One entry a code.
    OfCode(Vec<[f64; 3]>),
    /// One entry a row, where the levels outnumber the rows.
    OfRow(Vec<[f64; 3]>),
}

impl Resolved<'_> {
    /// Adds what the feature gives to `count` rows from `start` on.
    #[inline(always)]
    fn add(&self, heads: &mut [[f64; LANES]; 3], start: usize, count: usize) {
        match self {
            Self::Slice { values, terms } => {
                let mut block = [0.0; LANES];
                for (value, slot) in values.iter().skip(start).zip(block.iter_mut().take(count)) {
                    *slot = *value;
                }
                add_numbers(heads, &block, *terms);
            }
            Self::Column { column, terms } => {
                let mut block = [0.0; LANES];
                for (lane, slot) in block.iter_mut().enumerate().take(count) {
                    *slot = value_at(column, start + lane);
                }
                add_numbers(heads, &block, *terms);
            }
            Self::Codes { codes, weights } => {
                let [logit, mu, raw_sigma] = heads;
                for (lane, code) in codes.iter().skip(start).take(count).enumerate() {
                    let [a, b, c] = weights.at(*code, start + lane);
                    logit[lane] += a;
                    mu[lane] += b;
                    raw_sigma[lane] += c;
                }
            }
            Self::Nothing => {}
        }
    }
}

impl LevelWeights {
    #[inline(always)]
    fn at(&self, code: u32, row: usize) -> [f64; 3] {
        let found = match self {
            Self::OfCode(weights) => weights.get(code as usize),
            Self::OfRow(weights) => weights.get(row),
        };
        found.copied().unwrap_or([0.0; 3])
    }
}

#[inline(always)]
fn add_numbers(heads: &mut [[f64; LANES]; 3], block: &[f64; LANES], terms: NumberTerms) {
    let [logit, mu, raw_sigma] = heads;
    let [a, b, c] = terms.weights;
    for lane in 0..LANES {
        let centred = terms.centred(block[lane]);
        logit[lane] += centred * a;
        mu[lane] += centred * b;
        raw_sigma[lane] += centred * c;
    }
}

/// The value of a row; NaN beyond the end.
#[inline(always)]
pub(super) fn value_at(column: &Column<'_>, row: usize) -> f64 {
    match column {
        Column::Scalar(value) => *value,
        Column::F64(values) => values.get(row).copied().unwrap_or(f64::NAN),
        Column::F32(values) => values.get(row).copied().map_or(f64::NAN, f64::from),
        Column::Strided { values, offset, stride } => {
            values.get(offset + row * stride).copied().unwrap_or(f64::NAN)
        }
    }
}

fn holds(column: &Column<'_>, rows: usize) -> bool {
    match column {
        Column::Scalar(_) => true,
        Column::F64(values) => values.len() >= rows,
        Column::F32(values) => values.len() >= rows,
        Column::Strided { values, offset, stride } => {
            rows == 0 || values.len() > offset + (rows - 1) * stride
        }
    }
}

#[inline(always)]
fn store(out: &mut [f64], start: usize, block: &[f64; LANES], count: usize) {
    if let Some(out) = out.get_mut(start..start + count) {
        out.copy_from_slice(&block[..count]);
    }
}
