//! Columns of lists of numbers.

use std::ops::Range;

use polars::prelude::{DataType, Float64Chunked, IntoSeries, PolarsResult, Series};
use polars_arrow::array::PrimitiveArray;

use super::number::doubles_with_nan;
use crate::fit::NO_LIST;

/// Lists of numbers, with NaN in the place of a NULL number, and where each lies. A list alone is that of every row.
#[derive(Debug)]
pub(super) struct NumberLists {
    numbers: PrimitiveArray<f64>,
    bounds: Vec<Option<Range<usize>>>,
}

impl NumberLists {
    /// Reads a column of lists, of any length or of one.
    pub(super) fn try_new(series: &Series) -> PolarsResult<Self> {
        match series.dtype() {
            DataType::Array(_, width) => Self::of_arrays(series, *width),
            _ => Self::of_lists(series),
        }
    }

    fn of_lists(series: &Series) -> PolarsResult<Self> {
        let lists = series.list()?.rechunk();
        let numbers = doubles_with_nan(&lists.get_inner())?;
        let bounds = lists.downcast_iter().next().map(|array| {
            let is_valid =
                |row: usize| array.validity().is_none_or(|bits| bits.get(row) == Some(true));
            let lists = array.offsets().offset_and_length_iter().enumerate();
            let bounds =
                lists.map(|(row, (start, length))| is_valid(row).then_some(start..start + length));
            bounds.collect()
        });
        Ok(Self { numbers, bounds: bounds.unwrap_or_default() })
    }

    fn of_arrays(series: &Series, width: usize) -> PolarsResult<Self> {
        let arrays = series.array()?.rechunk();
        let numbers = doubles_with_nan(&arrays.get_inner())?;
        let validity = arrays.downcast_iter().next().and_then(|array| array.validity().cloned());
        let is_valid =
            |row: usize| validity.as_ref().is_none_or(|bits| bits.get(row) == Some(true));
        let bounds = (0..arrays.len())
            .map(|row| is_valid(row).then_some(row * width..(row + 1) * width))
            .collect();
        Ok(Self { numbers, bounds })
    }

    /// The numbers of all lists.
    pub(super) fn numbers(&self) -> &[f64] {
        self.numbers.values()
    }

    /// Whether there is one list for every row.
    pub(super) fn is_constant(&self) -> bool {
        self.bounds.len() == 1
    }

    /// How many numbers the list of each row has; `None` for a NULL.
    pub(super) fn lengths(&self) -> impl Iterator<Item = Option<usize>> + '_ {
        self.bounds.iter().map(|list| Some(list.as_ref()?.len()))
    }

    /// How many numbers the list of a row has; `None` for a NULL.
    pub(super) fn length(&self, row: usize) -> Option<usize> {
        let index = if self.is_constant() { 0 } else { row };
        Some(self.bounds.get(index)?.as_ref()?.len())
    }

    /// Where the list of each of so many rows begins, or [`NO_LIST`].
    pub(super) fn starts(&self, rows: usize) -> Vec<usize> {
        let start = |list: &Option<Range<usize>>| list.as_ref().map_or(NO_LIST, |list| list.start);
        match self.bounds.as_slice() {
            [one] => vec![start(one); rows],
            lists => lists.iter().map(start).collect(),
        }
    }

    /// The numbers at an index of every list, NaN where a list is NULL or does not reach there.
    pub(super) fn column(&self, index: usize) -> Series {
        let number =
            |list: &Option<Range<usize>>| self.numbers().get(list.clone()?)?.get(index).copied();
        let numbers = self.bounds.iter().map(|list| number(list).unwrap_or(f64::NAN)).collect();
        Float64Chunked::from_vec("".into(), numbers).into_series()
    }
}
