//! The rows of one batch, before any of them is buffered.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, UInt32Array};
use datafusion_common::Result;

use crate::udf::rows::{ColumnKind, RowSchema};
use crate::udf::strings::StringColumn;

/// The columns of one batch with categories as codes of its own.
pub(super) struct Coded {
    pub columns: Vec<ArrayRef>,
    texts: Vec<(usize, StringColumn, Vec<usize>)>,
}

impl Coded {
    /// Only the columns of these indices are coded.
    pub fn of(schema: &RowSchema, indices: Range<usize>, columns: &[ArrayRef]) -> Result<Self> {
        let mut coded = Self { columns: columns.to_vec(), texts: Vec::new() };
        for (index, kind) in schema.kinds().enumerate() {
            if kind != ColumnKind::Category || !indices.contains(&index) {
                continue;
            }
            let strings = StringColumn::of(&columns[index]);
            let mut values = Vec::new();
            let codes = strings.codes(|value, _| {
                values.push(value);
                Ok(values.len() as u32 - 1)
            })?;
            coded.columns[index] = Arc::new(UInt32Array::from(codes));
            coded.texts.push((index, strings, values));
        }
        Ok(coded)
    }

    /// What the codes of a column stand for; several may stand for one text.
    pub fn levels(&self, column: usize) -> Vec<Option<&str>> {
        let Some((_, strings, values)) = self.texts.iter().find(|(index, ..)| *index == column)
        else {
            return Vec::new();
        };
        values.iter().map(|&value| strings.text(value).ok().flatten()).collect()
    }
}
