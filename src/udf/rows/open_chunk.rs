//! Rows that are being collected.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, LargeListArray, PrimitiveArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{ArrowNativeType, Float32Type, Float64Type, UInt32Type};
use datafusion_common::{Result, exec_datafusion_err};

use super::grouped::values_of;
use super::groups_of_rows::GroupsOfRows;
use super::schema::{ColumnKind, list_item};

/// Rows of a chunk. A column that grew without end would be copied each time, and leave its old places behind; one of
/// this length is so large that most allocators give its memory back to the system when it is let go.
const FULL: usize = 1 << 20;

/// Rows copied out of the batches in which they arrived.
///
/// Copying a batch costs little, as it has just been written, and frees it: what an aggregate keeps is what it needs.
#[derive(Debug)]
pub(super) struct OpenChunk {
    columns: Vec<OpenColumn>,
    groups: GroupsOfRows,
    rows: usize,
}

#[derive(Debug, Clone)]
enum OpenColumn {
    Doubles(Vec<f64>),
    Singles(Vec<f32>),
    Codes(Vec<u32>),
    Lists(OpenLists),
}

/// Lists of numbers; a NULL number is NaN already.
#[derive(Debug, Clone, Default)]
struct OpenLists {
    values: Vec<f64>,
    lengths: Vec<usize>,
    valid: Vec<bool>,
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

    /// The memory held, in bytes, without room that was never written to.
    pub fn size(&self) -> usize {
        self.columns.iter().map(OpenColumn::size).sum::<usize>() + self.groups.size()
    }

    /// A copy of the columns as they are, and the group of each row.
    pub fn snapshot(&self) -> Result<(Vec<ArrayRef>, GroupsOfRows)> {
        let columns = self.columns.iter().map(|column| column.clone().finish());
        Ok((columns.collect::<Result<Vec<_>>>()?, self.groups.clone()))
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
            ColumnKind::Numbers => Self::Lists(OpenLists::default()),
        }
    }

    fn append(&mut self, column: &ArrayRef) -> Result<()> {
        match self {
            Self::Doubles(all) => all.extend_from_slice(values_of::<Float64Type>(column)?),
            Self::Singles(all) => all.extend_from_slice(values_of::<Float32Type>(column)?),
            Self::Codes(all) => all.extend_from_slice(values_of::<UInt32Type>(column)?),
            Self::Lists(all) => all.append(column)?,
        }
        Ok(())
    }

    fn size(&self) -> usize {
        match self {
            Self::Doubles(all) => all.len() * size_of::<f64>(),
            Self::Singles(all) => all.len() * size_of::<f32>(),
            Self::Codes(all) => all.len() * size_of::<u32>(),
            Self::Lists(all) => {
                let row = size_of::<usize>() + size_of::<bool>();
                all.values.len() * size_of::<f64>() + all.lengths.len() * row
            }
        }
    }

    fn finish(self) -> Result<ArrayRef> {
        Ok(match self {
            Self::Doubles(all) => array::<Float64Type>(all),
            Self::Singles(all) => array::<Float32Type>(all),
            Self::Codes(all) => array::<UInt32Type>(all),
            Self::Lists(all) => all.finish()?,
        })
    }
}

impl OpenLists {
    fn append(&mut self, column: &ArrayRef) -> Result<()> {
        let lists = column.as_list_opt::<i64>().ok_or_else(|| {
            exec_datafusion_err!("a buffered column is {}, not of lists", column.data_type())
        })?;
        let offsets = lists.offsets();
        let (first, last) = (offsets[0].as_usize(), offsets[lists.len()].as_usize());
        self.values.extend_from_slice(&values_of::<Float64Type>(lists.values())?[first..last]);
        self.lengths.extend(offsets.lengths());
        self.valid.extend((0..lists.len()).map(|row| lists.is_valid(row)));
        Ok(())
    }

    fn finish(self) -> Result<ArrayRef> {
        let offsets = OffsetBuffer::<i64>::from_lengths(self.lengths);
        let nulls = self.valid.contains(&false).then(|| NullBuffer::from(self.valid));
        let values = array::<Float64Type>(self.values);
        let item = list_item(ColumnKind::Number);
        Ok(Arc::new(LargeListArray::try_new(item, offsets, values, nulls)?))
    }
}

fn array<T: ArrowPrimitiveType>(values: Vec<T::Native>) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::new(values.into(), None))
}
