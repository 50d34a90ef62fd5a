//! Prediction with one model, on columns.

use std::collections::HashMap;
use std::ops::Range;

use super::document::Model;
use super::feature::{Encoding, FAR_NUMBER, FAR_UNIT};
use crate::math::{Blocks, Column, dispatch, sigmas_from_raw};
use crate::{Error, Result};

/// Rows that are predicted at a time: so many that each column is read for a while before the next, as memory likes it,
/// and so few that the heads stay in the first-level cache.
pub(super) const ROWS: usize = 512;

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

    /// The heads with what the number adds.
    #[inline(always)]
    fn add(self, heads: [f64; 3], x: f64) -> [f64; 3] {
        let centred = self.centred(x);
        let ([logit, mu, raw_sigma], [a, b, c]) = (heads, self.weights);
        [centred.mul_add(a, logit), centred.mul_add(b, mu), centred.mul_add(c, raw_sigma)]
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
        let mut terms = self.resolve(columns, rows)?;
        let ParamsOut { logit, mu, sigma } = out;
        let mut heads = [[0.0; ROWS]; 3];
        for start in (0..rows).step_by(ROWS) {
            let rows = start..rows.min(start + ROWS);
            self.sum(&mut terms, &rows, &mut heads);
            let [logits, mus, raw_sigmas] = heads.each_ref().map(|head| &head[..rows.len()]);
            logit[rows.clone()].copy_from_slice(logits);
            mu[rows.clone()].copy_from_slice(mus);
            let sigma = &mut sigma[rows];
            sigmas_from_raw(raw_sigmas, sigma);
            for sigma in sigma {
                *sigma = self.cap_sigma(*sigma);
            }
        }
        Ok(())
    }

    /// Sigma as predicted: no more than the model's `max_sigma`.
    #[inline(always)]
    pub(super) fn cap_sigma(&self, sigma: f64) -> f64 {
        if sigma > self.max_sigma { self.max_sigma } else { sigma }
    }

    /// The heads of at most [`ROWS`] rows.
    fn sum(&self, terms: &mut [Resolved<'_>], rows: &Range<usize>, heads: &mut Heads) {
        use Resolved::{Codes, Nothing, Number};
        for (head, intercept) in heads.iter_mut().zip(self.intercept) {
            head.fill(intercept);
        }
        let mut rest = terms;
        loop {
            rest = match rest {
                // Four at a time, so that the heads are seldom read and written.
                [Number(a), Number(b), Number(c), Number(d), rest @ ..] => {
                    add_numbers(heads, [a.rows(rows), b.rows(rows), c.rows(rows), d.rows(rows)]);
                    rest
                }
                [Number(number), rest @ ..] => {
                    add_numbers(heads, [number.rows(rows)]);
                    rest
                }
                [Codes { codes, weights }, rest @ ..] => {
                    weights.add(heads, codes, rows);
                    rest
                }
                [Nothing, rest @ ..] => rest,
                [] => break,
            }
        }
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
        let number = |column, terms, far| {
            Resolved::Number(NumberColumn { values: Blocks::of(ROWS, column), terms, far })
        };
        match (self, *column) {
            (Terms::Number(terms), FeatureInput::Number(column)) => number(column, *terms, None),
            (Terms::Far(terms), FeatureInput::Number(column)) => {
                number(column, *terms, Some(Box::new([0.0; ROWS])))
            }
            (Terms::Levels(weights), FeatureInput::Codes { codes, levels }) => {
                Resolved::Codes { codes, weights: weights.resolve(codes, levels, rows) }
            }
            // `check` has refused the other pairs.
            _ => Resolved::Nothing,
        }
    }
}

/// The three heads of a block of rows; those past the last row have no meaning.
type Heads = [[f64; ROWS]; 3];

/// A feature's column and what it adds.
enum Resolved<'a> {
    Number(NumberColumn<'a>),
    Codes { codes: &'a [u32], weights: LevelWeights },
    Nothing,
}

/// The column of a numeric feature.
struct NumberColumn<'a> {
    values: Blocks<'a>,
    terms: NumberTerms,
    /// A block of the values in units of [`FAR_UNIT`], for a feature that is far.
    far: Option<Box<[f64; ROWS]>>,
}

/// A block of a numeric feature.
#[derive(Clone, Copy)]
struct NumberRows<'a> {
    values: &'a [f64],
    terms: NumberTerms,
}

impl NumberColumn<'_> {
    fn rows(&mut self, rows: &Range<usize>) -> NumberRows<'_> {
        let mut values = self.values.rows(rows.start, rows.len());
        if let Some(far) = self.far.as_deref_mut() {
            for (far, value) in far.iter_mut().zip(values) {
                *far = value * FAR_UNIT;
            }
            values = &far[..values.len()];
        }
        NumberRows { values, terms: self.terms }
    }
}

/// What each code, or each row, adds.
enum LevelWeights {
    /// One entry a code.
    OfCode(Vec<[f64; 3]>),
    /// One entry a row, where the levels outnumber the rows.
    OfRow(Vec<[f64; 3]>),
}

impl LevelWeights {
    /// Adds the weights of the rows.
    fn add(&self, [logit, mu, raw_sigma]: &mut Heads, codes: &[u32], rows: &Range<usize>) {
        let codes = codes.iter().enumerate().skip(rows.start).take(rows.len());
        let heads = logit.iter_mut().zip(mu).zip(raw_sigma);
        for ((row, code), ((logit, mu), raw_sigma)) in codes.zip(heads) {
            let [a, b, c] = self.at(*code, row);
            *logit += a;
            *mu += b;
            *raw_sigma += c;
        }
    }

    #[inline(always)]
    fn at(&self, code: u32, row: usize) -> [f64; 3] {
        let found = match self {
            Self::OfCode(weights) => weights.get(code as usize),
            Self::OfRow(weights) => weights.get(row),
        };
        found.copied().unwrap_or([0.0; 3])
    }
}

/// Adds what some features give, one after the other.
fn add_numbers<const N: usize>(heads: &mut Heads, features: [NumberRows<'_>; N]) {
    let count = features.iter().map(|feature| feature.values.len()).min().unwrap_or_default();
    let values = features.map(|feature| &feature.values[..count]);
    let terms = features.map(|feature| feature.terms);
    let [logit, mu, raw_sigma] = heads.each_mut().map(|head| &mut head[..count]);
    dispatch(
        #[inline(always)]
        move || {
            let values = values.map(|values| &values[..count]);
            for row in 0..count {
                let mut heads = [logit[row], mu[row], raw_sigma[row]];
                for i in 0..N {
                    heads = terms[i].add(heads, values[i][row]);
                }
                [logit[row], mu[row], raw_sigma[row]] = heads;
            }
        },
    );
}

/// Whether the column has that many rows.
pub(super) fn holds(column: &Column<'_>, rows: usize) -> bool {
    match column {
        Column::Scalar(_) => true,
        Column::F64(values) => values.len() >= rows,
        Column::F32(values) => values.len() >= rows,
        Column::Strided { values, offset, stride } => {
            rows == 0 || values.len() > offset + (rows - 1) * stride
        }
    }
}
