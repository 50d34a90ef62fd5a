//! Prediction with one model, on columns.

use std::collections::HashMap;

use super::document::Model;
use super::feature::{Encoding, FAR_NUMBER, FAR_UNIT};
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
    /// What each feature adds; apart from the names, so that a thousand models stay in the cache.
    pub(super) terms: Vec<Terms>,
    pub(super) max_sigma: f64,
    names: Vec<String>,
}

/// What a feature adds to the three heads.
#[derive(Debug, Clone)]
pub(super) enum Terms {
    /// `(x - mean) * weight`, the weight on the raw scale.
    Number(NumberTerms),
    /// The same in units of [`FAR_UNIT`], for numbers near the greatest there are.
    Far(NumberTerms),
    /// The weight of the level.
    Levels(Box<LevelTerms>),
}

/// The weights of the levels of a categorical feature.
#[derive(Debug, Clone, Default)]
pub(super) struct LevelTerms {
    null: [f64; 3],
    known: HashMap<Box<str>, [f64; 3]>,
}

impl LevelTerms {
    fn new(levels: &[Option<String>], weights: impl Iterator<Item = [f64; 3]>) -> Self {
        let mut terms = Self::default();
        for (name, weights) in levels.iter().zip(weights) {
            match name {
                Some(name) => {
                    terms.known.insert(name.as_str().into(), weights);
                }
                None => terms.null = weights,
            }
        }
        terms
    }

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
        let mut terms = Vec::with_capacity(model.features().len());
        for feature in model.features() {
            terms.push(match &feature.encoding {
                Encoding::Numeric { mean, scale } => Terms::number(*mean, *scale, weight(place)),
                Encoding::Categorical { levels, .. } => {
                    let weights = (place..).map(weight);
                    Terms::Levels(Box::new(LevelTerms::new(levels, weights)))
                }
            });
            place += feature.encoding.width();
        }
        Self {
            intercept: heads.map(|head| head.intercept),
            terms,
            max_sigma: model.max_sigma(),
            names: model.features().iter().map(|feature| feature.name.clone()).collect(),
        }
    }

    /// For each feature of the model the position of the column of that name.
    ///
    /// # Errors
    /// [`Error::Feature`] if a feature is missing.
    pub fn match_features(&self, names: &[&str]) -> Result<Vec<usize>> {
        let position = |needed: &String| {
            names.iter().position(|name| name == needed).ok_or_else(|| Error::Feature {
                problem: format!(
                    "the model needs a feature `{needed}`, and the features given are: {}",
                    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
                ),
            })
        };
        self.names.iter().map(position).collect()
    }

    /// How many features the model has.
    pub fn feature_count(&self) -> usize {
        self.names.len()
    }

    /// Whether the model takes its feature of this place as a category; the others are numbers.
    pub fn is_category(&self, feature: usize) -> bool {
        matches!(self.terms.get(feature), Some(Terms::Levels(_)))
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
                        *sigma = self.cap_sigma(sigma_from_raw(raw_sigma));
                    }
                    store(logit, start, &logits, count);
                    store(mu, start, &mus, count);
                    store(sigma, start, &sigmas, count);
                }
            },
        );
        Ok(())
    }

    /// Sigma as predicted: no more than the model's `max_sigma`.
    #[inline(always)]
    pub(super) fn cap_sigma(&self, sigma: f64) -> f64 {
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
        if columns.len() != self.terms.len() {
            return Err(Error::Feature {
                problem: format!(
                    "the model needs {} features, and {} came",
                    self.terms.len(),
                    columns.len()
                ),
            });
        }
        let pairs = self.terms.iter().zip(columns).enumerate();
        pairs
            .map(|(feature, (terms, column))| {
                self.check(feature, column, rows)?;
                Ok(terms.resolve(column, rows))
            })
            .collect()
    }

    /// Checks that the column is of the kind the feature needs and as long as the rows.
    pub(super) fn check(
        &self,
        feature: usize,
        column: &FeatureInput<'_>,
        rows: usize,
    ) -> Result<()> {
        let (Some(terms), Some(name)) = (self.terms.get(feature), self.names.get(feature)) else {
            return Ok(());
        };
        let problem = match (terms, column) {
            (Terms::Number(_) | Terms::Far(_), FeatureInput::Number(column))
                if holds(column, rows) =>
            {
                return Ok(());
            }
            (Terms::Levels(_), FeatureInput::Codes { codes, .. }) if codes.len() >= rows => {
                return Ok(());
            }
            (Terms::Number(_) | Terms::Far(_), FeatureInput::Codes { .. }) => {
                "is a number in the model, and text came; cast it to a number"
            }
            (Terms::Levels(_), FeatureInput::Number(_)) => {
                "is a category in the model, and numbers came; cast it to text"
            }
            _ => "has fewer rows than the others",
        };
        Err(Error::Feature { problem: format!("feature `{name}` {problem}") })
    }
}

impl Terms {
    /// The terms of a number, from its standardised weights.
    fn number(mean: f64, scale: f64, weights: [f64; 3]) -> Self {
        let terms = |mean: f64, scale: f64| NumberTerms {
            mean,
            weights: weights.map(|weight| weight / scale),
        };
        if scale < FAR_NUMBER {
            Self::Number(terms(mean, scale))
        } else {
            Self::Far(terms(mean * FAR_UNIT, scale * FAR_UNIT))
        }
    }

    fn resolve<'a>(&'a self, column: &FeatureInput<'a>, rows: usize) -> Resolved<'a> {
        match (self, *column) {
            (Terms::Number(terms), FeatureInput::Number(Column::F64(values))) => {
                Resolved::Slice { values, terms: *terms }
            }
            (Terms::Number(terms), FeatureInput::Number(column)) => {
                Resolved::Column { column, terms: *terms, unit: 1.0 }
            }
            (Terms::Far(terms), FeatureInput::Number(column)) => {
                Resolved::Column { column, terms: *terms, unit: FAR_UNIT }
            }
            (Terms::Levels(weights), FeatureInput::Codes { codes, levels }) => {
                Resolved::Codes { codes, weights: weights.resolve(codes, levels, rows) }
            }
            // `check` has refused the other pairs.
            _ => Resolved::Nothing,
        }
    }
}

/// A feature's column and what it adds.
enum Resolved<'a> {
    Slice {
        values: &'a [f64],
        terms: NumberTerms,
    },
    /// The values times `unit`.
    Column {
        column: Column<'a>,
        terms: NumberTerms,
        unit: f64,
    },
    Codes {
        codes: &'a [u32],
        weights: LevelWeights,
    },
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
            Self::Column { column, terms, unit } => {
                let mut block = [0.0; LANES];
                for (lane, slot) in block.iter_mut().enumerate().take(count) {
                    *slot = value_at(column, start + lane) * unit;
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
