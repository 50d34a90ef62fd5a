//! Rows that are being collected.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use arrow::compute::concat;
use arrow::datatypes::{Float32Type, Float64Type, UInt32Type};
use datafusion_common::Result;

use super::grouped::values_of;
use super::groups_of_rows::GroupsOfRows;
use super::schema::{ColumnKind, state_column_type};

/// Rows of a chunk: enough that there are few chunks, so few that a column of one is never large. A column that grew
/// without end would be copied each time, and leave its old places behind for the allocator.
const FULL: usize = 1 << 17;

/// Rows copied out of the batches in which they arrived.
///
/// Copying a batch costs little, as it has just been written, and frees it: what an aggregate keeps is what it needs.
#[derive(Debug)]
pub(super) struct OpenChunk {
    columns: Vec<OpenColumn>,
    groups: GroupsOfRows,
    rows: usize,
}

#[derive(Debug)]
enum OpenColumn {
    Doubles(Vec<f64>),
    Singles(Vec<f32>),
    Codes(Vec<u32>),
    /// Lists are kept as they came: in one piece they might not fit into an array.
    Lists(Vec<ArrayRef>),
}

impl OpenChunk {
    /// Without rows; with room for a full chunk if that is to be expected.
    pub fn new(kinds: impl Iterator<Item = ColumnKind>, expect_full: bool) -> Self {
        let room = if expect_full { FULL } else { 0 };
        Self {
            columns: kinds.map(|kind| OpenColumn::new(kind, room)).collect(),
            groups: GroupsOfRows::default(),
            rows: 0,
        }
    }

    /// The rows collected.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether so many rows more are too many.
    pub fn is_full(&self, more: usize) -> bool {
        self.rows > 0 && self.rows + more > FULL
    }

    /// Adds rows, categories as codes, with the group of each.
    pub fn append(&mut self, columns: &[ArrayRef], groups: &[usize]) -> Result<()> {
        self.groups.extend(groups, self.rows)?;
        for (all, column) in self.columns.iter_mut().zip(columns) {
            all.append(column)?;
        }
        self.rows += groups.len();
        Ok(())
    }

    /// The memory held, in bytes.
    pub fn size(&self) -> usize {
        self.columns.iter().map(OpenColumn::size).sum::<usize>() + self.groups.size()
    }

    /// The columns, and the group of each row.
    pub fn finish(self) -> Result<(Vec<ArrayRef>, GroupsOfRows)> {
        let columns =
            self.columns.into_iter().map(OpenColumn::finish).collect::<Result<Vec<_>>>()?;
        Ok((columns, self.groups))
    }
}

impl OpenColumn {
    fn new(kind: ColumnKind, room: usize) -> Self {
        match kind {
            ColumnKind::Number => Self::Doubles(Vec::with_capacity(room)),
            ColumnKind::Single => Self::Singles(Vec::with_capacity(room)),
            ColumnKind::Category => Self::Codes(Vec::with_capacity(room)),
            ColumnKind::Numbers => Self::Lists(Vec::new()),
        }
    }

    fn append(&mut self, column: &ArrayRef) -> Result<()> {
        match self {
            Self::Doubles(all) => all.extend_from_slice(values_of::<Float64Type>(column)?),
            Self::Singles(all) => all.extend_from_slice(values_of::<Float32Type>(column)?),
            Self::Codes(all) => all.extend_from_slice(values_of::<UInt32Type>(column)?),
            Self::Lists(all) => all.push(Arc::clone(column)),
        }
        Ok(())
    }

    fn size(&self) -> usize {
        match self {
            Self::Doubles(all) => all.capacity() * size_of::<f64>(),
            Self::Singles(all) => all.capacity() * size_of::<f32>(),
            Self::Codes(all) => all.capacity() * size_of::<u32>(),
            Self::Lists(all) => all.iter().map(|lists| lists.get_buffer_memory_size()).sum(),
        }
    }

    fn finish(self) -> Result<ArrayRef> {
        Ok(match self {
            Self::Doubles(all) => array::<Float64Type>(all),
            Self::Singles(all) => array::<Float32Type>(all),
            Self::Codes(all) => array::<UInt32Type>(all),
            Self::Lists(all) => {
                let all: Vec<&dyn Array> = all.iter().map(AsRef::as_ref).collect();
                match all.as_slice() {
                    [] => arrow::array::new_empty_array(&state_column_type(ColumnKind::Numbers)),
                    all => concat(all)?,
                }
            }
        })
    }
}

fn array<T: ArrowPrimitiveType>(values: Vec<T::Native>) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::new(values.into(), None))
}
