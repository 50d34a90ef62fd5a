//! Arguments that hold texts, few of them distinct, such as models.

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use arrow::compute::{cast, take};
use arrow::datatypes::DataType;
use datafusion_common::Result;

use super::error::refuse_plan;
use crate::call::{DistinctRows, check_text};
use crate::error::MODEL_TEXT;

/// Refuses an argument `model` that cannot hold a model.
pub(super) fn check_model(function: &str, data_type: &DataType) -> Result<()> {
    check_text("model", MODEL_TEXT, data_type).map_err(|error| refuse_plan(function, &error))
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
    rows: DistinctRows,
}

impl DistinctTexts {
    /// Finds the distinct texts of a column.
    pub fn try_new(texts: &ArrayRef) -> Result<Self> {
        let repeats_views = repeats_views(texts.data_type());
        let texts = text_views(texts)?;
        let text = |row| texts.is_valid(row).then(|| texts.value(row));
        let rows = match repeats_views {
            true => DistinctRows::by_view(texts.len(), |row| texts.views()[row], text),
            false => DistinctRows::by_text(texts.len(), text),
        };
        Ok(Self { texts, rows })
    }

    /// The distinct texts by their codes, each with the first row that holds it.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &str)> {
        self.rows.first_rows.iter().map(|&row| (row, self.texts.value(row)))
    }

    /// For every row the code of its text, or [`crate::call::NO_CODE`].
    pub fn code_of_row(&self) -> &[u32] {
        &self.rows.code_of_row
    }

    /// As [`DistinctRows::map_models`].
    pub fn map_models<T: Clone>(
        &self,
        argument: &str,
        is_constant: bool,
        read: impl Fn(&str) -> crate::Result<T>,
    ) -> crate::Result<Vec<Option<T>>> {
        self.rows.map_models(argument, is_constant, |row| self.texts.value(row), read)
    }
}
