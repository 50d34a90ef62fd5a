//! The rows that an aggregate sees: those that are NULL in none of its arguments.

use std::borrow::Cow;

use polars::prelude::{PolarsResult, Series};
use polars_arrow::bitmap::Bitmap;

use super::error::refuse;
use super::number::Number;
use super::result::all_valid;
use crate::call::weight::check_weights;
use crate::math::Column;

/// Which rows count: those that are NULL nowhere.
#[derive(Debug)]
pub(super) struct CompleteRows {
    len: usize,
    complete: Option<Bitmap>,
}

impl CompleteRows {
    /// The rows that are NULL in none of `numbers`.
    pub(super) fn complete<'a>(len: usize, numbers: impl IntoIterator<Item = &'a Number>) -> Self {
        Self { len, complete: all_valid(len, numbers) }
    }

    /// Whether a row counts.
    pub(super) fn contains(&self, row: usize) -> bool {
        self.complete.as_ref().is_none_or(|complete| complete.get(row) == Some(true))
    }

    /// The values of a column in these rows; not copied where all rows count and the column holds doubles.
    pub(super) fn doubles<'a>(&self, number: &'a Number) -> Cow<'a, [f64]> {
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
    pub(super) fn pick<'a>(&self, values: &'a [f64]) -> Cow<'a, [f64]> {
        match &self.complete {
            None => Cow::Borrowed(values),
            Some(_) => self.collect(|row| values.get(row).copied()),
        }
    }

    fn collect(&self, value: impl Fn(usize) -> Option<f64>) -> Cow<'static, [f64]> {
        let rows = (0..self.len).filter(|row| self.contains(*row));
        Cow::Owned(rows.map(|row| value(row).unwrap_or(f64::NAN)).collect())
    }
}

/// Some of the rows of a call.
pub(super) struct InputChunk {
    /// How many rows of the call come before.
    pub(super) start: usize,
    pub(super) rows: usize,
    /// The inputs in these rows; one of one row stands for every row.
    pub(super) inputs: Vec<Series>,
}

/// The inputs of a call over `rows` rows, as many rows at a time as the chunks have, so that no column need be put
/// together.
pub(super) fn in_chunks(inputs: &[Series], rows: usize) -> Vec<InputChunk> {
    let chunked = inputs.iter().filter(|input| input.len() == rows && input.n_chunks() > 1);
    let Some(chunked) = chunked.max_by_key(|input| input.n_chunks()) else {
        return vec![InputChunk { start: 0, rows, inputs: inputs.to_vec() }];
    };
    let mut next = 0;
    let parts = chunked.chunk_lengths().filter(|&length| length > 0).map(|length| {
        let start = next;
        next += length;
        let offset = i64::try_from(start).unwrap_or(i64::MAX);
        let part = |input: &Series| match input.len() {
            1 => input.clone(),
            _ => input.slice(offset, length),
        };
        InputChunk { start, rows: length, inputs: inputs.iter().map(part).collect() }
    });
    parts.collect()
}

/// Reads the argument `weight` of an aggregate over `rows` rows from `start` on, if there is one; an untyped NULL is none.
///
/// # Errors
/// Where one is negative, NaN or infinite.
pub(super) fn read_weight(
    function: &str,
    weight: Option<&Series>,
    start: usize,
    rows: usize,
) -> PolarsResult<Option<Number>> {
    let Some(series) = weight.filter(|weight| !weight.dtype().is_null()) else { return Ok(None) };
    let weight = Number::of_series(series)?;
    let given = CompleteRows::complete(rows, [&weight]);
    let all = CompleteRows::complete(rows, []).doubles(&weight);
    let is_constant = series.len() == 1 && start + rows > 1;
    let row_of = |index: usize| (!is_constant).then_some(start + index);
    check_weights(&all, |index| given.contains(index), row_of)
        .map_err(|error| refuse(function, &error))?;
    Ok(Some(weight))
}
