//! How sure a model is of what it predicts for a customer.

use super::document::Model;
use super::errors::Covariance;
use super::input::FeatureInput;
use super::range::Range;
use super::row_encoder::{Encoded, RowEncoder};
use super::scorer::{Scorer, cap_sigma};
use crate::math::{expected_ltv_row, sigma_from_raw, sigmoid};
use crate::record::{Entry, Field, FieldValue, Record, Sealed, fields, number, values};
use crate::{Error, Result};

/// Standard errors of what is predicted for a customer: how far the model's weights leave it open, not how far the customer
/// may be from it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ParamsError {
    /// Of the logit of the probability to pay.
    pub logit: f64,
    /// Of the mean of the logarithm of the amount.
    pub mu: f64,
    /// Of the raw spread of the logarithm of the amount.
    pub raw_sigma: f64,
    /// Of the expected lifetime value, by the delta method.
    pub expected_ltv: f64,
}

/// A model made ready to say how sure it is.
///
/// # Formula
/// For a customer's encoded features `x` and the covariances `C` of a head's weights the variance of the head is `x'Cx`. The
/// expected lifetime value `v = p exp(mu + sigma^2 / 2)` has to first order the variance
///
/// ```text
/// v^2 ((1 - p)^2 var(logit) + var(mu) + 2 s cov(mu, raw_sigma) + s^2 var(raw_sigma)),   s = sigma sigmoid(raw_sigma)
/// ```
///
/// The bounds of mu and sigma are those of the prediction, and take nothing from the errors.
#[derive(Debug, Clone)]
pub struct ErrorScorer {
    scorer: Scorer,
    encoder: RowEncoder,
    covariance: Covariance,
    heads: [Vec<f64>; 3],
    widths: Vec<usize>,
    mu_range: Range,
    max_sigma: f64,
}

impl ErrorScorer {
    /// Makes a model ready.
    ///
    /// # Errors
    /// [`Error::Model`] if the model keeps no covariances.
    pub fn new(model: &Model) -> Result<Self> {
        let covariance = model.standard_errors().and_then(|errors| errors.covariance.clone());
        let covariance = covariance.ok_or_else(|| Error::Model {
            problem: "the model keeps no covariances; fit it with option covariance".to_owned(),
        })?;
        let weights = model.head_weights();
        let heads = [&weights.logit, &weights.mu, &weights.raw_sigma].map(|head| {
            std::iter::once(head.intercept).chain(head.weights.iter().copied()).collect()
        });
        Ok(Self {
            scorer: Scorer::new(model),
            encoder: RowEncoder::new(model),
            covariance,
            heads,
            widths: model.features().iter().map(|feature| feature.encoding.width()).collect(),
            mu_range: model.mu_range().unwrap_or(Range::ALL),
            max_sigma: model.max_sigma(),
        })
    }

    /// For each feature of the model the position of the column of that name.
    ///
    /// # Errors
    /// [`Error::Feature`] if a feature is missing.
    pub fn match_features<N: AsRef<str>>(&self, names: &[N]) -> Result<Vec<usize>> {
        self.scorer.match_features(names)
    }

    /// The standard errors of each of so many rows.
    ///
    /// `columns` stand in the order of the model's features (see [`ErrorScorer::match_features`]).
    ///
    /// # Errors
    /// [`Error::Feature`] if a column is missing, too short, or numbers came for categories or the reverse.
    pub fn errors(&self, columns: &[FeatureInput<'_>], rows: usize) -> Result<Vec<ParamsError>> {
        self.scorer.check(columns, rows)?;
        Ok((0..rows).map(|row| self.error_of(&self.encoder.encode(columns, row))).collect())
    }

    /// The standard errors of one row; as [`ErrorScorer::errors`].
    ///
    /// # Errors
    /// Those of [`ErrorScorer::errors`].
    pub fn error(&self, columns: &[FeatureInput<'_>], row: usize) -> Result<ParamsError> {
        self.scorer.check(columns, row + 1)?;
        Ok(self.error_of(&self.encoder.encode(columns, row)))
    }

    fn error_of(&self, encoded: &[Encoded]) -> ParamsError {
        let of_logit = self.indices(encoded, 0);
        let of_amount = self.indices(encoded, 1);
        let width = self.heads[0].len();
        let variance = |values: &[f64], a: usize, b: usize| {
            bilinear(values, &of_amount, a * width, &of_amount, b * width)
        };
        let logit_variance = bilinear(&self.covariance.logit, &of_logit, 0, &of_logit, 0);
        let mu_variance = variance(&self.covariance.amount, 0, 0);
        let raw_variance = variance(&self.covariance.amount, 1, 1);
        let covariance = variance(&self.covariance.amount, 1, 0);
        let head = |head: usize, indices: &[(usize, f64)]| -> f64 {
            indices.iter().map(|(index, value)| self.heads[head][*index] * value).sum()
        };
        let (logit, raw) = (head(0, &of_logit), head(2, &of_amount));
        let mu = self.mu_range.hold(head(1, &of_amount));
        let sigma = cap_sigma(sigma_from_raw(raw), self.max_sigma);
        let slope = sigma * sigmoid(raw);
        let unpaid = sigmoid(-logit);
        let relative = unpaid * unpaid * logit_variance
            + mu_variance
            + 2.0 * slope * covariance
            + slope * slope * raw_variance;
        ParamsError {
            logit: logit_variance.max(0.0).sqrt(),
            mu: mu_variance.max(0.0).sqrt(),
            raw_sigma: raw_variance.max(0.0).sqrt(),
            expected_ltv: expected_ltv_row(logit, mu, sigma) * relative.max(0.0).sqrt(),
        }
    }

    /// The indices of a head's weights that a row has, with its encoded values; the intercept first. `kind` is 0 for the
    /// logit head and 1 for those of the amount.
    fn indices(&self, encoded: &[Encoded], kind: usize) -> Vec<(usize, f64)> {
        let mut indices = vec![(0, 1.0)];
        let mut first = 1;
        for (encoded, width) in encoded.iter().zip(&self.widths) {
            match encoded {
                Encoded::Number(values) => indices.push((first, values[kind])),
                Encoded::Level(level) => indices.extend(level.map(|level| (first + level, 1.0))),
            }
            first += width;
        }
        indices
    }
}

/// `x'Cy` of a lower triangle, the indices of `x` and `y` counted from an offset.
fn bilinear(
    triangle: &[f64],
    x: &[(usize, f64)],
    x_offset: usize,
    y: &[(usize, f64)],
    y_offset: usize,
) -> f64 {
    let mut sum = 0.0;
    for (row, a) in x {
        for (column, b) in y {
            let (row, column) = (row + x_offset, column + y_offset);
            let (high, low) = (row.max(column), row.min(column));
            sum += a * b * triangle.get(high * (high + 1) / 2 + low).copied().unwrap_or(0.0);
        }
    }
    sum
}

impl Sealed for ParamsError {}

impl Record for ParamsError {
    const FIELDS: &'static [Field] = &fields(&ENTRIES);

    fn into_values(self) -> Vec<FieldValue> {
        values(&ENTRIES, &self)
    }
}

/// The fields of the record, and how their values are got.
const ENTRIES: [Entry<ParamsError>; 4] = [
    number("logit", "standard error of the logit", |errors| Some(errors.logit)),
    number("mu", "standard error of mu", |errors| Some(errors.mu)),
    number("raw_sigma", "standard error of raw sigma", |errors| Some(errors.raw_sigma)),
    number("expected_ltv", "standard error of the expected lifetime value", |errors| {
        Some(errors.expected_ltv)
    }),
];
