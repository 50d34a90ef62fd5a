//! Columns of strings by their distinct values.

use polars::prelude::{DataType, PolarsResult, Series};
use polars_arrow::array::{Array, Utf8ViewArray};

use super::error::refuse;
use crate::call::culprit::no_model;
use crate::call::{Codes, DistinctRows, check_text};
use crate::error::MODEL_TEXT;
use crate::model::NO_SCORER;

/// A column of strings by its distinct values.
#[derive(Debug)]
pub(super) struct Texts {
    array: Utf8ViewArray,
    rows: DistinctRows,
}

impl Texts {
    /// Finds the distinct strings of a column that holds texts.
    ///
    /// # Errors
    /// Where the column is of another type.
    pub(super) fn try_new(series: &Series) -> PolarsResult<Self> {
        let strings = strings(series)?;
        let strings = strings.str()?.rechunk();
        let array = strings.downcast_iter().next().cloned();
        let array = array.unwrap_or_else(|| Utf8ViewArray::from_slice::<&str, _>([]));
        let view = |row: usize| array.views().get(row).map_or(0, |view| view.as_u128());
        let rows = DistinctRows::by_view(array.len(), view, |row| array.get(row));
        Ok(Self { array, rows })
    }

    /// For every row the code of its string, or [`crate::call::NO_CODE`].
    pub(super) fn code_of_row(&self) -> &[u32] {
        &self.rows.code_of_row
    }

    /// The distinct strings, in the order in which they come first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.rows.first_rows.iter().filter_map(|&row| self.array.get(row))
    }

    /// The distinct strings as [`Self::iter`] has them, each with the first row that holds it.
    pub(super) fn iter_rows(&self) -> impl Iterator<Item = (usize, &str)> {
        self.rows.first_rows.iter().filter_map(|&row| Some((row, self.array.get(row)?)))
    }

    /// As [`DistinctRows::map_models`]; a column of one row is a constant.
    pub(super) fn map_models<T: Clone>(
        &self,
        argument: &str,
        read: impl Fn(&str) -> crate::Result<T>,
    ) -> crate::Result<Vec<Option<T>>> {
        let text_of = |row: usize| self.array.get(row).unwrap_or_default();
        self.rows.map_models(argument, self.array.len() == 1, text_of, read)
    }
}

/// Texts as a column of strings.
fn strings(texts: &Series) -> PolarsResult<Series> {
    match texts.dtype() {
        DataType::String => Ok(texts.clone()),
        _ => texts.cast(&DataType::String),
    }
}

/// For every row what `new` gives for its model, and [`NO_SCORER`] where it is NULL. `new` is asked once a text.
///
/// # Errors
/// Where the argument is of a type that holds no text, or `new` does not take a text.
pub(super) fn scorer_of_row(
    function: &str,
    argument: &str,
    series: &Series,
    mut new: impl FnMut(&str) -> crate::Result<u32>,
) -> PolarsResult<Vec<u32>> {
    check_text(argument, MODEL_TEXT, series.dtype()).map_err(|error| refuse(function, &error))?;
    let strings = strings(series)?;
    let mut scorers = Vec::with_capacity(strings.len());
    let mut of_text = Codes::default();
    let is_constant = strings.len() == 1;
    for array in strings.str()?.downcast_iter() {
        let start = scorers.len();
        // Views of another chunk point into other buffers.
        let mut of_view = Codes::default();
        for (row, view) in array.views().iter().enumerate() {
            scorers.push(match array.is_valid(row) {
                true => of_view.code(view.as_u128(), || {
                    let text = array.value(row);
                    of_text.code(text, || {
                        let row = (!is_constant).then_some(start + row);
                        let named =
                            |error| refuse(function, &no_model(argument, text, row, &error));
                        new(text).map_err(named)
                    })
                })?,
                false => NO_SCORER,
            });
        }
    }
    Ok(scorers)
}
