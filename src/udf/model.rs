//! The argument `model`: texts, few of them distinct.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion_common::Result;

use super::error::wrong_type;

/// The row of a NULL model in [`DistinctTexts::index_of_row`].
pub(super) const NO_TEXT: u32 = u32::MAX;

/// Refuses an argument that cannot hold a model.
pub(super) fn check_model(function: &str, data_type: &DataType) -> Result<()> {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => Ok(()),
        DataType::Dictionary(_, values) => check_model(function, values),
        other => Err(wrong_type(
            function,
            "model",
            "the text of a model made by ziln_fit_sgd",
            other.to_string(),
        )),
    }
}

/// A column of texts by its distinct values.
#[derive(Debug)]
pub(super) struct DistinctTexts {
    texts: StringViewArray,
    /// A row that holds each distinct text.
    first_rows: Vec<usize>,
    /// For every row the place of its text, or [`NO_TEXT`].
    pub index_of_row: Vec<u32>,
}

impl DistinctTexts {
    /// Finds the distinct texts of a column.
    ///
    /// A join repeats a model by repeating its view, so a row whose view has been seen needs no look at its text.
    pub fn try_new(function: &str, texts: &ArrayRef) -> Result<Self> {
        check_model(function, texts.data_type())?;
        let texts = cast(texts, &DataType::Utf8View)?;
        let texts: StringViewArray = texts.as_string_view().clone();
        let mut places_of_views: HashMap<u128, u32> = HashMap::new();
        let mut places_of_texts: HashMap<&str, u32> = HashMap::new();
        let mut first_rows = Vec::new();
        let mut last = None;
        let mut place_of = |(row, &view): (usize, &u128)| {
            if texts.is_null(row) {
                return NO_TEXT;
            }
            if let Some((_, place)) = last.filter(|(last_view, _)| *last_view == view) {
                return place;
            }
            let place = *places_of_views.entry(view).or_insert_with(|| {
                *places_of_texts.entry(texts.value(row)).or_insert_with(|| {
                    first_rows.push(row);
                    u32::try_from(first_rows.len() - 1).unwrap_or(NO_TEXT)
                })
            });
            last = Some((view, place));
            place
        };
        let index_of_row = texts.views().iter().enumerate().map(&mut place_of).collect();
        Ok(Self { first_rows, index_of_row, texts: texts.clone() })
    }

    /// The distinct texts.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.first_rows.iter().map(|&row| self.texts.value(row))
    }

    /// Computes something of every distinct text and gives it to all rows that hold the text.
    pub fn map_rows<T: Clone>(
        &self,
        compute: impl Fn(&str) -> Result<T>,
    ) -> Result<Vec<Option<T>>> {
        let results = self.iter().map(compute).collect::<Result<Vec<T>>>()?;
        let of_row = |&index: &u32| results.get(index as usize).cloned();
        Ok(self.index_of_row.iter().map(of_row).collect())
    }
}
