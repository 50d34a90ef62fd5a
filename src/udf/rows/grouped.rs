//! Buffered rows put together group by group.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, UInt32Array, new_empty_array,
};
use arrow::compute::{concat, interleave};
use arrow::datatypes::{DataType, Float32Type, Float64Type, UInt32Type};
use datafusion_common::{Result, exec_datafusion_err};

use super::levels::Levels;
use super::schema::{ColumnKind, RowSchema, padding, parts, state_column_type};
use crate::fit::RowId;
use crate::udf::lists::trimmed;

/// The rows of some groups: columns in chunks, and for every group which rows are its own.
#[derive(Debug)]
pub(in crate::udf) struct GroupedRows {
    schema: RowSchema,
    levels: Vec<Arc<Levels>>,
    chunks: Vec<Vec<ArrayRef>>,
    /// Where the rows of each group begin in `rows`, and where the last ends.
    offsets: Vec<usize>,
    /// `None` where all rows of the chunks, in their order, are those of one group.
    rows: Option<Vec<RowId>>,
}

impl GroupedRows {
    /// Rows that are still to be counted, then put into their groups.
    pub(super) fn new(
        schema: RowSchema,
        levels: Vec<Arc<Levels>>,
        chunks: Vec<Vec<ArrayRef>>,
        groups: usize,
    ) -> Self {
        Self { schema, levels, chunks, offsets: vec![0; groups + 1], rows: Some(Vec::new()) }
    }

    /// Says that the rows of all chunks, in their order, are those of the only group.
    pub(super) fn keep_order(&mut self) {
        self.offsets = vec![self.chunk_lengths().sum(); 2];
        self.rows = None;
    }

    fn chunk_lengths(&self) -> impl Iterator<Item = usize> {
        self.chunks.iter().map(|columns| columns.first().map_or(0, Array::len))
    }

    /// Counts a row of a group.
    pub(super) fn count(&mut self, group: u32) {
        if let Some(count) = self.offsets.get_mut(group as usize) {
            *count += 1;
        }
    }

    /// Turns counts into where the rows of each group begin.
    pub(super) fn start(&mut self) {
        let mut total = 0;
        for offset in &mut self.offsets {
            total += std::mem::replace(offset, total);
        }
        self.rows = Some(vec![RowId { chunk: 0, row: 0 }; total]);
    }

    /// Puts a row of a group behind its earlier ones. When all are put every offset has moved to the end of
    /// its group, which is where the next group begins.
    pub(super) fn put(&mut self, group: u32, chunk: u32, row: u32) {
        let Some(offset) = self.offsets.get_mut(group as usize) else { return };
        if let Some(slot) = self.rows.as_mut().and_then(|rows| rows.get_mut(*offset)) {
            *slot = RowId { chunk, row };
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
    pub fn rows(&self, group: usize) -> Cow<'_, [RowId]> {
        if let Some(rows) = &self.rows {
            return Cow::Borrowed(&rows[self.bounds(group)]);
        }
        // A chunk's rows are numbered in 32 bits.
        let rows_of =
            |(chunk, rows): (u32, usize)| (0..rows as u32).map(move |row| RowId { chunk, row });
        Cow::Owned((0_u32..).zip(self.chunk_lengths()).flat_map(rows_of).collect())
    }

    /// Keeps these rows of each group.
    pub(super) fn keep(&mut self, rows: Vec<Vec<RowId>>) {
        let mut end = 0;
        self.offsets = rows
            .iter()
            .map(|rows| {
                end += rows.len();
                end
            })
            .collect();
        self.offsets.push(end);
        self.rows = Some(rows.into_iter().flatten().collect());
    }

    /// The columns of every chunk, in the order of the schema; categories as `UInt32` codes.
    pub fn chunks(&self) -> &[Vec<ArrayRef>] {
        &self.chunks
    }

    /// What the codes of a column stand for; empty for a column that is no category.
    pub fn levels(&self, column: usize) -> Vec<Option<&str>> {
        self.levels.get(column).map(|levels| levels.values()).unwrap_or_default()
    }

    /// A column of numbers, chunk by chunk.
    pub fn numbers(&self, column: usize) -> Result<Vec<&[f64]>> {
        let chunks = self.chunks.iter().map(|chunk| primitive_values::<Float64Type>(chunk, column));
        chunks.collect()
    }

    /// The values of one group in a column of these chunks, in pieces that are the same for all columns: the chunks
    /// read in place where all rows are those of one group, else one piece that is put together.
    pub fn pieces<'a>(&self, chunks: &[&'a [f64]], group: usize) -> Vec<Cow<'a, [f64]>> {
        match &self.rows {
            None => chunks.iter().map(|chunk| Cow::Borrowed(*chunk)).collect(),
            Some(_) => vec![Cow::Owned(gather(chunks, &self.rows(group)))],
        }
    }

    /// The state of the groups. Memory is let go as soon as it has been read.
    pub fn into_state(mut self) -> Result<Vec<ArrayRef>> {
        let lengths: Vec<usize> =
            (0..self.groups()).map(|group| self.bounds(group).len()).collect();
        match self.rows.take() {
            Some(mut rows) => {
                pad(&mut rows, &lengths);
                self.grouped_state(&rows, &lengths)
            }
            None => self.ordered_state(&lengths),
        }
    }

    /// The state of rows that are picked from the chunks: a column after the other.
    fn grouped_state(mut self, rows: &[RowId], lengths: &[usize]) -> Result<Vec<ArrayRef>> {
        let mut columns = Vec::with_capacity(self.schema.columns().len());
        for (index, kind) in self.schema.kinds().enumerate() {
            let take = |chunk: &mut Vec<ArrayRef>| {
                let column = chunk.get_mut(index)?;
                Some(std::mem::replace(column, new_empty_array(&DataType::Null)))
            };
            let chunks: Vec<ArrayRef> = self.chunks.iter_mut().filter_map(take).collect();
            columns.push(match kind {
                ColumnKind::Number => pick::<Float64Type>(&chunks, rows)?,
                ColumnKind::Single => pick::<Float32Type>(&chunks, rows)?,
                ColumnKind::Numbers => pick_lists(&chunks, rows)?,
                ColumnKind::Category => self.decode(index, &pick::<UInt32Type>(&chunks, rows)?)?,
            });
        }
        self.schema.state_arrays(&columns, lengths)
    }

    /// The state of all rows in their order: a piece after the other.
    fn ordered_state(mut self, lengths: &[usize]) -> Result<Vec<ArrayRef>> {
        let mut arrays = Vec::new();
        let mut start = 0;
        for part in parts(lengths) {
            let mut columns = Vec::with_capacity(self.schema.columns().len());
            for (index, kind) in self.schema.kinds().enumerate() {
                let values =
                    self.part_of_column(index, kind, part.start - start..part.end - start)?;
                let is_category = kind == ColumnKind::Category;
                columns.push(if is_category { self.decode(index, &values)? } else { values });
            }
            arrays.extend(self.schema.piece_arrays(columns, &part, lengths)?);
            start += self.drop_chunks(part.end - start);
        }
        Ok(arrays)
    }

    /// Some of the rows of all chunks, in their order.
    fn part_of_column(
        &self,
        index: usize,
        kind: ColumnKind,
        part: Range<usize>,
    ) -> Result<ArrayRef> {
        let mut slices = Vec::new();
        let mut start = 0;
        for column in self.chunks.iter().filter_map(|chunk| chunk.get(index)) {
            let end = start + column.len();
            let overlap = part.start.max(start)..part.end.min(end);
            if !overlap.is_empty() {
                slices.push(trimmed(&column.slice(overlap.start - start, overlap.len()))?);
            }
            start = end;
        }
        let slices: Vec<&dyn Array> = slices.iter().map(AsRef::as_ref).collect();
        match slices.as_slice() {
            [] => Ok(new_empty_array(&buffered_type(kind))),
            slices => Ok(concat(slices)?),
        }
    }

    /// Lets the first chunks go that lie within so many rows, and says how many rows these were.
    fn drop_chunks(&mut self, rows: usize) -> usize {
        let mut dropped = 0;
        let lengths: Vec<usize> = self.chunk_lengths().collect();
        let count = lengths.iter().take_while(|&&length| {
            let fits = dropped + length <= rows;
            dropped += if fits { length } else { 0 };
            fits
        });
        let count = count.count();
        self.chunks.drain(..count);
        dropped
    }

    /// Codes of a category as the dictionary that states hold.
    fn decode(&self, index: usize, codes: &ArrayRef) -> Result<ArrayRef> {
        let codes: &UInt32Array = codes.as_primitive();
        Ok(Arc::new(self.levels[index].decode(codes)?))
    }
}

/// Repeats the last row behind the last piece.
fn pad(rows: &mut Vec<RowId>, lengths: &[usize]) {
    let Some(&last) = rows.last() else { return };
    let piece = parts(lengths).last().map_or(0, |part| part.len());
    let padding = padding(piece, lengths.len());
    rows.reserve_exact(padding);
    rows.extend(std::iter::repeat_n(last, padding));
}

/// The type of a column in the buffer.
fn buffered_type(kind: ColumnKind) -> DataType {
    match kind {
        ColumnKind::Category => DataType::UInt32,
        other => state_column_type(other),
    }
}

fn pick<T: ArrowPrimitiveType>(chunks: &[ArrayRef], rows: &[RowId]) -> Result<ArrayRef> {
    let values = chunks.iter().map(|chunk| values_of::<T>(chunk)).collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(PrimitiveArray::<T>::new(gather(&values, rows).into(), None)))
}

fn pick_lists(chunks: &[ArrayRef], rows: &[RowId]) -> Result<ArrayRef> {
    if chunks.is_empty() {
        return Ok(new_empty_array(&state_column_type(ColumnKind::Numbers)));
    }
    let arrays: Vec<&dyn Array> = chunks.iter().map(AsRef::as_ref).collect();
    let rows: Vec<(usize, usize)> =
        rows.iter().map(|id| (id.chunk as usize, id.row as usize)).collect();
    Ok(interleave(&arrays, &rows)?)
}

fn gather<T: Copy + Default>(chunks: &[&[T]], rows: &[RowId]) -> Vec<T> {
    let value = |id: &RowId| {
        chunks.get(id.chunk as usize).and_then(|chunk| chunk.get(id.row as usize)).copied()
    };
    rows.iter().map(|id| value(id).unwrap_or_default()).collect()
}

pub(super) fn values_of<T: ArrowPrimitiveType>(array: &ArrayRef) -> Result<&[T::Native]> {
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
