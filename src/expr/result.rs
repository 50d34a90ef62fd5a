//! Results as series: one number a row, or one params struct a row.

use polars::prelude::{
    Float64Chunked, IntoSeries, PlSmallStr, PolarsResult, Series, StructChunked, polars_err,
};
use polars_arrow::bitmap::Bitmap;

use super::number::Number;
use crate::call::params::FIELD_NAMES;
use crate::model::ParamsOut;

/// The name and the number of rows of a call's result.
#[derive(Debug, Clone)]
pub(super) struct ResultShape {
    name: PlSmallStr,
    rows: usize,
}

impl ResultShape {
    /// The shape of the result of `function`: inputs of one row stand for every row of the others.
    ///
    /// # Errors
    /// Where there are no inputs, or inputs of different lengths.
    pub(super) fn try_new(function: &str, inputs: &[Series]) -> PolarsResult<Self> {
        let first = inputs.first().ok_or_else(
            || polars_err!(InvalidOperation: "{function}: expected arguments, got none"),
        )?;
        let rows = inputs.iter().map(|input| input.len()).find(|&len| len != 1).unwrap_or(1);
        if let Some(other) = inputs.iter().find(|input| input.len() != 1 && input.len() != rows) {
            return Err(polars_err!(
                ShapeMismatch: "{function}: expected arguments of one length or of one row, \
                                got {rows} rows and {} rows", other.len()
            ));
        }
        Ok(Self { name: first.name().clone(), rows })
    }

    /// The number of rows.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// A series of doubles that `compute` writes; NULL where any of `numbers` is.
    pub(super) fn numbers<'a>(
        self,
        numbers: impl IntoIterator<Item = &'a Number>,
        compute: impl FnOnce(&mut [f64]),
    ) -> Series {
        let validity = all_valid(self.rows, numbers);
        let mut out = vec![0.0; self.rows];
        compute(&mut out);
        Float64Chunked::from_vec_validity(self.name, out, validity).into_series()
    }

    /// A series of params structs that `compute` writes; NULL where `validity` says so.
    pub(super) fn params(
        self,
        validity: Option<Bitmap>,
        compute: impl FnOnce(ParamsOut<'_>) -> PolarsResult<()>,
    ) -> PolarsResult<Series> {
        let (mut logit, mut mu, mut sigma) =
            (vec![0.0; self.rows], vec![0.0; self.rows], vec![0.0; self.rows]);
        compute(ParamsOut { logit: &mut logit, mu: &mut mu, sigma: &mut sigma })?;
        let columns = FIELD_NAMES.into_iter().zip([logit, mu, sigma]);
        let fields: Vec<Series> = columns
            .map(|(name, values)| Float64Chunked::from_vec(name.into(), values).into_series())
            .collect();
        let params = StructChunked::from_series(self.name, self.rows, fields.iter())?;
        Ok(params.with_outer_validity(validity).into_series())
    }
}

/// The name of a call's result, that of its first argument.
pub(super) fn name_of(inputs: &[Series]) -> PlSmallStr {
    inputs.first().map(|input| input.name().clone()).unwrap_or_default()
}

/// Which rows are NULL in none of `numbers`; `None` where no row is NULL.
pub(super) fn all_valid<'a>(
    rows: usize,
    numbers: impl IntoIterator<Item = &'a Number>,
) -> Option<Bitmap> {
    numbers.into_iter().fold(None, |validity, number| {
        if number.is_null_scalar() {
            return Some(Bitmap::new_zeroed(rows));
        }
        match (validity, number.validity()) {
            (Some(left), Some(right)) => Some(&left & right),
            (left, right) => left.or_else(|| right.cloned()),
        }
    })
}
