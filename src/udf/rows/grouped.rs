//! Buffered rows put together group by group.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, UInt32Array, new_empty_array,
};
use arrow::compute::{concat, interleave};
use arrow::datatypes::{DataType, Float64Type, UInt32Type};
use datafusion_common::{Result, exec_datafusion_err};

use super::levels::Levels;
use super::schema::{ColumnKind, RowSchema, state_column_type};
use crate::fit::RowId;

/// The rows of some groups: columns in chunks, and for every group which rows are its own.
#[derive(Debug)]
pub(in crate::udf) struct GroupedRows {
    schema: RowSchema,
    levels: Vec<Arc<Levels>>,
    chunks: Vec<Vec<ArrayRef>>,
    /// Where the rows of each group begin in `rows`, and where the last ends.
    offsets: Vec<usize>,
    rows: Vec<RowId>,
}

impl GroupedRows {
    /// Rows that are still to be counted, then placed.
    pub(super) fn new(
        schema: RowSchema,
        levels: Vec<Arc<Levels>>,
        chunks: Vec<Vec<ArrayRef>>,
        groups: usize,
    ) -> Self {
        Self { schema, levels, chunks, offsets: vec![0; groups + 1], rows: Vec::new() }
    }

    /// Counts a row of a group.
    pub(super) fn count(&mut self, group: u32) {
        if let Some(count) = self.offsets.get_mut(group as usize) {
            *count += 1;
        }
    }

    /// Turns counts into the places of the first rows.
    pub(super) fn start(&mut self) {
        let mut total = 0;
        for offset in &mut self.offsets {
            total += std::mem::replace(offset, total);
        }
        self.rows = vec![RowId { chunk: 0, row: 0 }; total];
    }

    /// Places a row of a group behind its earlier ones. When all are placed every offset has moved to the end of
    /// its group, which is where the next group begins.
    pub(super) fn place(&mut self, group: u32, chunk: u32, row: u32) {
        let Some(offset) = self.offsets.get_mut(group as usize) else { return };
        if let Some(place) = self.rows.get_mut(*offset) {
            *place = RowId { chunk, row };
        }
        *offset += 1;
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.offsets.len() - 1
    }

    fn bounds(&self, group: usize) -> Range<usize> {
        let start = group.checked_sub(1).map_or(0, |before| self.offsets[before]);
        start..self.offsets[group]
    }

    /// The rows of a group.
    pub fn rows(&self, group: usize) -> &[RowId] {
        &self.rows[self.bounds(group)]
    }

    /// The columns of every chunk, in the order of the schema; categories as `UInt32` codes.
    pub fn chunks(&self) -> &[Vec<ArrayRef>] {
        &self.chunks
    }

    /// What the codes of a column stand for; empty for a column that is no category.
    pub fn levels(&self, column: usize) -> Vec<Option<&str>> {
        self.levels.get(column).map(|levels| levels.values()).unwrap_or_default()
    }

    /// A column of numbers of one group: read in place where the group is a chunk.
    pub fn numbers(&self, column: usize, group: usize) -> Result<Cow<'_, [f64]>> {
        let chunks = self
            .chunks
            .iter()
            .map(|columns| primitive_values::<Float64Type>(columns, column))
            .collect::<Result<Vec<_>>>()?;
        Ok(match chunks.as_slice() {
            [one] if self.groups() == 1 && one.len() == self.rows.len() => Cow::Borrowed(*one),
            chunks => Cow::Owned(gather(chunks, self.rows(group))),
        })
    }

    /// The state of the groups. A column's chunks are let go as soon as it is put together.
    pub fn into_state(mut self) -> Result<ArrayRef> {
        let mut columns = Vec::with_capacity(self.schema.columns().len());
        for (place, column) in self.schema.columns().iter().enumerate() {
            let chunks: Vec<ArrayRef> = self
                .chunks
                .iter_mut()
                .filter_map(|chunk| chunk.get_mut(place))
                .map(|column| std::mem::replace(column, new_empty_array(&DataType::Null)))
                .collect();
            columns.push(match column.kind {
                ColumnKind::Number => self.column::<Float64Type>(&chunks)?,
                ColumnKind::Numbers => self.lists(&chunks)?,
                ColumnKind::Category => {
                    let codes = self.column::<UInt32Type>(&chunks)?;
                    let codes: &UInt32Array = codes.as_primitive();
                    Arc::new(self.levels[place].decode(codes)?)
                }
            });
        }
        let lengths = (0..self.groups()).map(|group| self.bounds(group).len());
        self.schema.state_array(columns, lengths, self.rows.len())
    }

    /// Whether the rows of all groups lie in the order of the chunks, as they do where there is one group.
    fn in_order(&self, chunks: &[ArrayRef]) -> bool {
        let total: usize = chunks.iter().map(arrow::array::Array::len).sum();
        self.groups() == 1 && total == self.rows.len() && !chunks.is_empty()
    }

    fn column<T: ArrowPrimitiveType>(&self, chunks: &[ArrayRef]) -> Result<ArrayRef> {
        if self.in_order(chunks) {
            return concat_chunks(chunks);
        }
        let values =
            chunks.iter().map(|chunk| values_of::<T>(chunk)).collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(PrimitiveArray::<T>::from_iter_values(gather(&values, &self.rows))))
    }

    fn lists(&self, chunks: &[ArrayRef]) -> Result<ArrayRef> {
        if self.in_order(chunks) {
            return concat_chunks(chunks);
        }
        if chunks.is_empty() {
            return Ok(new_empty_array(&state_column_type(ColumnKind::Numbers)));
        }
        let arrays: Vec<&dyn Array> = chunks.iter().map(std::convert::AsRef::as_ref).collect();
        let rows: Vec<(usize, usize)> =
            self.rows.iter().map(|id| (id.chunk as usize, id.row as usize)).collect();
        Ok(interleave(&arrays, &rows)?)
    }
}

fn concat_chunks(chunks: &[ArrayRef]) -> Result<ArrayRef> {
    match chunks {
        [one] => Ok(Arc::clone(one)),
        many => {
            let arrays: Vec<&dyn Array> = many.iter().map(std::convert::AsRef::as_ref).collect();
            Ok(concat(&arrays)?)
        }
    }
}

fn gather<T: Copy + Default>(chunks: &[&[T]], rows: &[RowId]) -> Vec<T> {
    let value = |id: &RowId| {
        chunks.get(id.chunk as usize).and_then(|chunk| chunk.get(id.row as usize)).copied()
    };
    rows.iter().map(|id| value(id).unwrap_or_default()).collect()
}

fn values_of<T: ArrowPrimitiveType>(array: &ArrayRef) -> Result<&[T::Native]> {
    let array = array.as_primitive_opt::<T>().ok_or_else(|| {
        exec_datafusion_err!("a buffered column is {}, not {}", array.data_type(), T::DATA_TYPE)
    })?;
    Ok(array.values())
}

/// The values of one column of a chunk.
pub(in crate::udf) fn primitive_values<T: ArrowPrimitiveType>(
    columns: &[ArrayRef],
    column: usize,
) -> Result<&[T::Native]> {
    let array = columns
        .get(column)
        .ok_or_else(|| exec_datafusion_err!("there is no buffered column {column}"))?;
    values_of::<T>(array)
}
