//! The argument `model`: texts, few of them distinct.

use std::collections::HashMap;
use std::hash::Hash;

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use arrow::compute::{cast, take};
use arrow::datatypes::DataType;
use datafusion_common::Result;
use foldhash::fast::RandomState;

use super::error::wrong_type;
use crate::error::MODEL_TEXT;

/// The row of a NULL model in [`DistinctTexts::index_of_row`].
pub(super) const NO_TEXT: u32 = u32::MAX;

/// Refuses an argument `model` that cannot hold a model.
pub(super) fn check_model(function: &str, data_type: &DataType) -> Result<()> {
    check_text(function, "model", MODEL_TEXT, data_type)
}

/// Refuses an argument that cannot hold text.
pub(super) fn check_text(
    function: &str,
    argument: &str,
    expected: &str,
    data_type: &DataType,
) -> Result<()> {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => Ok(()),
        DataType::Dictionary(_, values) => check_text(function, argument, expected, values),
        other => Err(wrong_type(function, argument, expected, other.to_string())),
    }
}

/// Whether [`text_views`] of this type repeats a text by repeating its view.
pub(super) fn repeats_views(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8View | DataType::Dictionary(..))
}

/// Texts as views.
pub(super) fn text_views(texts: &ArrayRef) -> Result<StringViewArray> {
    let views = match texts.as_any_dictionary_opt() {
        None => cast(texts, &DataType::Utf8View)?,
        // The values first: one of them may be NULL, which a cast of the whole does not see.
        Some(texts) => take(&cast(texts.values(), &DataType::Utf8View)?, texts.keys(), None)?,
    };
    Ok(views.as_string_view().clone())
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
    /// A join repeats a model by repeating its view, and a dictionary becomes views that repeat, so rows are told apart
    /// by the words of their views, and one text may stand at two of them. Other encodings repeat the text itself; only
    /// for them are texts compared, first with the one before.
    pub fn try_new(function: &str, texts: &ArrayRef) -> Result<Self> {
        check_model(function, texts.data_type())?;
        let repeats_views = repeats_views(texts.data_type());
        let views = text_views(texts)?;
        let mut distinct = Self { texts: views.clone(), first_rows: vec![], index_of_row: vec![] };
        distinct.index_of_row.reserve(views.len());
        if repeats_views {
            distinct.index(|row| (!views.is_null(row)).then(|| views.views()[row]));
        } else {
            distinct.index(|row| (!views.is_null(row)).then(|| views.value(row)));
        }
        Ok(distinct)
    }

    fn index<K: Copy + Eq + Hash>(&mut self, key_of: impl Fn(usize) -> Option<K>) {
        let mut places: HashMap<K, u32, RandomState> = HashMap::default();
        let mut last: Option<(K, u32)> = None;
        for row in 0..self.texts.len() {
            let Some(key) = key_of(row) else {
                self.index_of_row.push(NO_TEXT);
                continue;
            };
            let place = match last {
                Some((last_key, place)) if last_key == key => place,
                _ => *places.entry(key).or_insert_with(|| {
                    self.first_rows.push(row);
                    u32::try_from(self.first_rows.len() - 1).unwrap_or(NO_TEXT)
                }),
            };
            last = Some((key, place));
            self.index_of_row.push(place);
        }
    }

    /// The distinct texts, each with the first row that holds it.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &str)> {
        self.first_rows.iter().map(|&row| (row, self.texts.value(row)))
    }

    /// Computes something of every distinct text, and the first row that holds it, and gives it, row by row, to all that hold
    /// the text.
    pub fn map_rows<T: Clone>(
        &self,
        compute: impl Fn(usize, &str) -> Result<T>,
    ) -> Result<impl Iterator<Item = Option<T>>> {
        let results = self.iter().map(|(row, text)| compute(row, text));
        let results = results.collect::<Result<Vec<T>>>()?;
        Ok(self.index_of_row.iter().map(move |&index| results.get(index as usize).cloned()))
    }
}
