//! The buffered rows of all groups.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, new_null_array};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Int32Type};
use datafusion_common::{Result, exec_datafusion_err};
use datafusion_expr::EmitTo;

use super::grouped::GroupedRows;
use super::levels::Levels;
use super::schema::{ColumnKind, RowSchema};

/// The group of a row that has been handed out.
const GONE: u32 = u32::MAX;

/// Rows of many groups, in columns.
#[derive(Debug)]
pub(in crate::udf) struct RowBuffer {
    schema: RowSchema,
    /// One a column; empty for a column that is no category.
    levels: Vec<Arc<Levels>>,
    chunks: Vec<Chunk>,
    /// How many groups there are.
    groups: usize,
    /// The memory of the chunks, in bytes.
    bytes: usize,
}

/// Rows that arrived together: the columns as they are buffered, categories as `UInt32` codes.
#[derive(Debug)]
struct Chunk {
    columns: Vec<ArrayRef>,
    groups: GroupsOfRows,
    /// Rows that have not been handed out.
    live: usize,
}

/// Which group each row of a chunk belongs to.
#[derive(Debug)]
enum GroupsOfRows {
    /// A group a row.
    Rows(Vec<u32>),
    /// Consecutive rows of one group each.
    Runs(Vec<Run>),
}

#[derive(Debug, Clone, Copy)]
struct Run {
    group: u32,
    start: u32,
    end: u32,
}

impl Chunk {
    fn size(&self) -> usize {
        let groups = match &self.groups {
            GroupsOfRows::Rows(groups) => groups.capacity() * size_of::<u32>(),
            GroupsOfRows::Runs(runs) => runs.capacity() * size_of::<Run>(),
        };
        let columns = self.columns.iter().map(arrow::array::Array::get_buffer_memory_size);
        columns.sum::<usize>() + groups + size_of::<Self>()
    }

    /// Hands out the first `n` groups; those behind them move up.
    fn forget(&mut self, n: u32) {
        let mut live = 0;
        let mut forget = |group: &mut u32, rows: usize| {
            if *group != GONE {
                *group = if *group < n { GONE } else { *group - n };
            }
            live += if *group == GONE { 0 } else { rows };
        };
        match &mut self.groups {
            GroupsOfRows::Rows(groups) => groups.iter_mut().for_each(|group| forget(group, 1)),
            GroupsOfRows::Runs(runs) => {
                for run in runs {
                    forget(&mut run.group, (run.end - run.start) as usize);
                }
            }
        }
        self.live = live;
    }

    /// Calls `visit` with every row that has not been handed out and its group.
    fn for_each_row(&self, mut visit: impl FnMut(u32, u32)) {
        match &self.groups {
            GroupsOfRows::Rows(groups) => {
                for (row, &group) in (0_u32..).zip(groups) {
                    if group != GONE {
                        visit(group, row);
                    }
                }
            }
            GroupsOfRows::Runs(runs) => {
                for run in runs.iter().filter(|run| run.group != GONE) {
                    (run.start..run.end).for_each(|row| visit(run.group, row));
                }
            }
        }
    }
}

impl RowBuffer {
    /// An empty buffer.
    pub fn new(schema: RowSchema) -> Self {
        let levels = schema.columns().iter().map(|_| Arc::new(Levels::default())).collect();
        Self { schema, levels, chunks: Vec::new(), groups: 0, bytes: 0 }
    }

    /// The buffered columns.
    pub fn schema(&self) -> &RowSchema {
        &self.schema
    }

    /// The memory held, in bytes.
    pub fn size(&self) -> usize {
        let levels: usize = self.levels.iter().map(|levels| levels.size()).sum();
        size_of::<Self>() + self.chunks.capacity() * size_of::<Chunk>() + self.bytes + levels
    }

    /// Adds rows, given in the columns of the schema with strings as dictionaries.
    pub fn append(&mut self, columns: Vec<ArrayRef>, groups: &[usize], total: usize) -> Result<()> {
        self.groups = self.groups.max(total);
        if groups.is_empty() {
            return Ok(());
        }
        let groups = groups.iter().map(|&group| narrow(group)).collect::<Result<Vec<u32>>>()?;
        self.push(columns, groups.len(), GroupsOfRows::Rows(groups))
    }

    /// Adds the rows of states, one state a group index.
    pub fn merge(&mut self, state: &ArrayRef, groups: &[usize], total: usize) -> Result<()> {
        self.groups = self.groups.max(total);
        let (columns, bounds) = RowSchema::read_state(state)?;
        let rows = bounds.last().copied().unwrap_or_default();
        if rows == 0 {
            return Ok(());
        }
        let mut runs = Vec::with_capacity(groups.len());
        for (&group, bounds) in groups.iter().zip(bounds.windows(2)) {
            let (start, end) = (narrow(bounds[0])?, narrow(bounds[1])?);
            runs.push(Run { group: narrow(group)?, start, end });
        }
        // A run is worth its three numbers only if it is longer than they are.
        let groups = if runs.len() * 3 <= rows {
            GroupsOfRows::Runs(runs)
        } else {
            let rows_of =
                |run: &Run| std::iter::repeat_n(run.group, (run.end - run.start) as usize);
            GroupsOfRows::Rows(runs.iter().flat_map(rows_of).collect())
        };
        self.push(columns, rows, groups)
    }

    fn push(&mut self, columns: Vec<ArrayRef>, rows: usize, groups: GroupsOfRows) -> Result<()> {
        let kinds = self.schema.columns().iter().map(|column| column.kind);
        let columns = kinds
            .zip(&mut self.levels)
            .zip(columns)
            .map(|((kind, levels), column)| match kind {
                ColumnKind::Category => encode(levels, &column),
                ColumnKind::Number | ColumnKind::Numbers => compact(column),
            })
            .collect::<Result<Vec<_>>>()?;
        let chunk = Chunk { columns, groups, live: rows };
        self.bytes += chunk.size();
        self.chunks.push(chunk);
        Ok(())
    }

    /// Puts the rows of a buffer of one group into one chunk, a column at a time, so that they can be read in place
    /// and no second copy of them is ever needed.
    pub fn consolidate(&mut self) -> Result<()> {
        let rows: usize = self.chunks.iter().map(|chunk| chunk.live).sum();
        let all_live =
            self.chunks.iter().all(|chunk| chunk.columns.iter().all(|c| c.len() == chunk.live));
        if self.groups != 1 || self.chunks.len() < 2 || !all_live || narrow(rows).is_err() {
            return Ok(());
        }
        let mut columns = Vec::with_capacity(self.schema.columns().len());
        for place in 0..self.schema.columns().len() {
            let parts: Vec<ArrayRef> = self
                .chunks
                .iter_mut()
                .map(|chunk| {
                    std::mem::replace(&mut chunk.columns[place], new_null_array(&DataType::Null, 0))
                })
                .collect();
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            columns.push(concat(&parts)?);
        }
        let run = Run { group: 0, start: 0, end: narrow(rows)? };
        self.chunks = vec![Chunk { columns, groups: GroupsOfRows::Runs(vec![run]), live: rows }];
        self.bytes = self.chunks.iter().map(Chunk::size).sum();
        Ok(())
    }

    /// The rows of the groups that `emit_to` names, group by group. The buffer keeps them.
    pub fn grouped(&self, emit_to: EmitTo) -> GroupedRows {
        let groups = self.emitted(emit_to);
        let mut grouped = GroupedRows::new(
            self.schema.clone(),
            self.levels.clone(),
            self.chunks.iter().map(|chunk| chunk.columns.clone()).collect(),
            groups,
        );
        let emits = |group: u32| (group as usize) < groups;
        for chunk in &self.chunks {
            chunk.for_each_row(|group, _| {
                if emits(group) {
                    grouped.count(group);
                }
            });
        }
        grouped.start();
        for (place, chunk) in (0_u32..).zip(&self.chunks) {
            chunk.for_each_row(|group, row| {
                if emits(group) {
                    grouped.place(group, place, row);
                }
            });
        }
        grouped
    }

    /// Forgets the groups that `emit_to` names.
    pub fn release(&mut self, emit_to: EmitTo) {
        let groups = self.emitted(emit_to);
        if groups >= self.groups {
            self.chunks = Vec::new();
            self.levels.iter_mut().for_each(|levels| *levels = Arc::default());
        } else {
            let n = u32::try_from(groups).unwrap_or(GONE);
            self.chunks.iter_mut().for_each(|chunk| chunk.forget(n));
            self.chunks.retain(|chunk| chunk.live > 0);
        }
        self.groups -= groups.min(self.groups);
        self.bytes = self.chunks.iter().map(Chunk::size).sum();
    }

    fn emitted(&self, emit_to: EmitTo) -> usize {
        match emit_to {
            EmitTo::All => self.groups,
            EmitTo::First(n) => n,
        }
    }
}

fn narrow(number: usize) -> Result<u32> {
    u32::try_from(number)
        .ok()
        .filter(|&number| number != GONE)
        .ok_or_else(|| exec_datafusion_err!("more than {GONE} groups or rows in one batch"))
}

fn encode(levels: &mut Arc<Levels>, column: &ArrayRef) -> Result<ArrayRef> {
    let strings = column.as_dictionary_opt::<Int32Type>().ok_or_else(|| {
        exec_datafusion_err!("a category is not a dictionary but {}", column.data_type())
    })?;
    Ok(Arc::new(Arc::make_mut(levels).encode(strings)?))
}

/// A column that does not keep a much larger buffer alive, as a short slice would.
fn compact(column: ArrayRef) -> Result<ArrayRef> {
    let needed = column.to_data().get_slice_memory_size()?;
    if column.get_buffer_memory_size() <= needed + needed / 4 {
        return Ok(column);
    }
    let all = arrow::array::UInt32Array::from_iter_values(0..narrow(column.len())?);
    Ok(take(&column, &all, None)?)
}
