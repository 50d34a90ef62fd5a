//! Which columns of a row are buffered, and their Arrow types.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, LargeListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, exec_datafusion_err};
use datafusion_expr::utils::format_state_name;

use crate::udf::lists::trimmed;

/// Pieces of a state, which have about as many rows each.
const PIECES: usize = 4;

/// Padding is at most one value in so many.
const PADDING_SHARE: usize = 8;

/// What a buffered column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::udf) enum ColumnKind {
    /// `Float64` without NULLs; NaN is missing.
    Number,
    /// `Float32` without NULLs; NaN is missing.
    Single,
    /// Strings; NULL is a value of its own.
    Category,
    /// Lists of `Float64`.
    Numbers,
}

impl ColumnKind {
    /// The bytes of a row, beside the numbers of a list.
    pub fn bytes(self) -> usize {
        match self {
            Self::Number => size_of::<f64>(),
            Self::Single => size_of::<f32>(),
            Self::Category => size_of::<i32>(),
            Self::Numbers => size_of::<i64>(),
        }
    }
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

    /// What the columns hold.
    pub fn kinds(&self) -> impl Iterator<Item = ColumnKind> {
        self.columns.iter().map(|column| column.kind)
    }

    /// The state of `function`: the rows in [`PIECES`] pieces, and of each piece a list of every column's values.
    ///
    /// Not one list of structs, since an engine that calls across a library border turns every field of a state into
    /// bytes, and holds it several times over while it does.
    pub fn state_fields(&self, function: &str) -> Vec<FieldRef> {
        let pieces = (0..PIECES).flat_map(|piece| {
            self.columns.iter().map(move |column| {
                let name = format_state_name(function, &format!("{}, {piece}", column.name));
                Arc::new(Field::new(name, DataType::LargeList(list_item(column.kind)), true))
            })
        });
        pieces.collect()
    }

    /// The state of groups whose rows lie one behind the other in `columns`, `lengths` rows each. What is in the columns
    /// beyond them may be [`padding`].
    pub fn state_arrays(&self, columns: &[ArrayRef], lengths: &[usize]) -> Result<Vec<ArrayRef>> {
        let mut arrays = Vec::with_capacity(PIECES * columns.len());
        for part in parts(lengths) {
            let padded = part.len() + padding(part.len(), lengths.len());
            let values =
                |column: &ArrayRef| column.slice(part.start, padded.min(column.len() - part.start));
            arrays.extend(self.piece_arrays(columns.iter().map(values), &part, lengths)?);
        }
        Ok(arrays)
    }

    /// The arrays of one piece of a state from the values of its part of all rows.
    pub fn piece_arrays(
        &self,
        columns: impl IntoIterator<Item = ArrayRef>,
        part: &Range<usize>,
        lengths: &[usize],
    ) -> Result<Vec<ArrayRef>> {
        let offsets = OffsetBuffer::<i64>::from_lengths(lengths_within(part, lengths));
        let lists = self.columns.iter().zip(columns).map(|(column, values)| {
            let lists =
                LargeListArray::try_new(list_item(column.kind), offsets.clone(), values, None)?;
            Ok(Arc::new(lists) as ArrayRef)
        });
        lists.collect()
    }

    /// The pieces of a state: columns, and where the rows of each group begin and end in them.
    pub fn read_state(&self, state: &[ArrayRef]) -> Result<Vec<(Vec<ArrayRef>, Vec<usize>)>> {
        let expected = PIECES * self.columns.len();
        if state.len() != expected {
            let got = state.len();
            return Err(exec_datafusion_err!("a state of rows has {got} columns, not {expected}"));
        }
        state.chunks(self.columns.len()).map(|piece| self.read_piece(piece)).collect()
    }

    fn read_piece(&self, piece: &[ArrayRef]) -> Result<(Vec<ArrayRef>, Vec<usize>)> {
        let mut columns = Vec::with_capacity(piece.len());
        let mut bounds: Option<Vec<usize>> = None;
        for (column, lists) in self.columns.iter().zip(piece) {
            let (values, own) = read_lists(column, lists)?;
            if bounds.get_or_insert_with(|| own.clone()) != &own {
                return Err(exec_datafusion_err!(
                    "the columns of a state of rows differ in length"
                ));
            }
            columns.push(values);
        }
        Ok((columns, bounds.unwrap_or_default()))
    }
}

/// The parts of all rows that the pieces of a state hold.
pub(super) fn parts(lengths: &[usize]) -> impl Iterator<Item = Range<usize>> {
    let rows: usize = lengths.iter().sum();
    (0..PIECES).map(move |piece| rows * piece / PIECES..rows * (piece + 1) / PIECES)
}

/// How many more values than a state has shall lie behind them, of so many values in so many lists.
///
/// Arrow copies lists into room for as many values as there are on average in a list, rounded down, times the lists. What is
/// missing by the rounding would double the room; where there is nothing to round, there is none too much.
pub(super) fn padding(values: usize, lists: usize) -> usize {
    let padded = values.next_multiple_of(lists.max(1));
    if padded - values <= values / PADDING_SHARE { padded - values } else { 0 }
}

/// How many of the rows of each group, one group behind the other, are within a part of all rows.
fn lengths_within(part: &Range<usize>, lengths: &[usize]) -> impl Iterator<Item = usize> {
    let mut end = 0;
    lengths.iter().map(move |length| {
        let start = end;
        end += length;
        end.min(part.end).saturating_sub(start.max(part.start))
    })
}

/// The values of a column of a state, and where those of each group begin and end.
fn read_lists(column: &RowColumn, lists: &ArrayRef) -> Result<(ArrayRef, Vec<usize>)> {
    let got = lists.data_type();
    let lists = lists
        .as_list_opt::<i64>()
        .filter(|lists| lists.value_type() == state_column_type(column.kind))
        .ok_or_else(|| exec_datafusion_err!("the state of `{}` is a {got}", column.name))?;
    let bounds: Vec<usize> =
        lists.offsets().iter().map(|&offset| usize::try_from(offset).unwrap_or_default()).collect();
    let first = bounds.first().copied().unwrap_or_default();
    let length = bounds.last().copied().unwrap_or_default() - first;
    // A slice of lists within these lists would be counted, and kept, with the values of all.
    let values = trimmed(&lists.values().slice(first, length))?;
    Ok((values, bounds.iter().map(|bound| bound - first).collect()))
}

/// The item of the lists that hold values of a column.
pub(super) fn list_item(kind: ColumnKind) -> FieldRef {
    Arc::new(Field::new("item", state_column_type(kind), true))
}

/// The type of a column in the state.
pub(super) fn state_column_type(kind: ColumnKind) -> DataType {
    match kind {
        ColumnKind::Number => DataType::Float64,
        ColumnKind::Single => DataType::Float32,
        // With 64-bit offsets: the strings of a group may be more than 2 GiB.
        ColumnKind::Category => dictionary_type(DataType::LargeUtf8),
        ColumnKind::Numbers => DataType::new_large_list(DataType::Float64, true),
    }
}

fn dictionary_type(values: DataType) -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(values))
}
