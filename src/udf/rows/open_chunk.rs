//! Rows that are being collected.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, LargeListArray, PrimitiveArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{ArrowNativeType, Float32Type, Float64Type, UInt32Type};
use datafusion_common::{Result, exec_datafusion_err};

use super::grouped::values_of;
use super::groups_of_rows::GroupsOfRows;
use super::schema::{ColumnKind, list_item};

/// Rows copied out of the batches in which they arrived.
///
/// Copying a batch costs little, as it has just been written, and frees it: what an aggregate keeps is what it needs.
/// All room is there from the start: a column that grew would be copied time and again, and leave its old places behind.
#[derive(Debug, Default)]
pub(super) struct OpenChunk {
    columns: Vec<OpenColumn>,
    groups: GroupsOfRows,
    rows: usize,
    room: usize,
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
    /// Room for so many rows like those of `columns`.
    pub fn with_room(
        kinds: impl Iterator<Item = ColumnKind>,
        columns: &[ArrayRef],
        room: usize,
    ) -> Result<Self> {
        let columns =
            kinds.zip(columns).map(|(kind, like)| OpenColumn::with_room(kind, like, room));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        Ok(Self { columns, groups: GroupsOfRows::default(), rows: 0, room })
    }

    /// The rows collected.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many rows more there is room for.
    pub fn room(&self) -> usize {
        self.room - self.rows
    }

    /// Adds rows, categories as codes, with the group of each; at most as many as there is room for.
    pub fn append(&mut self, columns: &[ArrayRef], groups: &[usize]) -> Result<()> {
        self.groups.extend(groups, self.rows, self.room)?;
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

    /// A copy of the columns as they are, and the group of each row.
    pub fn snapshot(&self) -> Result<(Vec<ArrayRef>, GroupsOfRows)> {
        let columns = self.columns.iter().map(|column| column.clone().finish());
        Ok((columns.collect::<Result<Vec<_>>>()?, self.groups.clone()))
    }

    /// The columns, and the group of each row. Room that was not needed is given back.
    pub fn finish(self) -> Result<(Vec<ArrayRef>, GroupsOfRows)> {
        let columns =
            self.columns.into_iter().map(OpenColumn::finish).collect::<Result<Vec<_>>>()?;
        Ok((columns, self.groups))
    }
}

impl OpenColumn {
    fn with_room(kind: ColumnKind, like: &ArrayRef, room: usize) -> Result<Self> {
        Ok(match kind {
            ColumnKind::Number => Self::Doubles(Vec::with_capacity(room)),
            ColumnKind::Single => Self::Singles(Vec::with_capacity(room)),
            ColumnKind::Category => Self::Codes(Vec::with_capacity(room)),
            ColumnKind::Numbers => Self::Lists(OpenLists::with_room(lists_of(like)?, room)),
        })
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
            Self::Doubles(all) => bytes(all),
            Self::Singles(all) => bytes(all),
            Self::Codes(all) => bytes(all),
            Self::Lists(all) => bytes(&all.values) + bytes(&all.lengths) + bytes(&all.valid),
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
    fn with_room(like: &LargeListArray, room: usize) -> Self {
        let values = like.offsets()[like.len()].as_usize() - like.offsets()[0].as_usize();
        let numbers = (values * room).div_ceil(like.len().max(1));
        Self {
            values: Vec::with_capacity(numbers),
            lengths: Vec::with_capacity(room),
            valid: Vec::with_capacity(room),
        }
    }

    fn append(&mut self, column: &ArrayRef) -> Result<()> {
        let lists = lists_of(column)?;
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

fn lists_of(column: &ArrayRef) -> Result<&LargeListArray> {
    column.as_list_opt::<i64>().ok_or_else(|| {
        exec_datafusion_err!("a buffered column is {}, not of lists", column.data_type())
    })
}

/// The memory of a vector, room included.
fn bytes<T>(values: &Vec<T>) -> usize {
    values.capacity() * size_of::<T>()
}

fn array<T: ArrowPrimitiveType>(mut values: Vec<T::Native>) -> ArrayRef {
    values.shrink_to_fit();
    Arc::new(PrimitiveArray::<T>::new(values.into(), None))
}
