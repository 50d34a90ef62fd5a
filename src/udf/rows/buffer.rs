//! The buffered rows of all groups.

use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::take;
use datafusion_common::Result;
use datafusion_expr::EmitTo;

use super::grouped::GroupedRows;
use super::groups_of_rows::GroupsOfRows;
use super::levels::Levels;
use super::open_chunk::OpenChunk;
use super::schema::{ColumnKind, RowSchema};
use crate::udf::aggregate::batch_bytes;

/// Fewer rows than this are copied where a chunk of their own would do as well: there shall be few chunks.
const SMALL: usize = 1 << 16;

/// Rows that a chunk has room for: at least so many, and at most.
const ROOM: RangeInclusive<usize> = 16..=1 << 20;

/// A chunk has room for one row in so many of those before it, and no more than that is set aside in vain.
const ROOM_SHARE: usize = 6;

/// How much is buffered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::udf) struct Load {
    pub rows: usize,
    pub groups: usize,
    /// The rows of the group that has most.
    pub greatest: usize,
    /// The numbers in the lists of all rows.
    pub list_numbers: usize,
    /// The levels of all categories.
    pub levels: usize,
}

/// Rows of many groups, in columns.
#[derive(Debug)]
pub(in crate::udf) struct RowBuffer {
    schema: RowSchema,
    /// One a column; empty for a column that is no category.
    levels: Vec<Arc<Levels>>,
    /// Rows that came as states, and rows that were collected before.
    chunks: Vec<RowChunk>,
    /// Rows that are being collected.
    open: OpenChunk,
    /// How many rows each group has.
    counts: Vec<u32>,
    /// The rows of all groups, and of the one that has most.
    rows: usize,
    greatest: u32,
    /// The numbers in the lists of all rows.
    list_numbers: usize,
    /// The memory of the chunks, in bytes.
    bytes: usize,
}

/// Rows in columns as they are buffered, categories as `UInt32` codes.
#[derive(Debug)]
struct RowChunk {
    columns: Vec<ArrayRef>,
    groups: GroupsOfRows,
    /// Rows that have not been handed out.
    live: usize,
}

impl RowChunk {
    fn size(&self) -> usize {
        let columns: usize = self.columns.iter().map(Array::get_array_memory_size).sum();
        columns + self.groups.size() + size_of::<Self>()
    }

    /// Whether no row has been handed out.
    fn is_whole(&self) -> bool {
        self.columns.iter().all(|column| column.len() == self.live)
    }
}

impl RowBuffer {
    /// An empty buffer.
    pub fn new(schema: RowSchema) -> Self {
        let levels = schema.columns().iter().map(|_| Arc::new(Levels::default())).collect();
        let open = OpenChunk::default();
        Self {
            schema,
            levels,
            chunks: Vec::new(),
            open,
            counts: Vec::new(),
            rows: 0,
            greatest: 0,
            list_numbers: 0,
            bytes: 0,
        }
    }

    /// How much is buffered.
    pub fn load(&self) -> Load {
        Load {
            rows: self.rows,
            groups: self.counts.len(),
            greatest: self.greatest as usize,
            list_numbers: self.list_numbers,
            levels: self.levels.iter().map(|levels| levels.len()).sum(),
        }
    }

    /// Counts groups, and rows of a group each.
    fn count(&mut self, groups: impl Iterator<Item = (usize, usize)>, total: usize) {
        self.counts.resize(total.max(self.counts.len()), 0);
        for (group, rows) in groups {
            self.rows += rows;
            if let Some(count) = self.counts.get_mut(group) {
                *count = count.saturating_add(u32::try_from(rows).unwrap_or(u32::MAX));
                self.greatest = self.greatest.max(*count);
            }
        }
    }

    fn count_list_numbers(&mut self, columns: &[ArrayRef]) {
        let columns = self.schema.kinds().zip(columns);
        let lists = columns.filter(|(kind, _)| *kind == ColumnKind::Numbers);
        let numbers = lists.filter_map(|(_, lists)| lists.as_list_opt::<i64>());
        self.list_numbers += numbers.map(|lists| lists.values().len()).sum::<usize>();
    }

    /// The memory held, in bytes.
    pub fn size(&self) -> usize {
        let levels: usize = self.levels.iter().map(|levels| levels.size()).sum();
        let chunks = self.chunks.capacity() * size_of::<RowChunk>() + self.bytes + self.open.size();
        let counts = self.counts.capacity() * size_of::<u32>();
        size_of::<Self>() + chunks + levels + counts
    }

    /// What a copy of the states takes, in bytes. An engine with several groups puts their states into order, or parts them:
    /// it copies them, a batch at a time, and holds both.
    pub fn copied_size(&self) -> usize {
        if self.counts.len() < 2 {
            return 0;
        }
        let row: usize = self.schema.kinds().map(ColumnKind::bytes).sum();
        let bytes = self.rows * row + self.list_numbers * ColumnKind::Number.bytes();
        batch_bytes(bytes, self.counts.len())
    }

    /// Adds rows, given in the columns of the schema with categories as strings of any encoding.
    pub fn append(&mut self, columns: Vec<ArrayRef>, groups: &[usize], total: usize) -> Result<()> {
        self.count(groups.iter().map(|&group| (group, 1)), total);
        if groups.is_empty() {
            return Ok(());
        }
        let columns = self.encode_categories(columns)?;
        self.count_list_numbers(&columns);
        self.collect(&columns, groups)
    }

    /// Adds rows to those that are being collected, categories as codes.
    fn collect(&mut self, columns: &[ArrayRef], groups: &[usize]) -> Result<()> {
        let mut done = 0;
        while done < groups.len() {
            let rest = groups.len() - done;
            if self.open.room() == 0 {
                self.close()?;
                let room = self.room_for(rest);
                self.open = OpenChunk::with_room(self.schema.kinds(), columns, room)?;
            }
            let rows = rest.min(self.open.room());
            let part: Vec<ArrayRef> = columns.iter().map(|all| all.slice(done, rows)).collect();
            self.open.append(&part, &groups[done..done + rows])?;
            done += rows;
        }
        Ok(())
    }

    /// The rows that the next chunk shall have room for, of which so many are there already.
    fn room_for(&self, rows: usize) -> usize {
        let before: usize = self.chunks.iter().map(|chunk| chunk.live).sum();
        (before / ROOM_SHARE).max(rows).clamp(*ROOM.start(), *ROOM.end())
    }

    /// Adds the rows of states, one state a group index.
    pub fn merge(&mut self, state: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.count(std::iter::empty(), total);
        for (columns, bounds) in self.schema.read_state(state)? {
            let rows = bounds.last().copied().unwrap_or_default();
            if rows == 0 {
                continue;
            }
            let lengths = bounds.windows(2).map(|bounds| bounds[1] - bounds[0]);
            let lengths = groups.iter().copied().zip(lengths);
            self.count(lengths.clone(), total);
            let columns = self.encode_categories(columns)?;
            self.count_list_numbers(&columns);
            if rows < SMALL {
                let groups: Vec<usize> =
                    lengths.flat_map(|(group, rows)| std::iter::repeat_n(group, rows)).collect();
                self.collect(&columns, &groups)?;
            } else {
                let columns = columns.into_iter().map(compact).collect::<Result<Vec<_>>>()?;
                let groups = GroupsOfRows::of_bounds(groups, &bounds)?;
                self.push(RowChunk { columns, groups, live: rows });
            }
        }
        Ok(())
    }

    /// The state of rows that are not buffered, given as to [`Self::append`], so many of each group.
    pub fn state_of(&self, columns: Vec<ArrayRef>, lengths: &[usize]) -> Result<Vec<ArrayRef>> {
        let columns = self.schema.kinds().zip(columns).map(|(kind, column)| match kind {
            ColumnKind::Category => Ok(Arc::new(Levels::state_of(&column)?) as _),
            ColumnKind::Number | ColumnKind::Single | ColumnKind::Numbers => Ok(column),
        });
        self.schema.state_arrays(&columns.collect::<Result<Vec<_>>>()?, lengths)
    }

    /// Strings as codes of the buffer's own.
    fn encode_categories(&mut self, columns: Vec<ArrayRef>) -> Result<Vec<ArrayRef>> {
        let levels = self.schema.kinds().zip(&mut self.levels);
        let columns = levels.zip(columns).map(|((kind, levels), column)| match kind {
            ColumnKind::Category => Ok(Arc::new(Arc::make_mut(levels).encode(&column)?) as _),
            ColumnKind::Number | ColumnKind::Single | ColumnKind::Numbers => Ok(column),
        });
        columns.collect()
    }

    fn push(&mut self, chunk: RowChunk) {
        self.bytes += chunk.size();
        self.chunks.push(chunk);
    }

    /// Makes a chunk of the rows that were collected.
    fn close(&mut self) -> Result<()> {
        let open = std::mem::take(&mut self.open);
        let live = open.rows();
        if live > 0 {
            let (columns, groups) = open.finish()?;
            self.push(RowChunk { columns, groups, live });
        }
        Ok(())
    }

    /// Takes the rows of the groups that `emit_to` names out of the buffer, group by group.
    pub fn take(&mut self, emit_to: EmitTo) -> Result<GroupedRows> {
        self.close()?;
        let grouped = self.grouped(emit_to);
        self.release(emit_to);
        Ok(grouped)
    }

    /// The rows of the first group, of a buffer that goes on collecting: a window asks after every row.
    pub fn look(&mut self) -> Result<GroupedRows> {
        if self.open.rows() >= SMALL {
            self.close()?;
        }
        if self.open.rows() == 0 {
            return Ok(self.grouped(EmitTo::First(1)));
        }
        let (columns, groups) = self.open.snapshot()?;
        let live = self.open.rows();
        self.chunks.push(RowChunk { columns, groups, live });
        let grouped = self.grouped(EmitTo::First(1));
        self.chunks.pop();
        Ok(grouped)
    }

    fn grouped(&self, emit_to: EmitTo) -> GroupedRows {
        let groups = self.emitted(emit_to);
        let mut grouped = GroupedRows::new(
            self.schema.clone(),
            self.levels.clone(),
            self.chunks.iter().map(|chunk| chunk.columns.clone()).collect(),
            groups,
        );
        if self.counts.len() == 1 && groups == 1 && self.chunks.iter().all(RowChunk::is_whole) {
            grouped.keep_order();
            return grouped;
        }
        let emits = |group: u32| (group as usize) < groups;
        for chunk in &self.chunks {
            chunk.groups.for_each_row(|group, _| {
                if emits(group) {
                    grouped.count(group);
                }
            });
        }
        grouped.start();
        for (index, chunk) in (0_u32..).zip(&self.chunks) {
            chunk.groups.for_each_row(|group, row| {
                if emits(group) {
                    grouped.put(group, index, row);
                }
            });
        }
        grouped
    }

    /// Forgets the groups that `emit_to` names.
    fn release(&mut self, emit_to: EmitTo) {
        let groups = self.emitted(emit_to);
        if groups >= self.counts.len() {
            *self = Self::new(self.schema.clone());
            return;
        }
        // No group has a number that does not fit.
        let n = u32::try_from(groups).unwrap_or(u32::MAX);
        self.chunks.iter_mut().for_each(|chunk| chunk.live = chunk.groups.forget(n));
        self.chunks.retain(|chunk| chunk.live > 0);
        let before = self.rows;
        self.rows -= self.counts.drain(..groups).map(|count| count as usize).sum::<usize>();
        self.greatest = self.counts.iter().copied().max().unwrap_or_default();
        // Whose numbers these were is not known: about as many a row.
        self.list_numbers =
            (self.list_numbers as u128 * self.rows as u128 / before.max(1) as u128) as usize;
        self.bytes = self.chunks.iter().map(RowChunk::size).sum();
    }

    fn emitted(&self, emit_to: EmitTo) -> usize {
        match emit_to {
            EmitTo::All => self.counts.len(),
            EmitTo::First(n) => n,
        }
    }
}

/// A column that does not keep a much larger buffer alive, as a short slice would.
fn compact(column: ArrayRef) -> Result<ArrayRef> {
    let needed = column.to_data().get_slice_memory_size()?;
    if column.get_buffer_memory_size() <= needed + needed / 4 {
        return Ok(column);
    }
    let all = (0..column.len()).map(|row| u32::try_from(row).unwrap_or(u32::MAX));
    Ok(take(&column, &UInt32Array::from_iter_values(all), None)?)
}
