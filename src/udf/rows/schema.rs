//! Which columns of a row are buffered, and their Arrow types.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, LargeListArray, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Int32Type};
use datafusion_common::{Result, exec_datafusion_err};

/// What a buffered column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::udf) enum ColumnKind {
    /// `Float64` without NULLs; NaN is missing.
    Number,
    /// Strings; NULL is a value of its own.
    Category,
    /// Lists of `Float64`.
    Numbers,
}

/// One buffered column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::udf) struct RowColumn {
    /// Its name in the state.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// The buffered columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::udf) struct RowSchema {
    columns: Vec<RowColumn>,
}

impl RowSchema {
    /// A schema of these columns.
    pub fn new(columns: Vec<RowColumn>) -> Self {
        Self { columns }
    }

    /// The columns.
    pub fn columns(&self) -> &[RowColumn] {
        &self.columns
    }

    /// The type of a group's state: the list of its rows.
    pub fn state_type(&self) -> DataType {
        DataType::LargeList(self.row_field())
    }

    fn row_field(&self) -> FieldRef {
        Arc::new(Field::new("item", DataType::Struct(self.fields()), true))
    }

    fn fields(&self) -> Fields {
        self.columns
            .iter()
            .map(|column| Field::new(&column.name, state_column_type(column.kind), true))
            .collect()
    }

    /// The state of groups whose rows lie one behind the other in `columns`, `lengths` rows each.
    pub fn state_array(
        &self,
        columns: Vec<ArrayRef>,
        lengths: impl IntoIterator<Item = usize>,
        rows: usize,
    ) -> Result<ArrayRef> {
        let rows = StructArray::try_new_with_length(self.fields(), columns, None, rows)?;
        let offsets = OffsetBuffer::<i64>::from_lengths(lengths);
        Ok(Arc::new(LargeListArray::try_new(self.row_field(), offsets, Arc::new(rows), None)?))
    }

    /// The columns of a state, and where the rows of each of its groups begin and end.
    pub fn read_state(state: &ArrayRef) -> Result<(Vec<ArrayRef>, Vec<usize>)> {
        let lists = state
            .as_list_opt::<i64>()
            .ok_or_else(|| exec_datafusion_err!("a state of rows is a {}", state.data_type()))?;
        let rows = lists.values().as_struct_opt().ok_or_else(|| {
            exec_datafusion_err!("a state of rows holds {}", lists.values().data_type())
        })?;
        let bounds: Vec<usize> = lists
            .offsets()
            .iter()
            .map(|&offset| usize::try_from(offset).unwrap_or_default())
            .collect();
        let first = bounds.first().copied().unwrap_or_default();
        let length = bounds.last().copied().unwrap_or_default() - first;
        let columns = rows.columns().iter().map(|column| column.slice(first, length)).collect();
        Ok((columns, bounds.iter().map(|bound| bound - first).collect()))
    }
}

/// The type of a column in the state.
pub(super) fn state_column_type(kind: ColumnKind) -> DataType {
    match kind {
        ColumnKind::Number => DataType::Float64,
        ColumnKind::Category => {
            DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
        }
        ColumnKind::Numbers => DataType::new_large_list(DataType::Float64, true),
    }
}

/// A string column of any encoding as the dictionary that states hold.
pub(in crate::udf) fn encode_strings(strings: &ArrayRef) -> Result<DictionaryArray<Int32Type>> {
    let plain = match strings.data_type() {
        DataType::Dictionary(_, values) if values.as_ref() != &DataType::Utf8 => {
            cast(strings, &DataType::Utf8)?
        }
        DataType::Utf8View | DataType::LargeUtf8 => cast(strings, &DataType::Utf8)?,
        _ => Arc::clone(strings),
    };
    let encoded = cast(&plain, &state_column_type(ColumnKind::Category))?;
    Ok(encoded.as_dictionary::<Int32Type>().clone())
}
