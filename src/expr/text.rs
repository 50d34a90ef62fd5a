//! Columns of strings by their distinct values.

use std::hash::Hash;

use polars::prelude::{DataType, PlHashMap, PolarsResult, Series};
use polars_arrow::array::{Array, Utf8ViewArray};

use super::error::{no_model, wrong_argument};
use crate::error::MODEL_TEXT;
use crate::model::NO_SCORER;

/// The row of a NULL in [`Texts::index_of_row`].
pub(super) const NO_TEXT: u32 = u32::MAX;

/// A column of strings by its distinct values.
#[derive(Debug)]
pub(super) struct Texts {
    array: Utf8ViewArray,
    /// A row that holds each distinct string.
    first_rows: Vec<usize>,
    /// For every row the place of its string, or [`NO_TEXT`].
    pub(super) index_of_row: Vec<u32>,
}

impl Texts {
    /// Finds the distinct strings of a column of type `String`.
    ///
    /// # Errors
    /// Where the column is of another type.
    pub(super) fn try_new(series: &Series) -> PolarsResult<Self> {
        let strings = series.str()?.rechunk();
        let array = strings.downcast_iter().next().cloned();
        let array = array.unwrap_or_else(|| Utf8ViewArray::from_slice::<&str, _>([]));
        let (first_rows, index_of_row) = distinct(&array)?;
        Ok(Self { array, first_rows, index_of_row })
    }

    /// Reads an argument that holds models.
    ///
    /// # Errors
    /// Where it is of a type that holds no text.
    pub(super) fn of_models(function: &str, argument: &str, series: &Series) -> PolarsResult<Self> {
        Self::try_new(&strings(function, argument, MODEL_TEXT, series)?)
    }

    /// Reads an argument that holds text.
    ///
    /// # Errors
    /// Where it is of a type that holds none.
    pub(super) fn of_texts(function: &str, argument: &str, series: &Series) -> PolarsResult<Self> {
        Self::try_new(&strings(function, argument, "text", series)?)
    }

    /// The distinct strings, in the order in which they come first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.first_rows.iter().filter_map(|&row| self.array.get(row))
    }

    /// Computes something of the model in every distinct string, the argument `argument` of `function`, and gives it to
    /// all rows that hold the string.
    ///
    /// # Errors
    /// The first that `compute` returns.
    pub(super) fn map_models<T: Clone>(
        &self,
        function: &str,
        argument: &str,
        compute: impl Fn(&str) -> crate::Result<T>,
    ) -> PolarsResult<Vec<Option<T>>> {
        let is_constant = self.index_of_row.len() == 1;
        let results = self.first_rows.iter().zip(self.iter()).map(|(&row, text)| {
            let row = (!is_constant).then_some(row);
            compute(text).map_err(|error| no_model(function, argument, text, row, &error))
        });
        let results = results.collect::<PolarsResult<Vec<T>>>()?;
        let of_row = |&index: &u32| results.get(index as usize).cloned();
        Ok(self.index_of_row.iter().map(of_row).collect())
    }
}

/// An argument that holds texts as a column of strings.
///
/// # Errors
/// Where it is of a type that holds no text.
fn strings(
    function: &str,
    argument: &str,
    expected: &str,
    series: &Series,
) -> PolarsResult<Series> {
    match series.dtype() {
        DataType::String => Ok(series.clone()),
        DataType::Null | DataType::Categorical(..) | DataType::Enum(..) => {
            series.cast(&DataType::String)
        }
        other => Err(wrong_argument(function, argument, expected, other.to_string())),
    }
}

/// For every row the place that `new` gives to its model, and [`NO_SCORER`] where it is NULL. `new` is asked once a text.
///
/// # Errors
/// Where the argument is of a type that holds no text, or `new` does not take a text.
pub(super) fn model_places(
    function: &str,
    argument: &str,
    series: &Series,
    mut new: impl FnMut(&str) -> crate::Result<u32>,
) -> PolarsResult<Vec<u32>> {
    let strings = strings(function, argument, MODEL_TEXT, series)?;
    let mut places = Vec::with_capacity(strings.len());
    let mut of_text = Places::default();
    let is_constant = strings.len() == 1;
    for array in strings.str()?.downcast_iter() {
        let start = places.len();
        // Views of another chunk point into other buffers.
        let mut of_view = Places::default();
        for (row, view) in array.views().iter().enumerate() {
            places.push(match array.is_valid(row) {
                true => of_view.place(view.as_u128(), || {
                    let text = array.value(row);
                    of_text.place(text, || {
                        let row = (!is_constant).then_some(start + row);
                        new(text).map_err(|error| no_model(function, argument, text, row, &error))
                    })
                })?,
                false => NO_SCORER,
            });
        }
    }
    Ok(places)
}

/// A row of each distinct string, and for every row the place of its string.
///
/// Rows are told apart by the words of their views first: a join repeats a model by repeating its view, and a short
/// string stands in the view itself.
fn distinct(array: &Utf8ViewArray) -> PolarsResult<(Vec<usize>, Vec<u32>)> {
    let mut first_rows = Vec::new();
    let mut index_of_row = Vec::with_capacity(array.len());
    let mut of_view = Places::default();
    let mut of_text = Places::default();
    for (row, view) in array.views().iter().enumerate() {
        let Some(text) = array.get(row) else {
            index_of_row.push(NO_TEXT);
            continue;
        };
        index_of_row.push(of_view.place(view.as_u128(), || {
            of_text.place(text, || {
                first_rows.push(row);
                Ok(u32::try_from(first_rows.len() - 1).unwrap_or(NO_TEXT))
            })
        })?);
    }
    Ok((first_rows, index_of_row))
}

/// Where each distinct key stands; the last one is remembered, as equal rows come in runs.
#[derive(Debug)]
struct Places<K> {
    places: PlHashMap<K, u32>,
    last: Option<(K, u32)>,
}

impl<K> Default for Places<K> {
    fn default() -> Self {
        Self { places: PlHashMap::default(), last: None }
    }
}

impl<K: Copy + Eq + Hash> Places<K> {
    /// The place of a key; `new` makes one for a key not seen before.
    fn place(&mut self, key: K, new: impl FnOnce() -> PolarsResult<u32>) -> PolarsResult<u32> {
        match self.last {
            Some((last, place)) if last == key => Ok(place),
            _ => {
                let place = if let Some(&place) = self.places.get(&key) {
                    place
                } else {
                    let place = new()?;
                    self.places.insert(key, place);
                    place
                };
                self.last = Some((key, place));
                Ok(place)
            }
        }
    }
}
