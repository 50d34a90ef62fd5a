//! The rows that an aggregate sees: those that are NULL in none of its arguments.

use std::borrow::Cow;

use polars_arrow::bitmap::Bitmap;

use super::error::refuse;
use super::number::Number;
use super::result::all_valid;
use crate::math::Column;
use crate::metrics::check_weight;
use polars::prelude::PolarsResult;

/// Which rows count: the places of those that are NULL nowhere.
#[derive(Debug)]
pub(super) struct Rows {
    len: usize,
    complete: Option<Bitmap>,
}

impl Rows {
    /// The rows that are NULL in none of `numbers`.
    pub fn complete<'a>(len: usize, numbers: impl IntoIterator<Item = &'a Number>) -> Self {
        Self { len, complete: all_valid(len, numbers) }
    }

    /// Whether a row counts.
    pub fn contains(&self, row: usize) -> bool {
        self.complete.as_ref().is_none_or(|complete| complete.get(row) == Some(true))
    }

    /// The values of a column in these rows; not copied where all rows count and the column holds doubles.
    pub fn doubles<'a>(&self, number: &'a Number) -> Cow<'a, [f64]> {
        match number.column() {
            Column::F64(values) => self.pick(values),
            Column::F32(values) => self.collect(|row| values.get(row).copied().map(f64::from)),
            Column::Scalar(value) => self.collect(|_| Some(value)),
            Column::Strided { values, offset, stride } => {
                self.collect(|row| values.get(offset + row * stride).copied())
            }
        }
    }

    /// The values of a column in these rows.
    pub fn pick<'a>(&self, values: &'a [f64]) -> Cow<'a, [f64]> {
        match &self.complete {
            None => Cow::Borrowed(values),
            Some(_) => self.collect(|row| values.get(row).copied()),
        }
    }

    fn collect(&self, value: impl Fn(usize) -> Option<f64>) -> Cow<'static, [f64]> {
        let rows = (0..self.len).filter(|row| self.contains(*row));
        Cow::Owned(rows.map(|row| value(row).unwrap_or(f64::NAN)).collect())
    }

    /// The weights in these rows.
    ///
    /// # Errors
    /// Where one is negative, NaN or infinite.
    pub fn weights<'a>(
        &self,
        function: &str,
        weight: Option<&'a Number>,
    ) -> PolarsResult<Option<Cow<'a, [f64]>>> {
        let Some(weight) = weight else { return Ok(None) };
        let weight = self.doubles(weight);
        check_weight(&weight).map_err(|error| refuse(function, &error))?;
        Ok(Some(weight))
    }
}
