//! The numbers of some rows, side by side.

use std::ops::Range;

use super::input::FeatureInput;
use crate::math::Blocks;

/// Rows that lie next to each other, column by column.
pub(super) const LANES: usize = 4;

/// Rows of a tile: so few that the numbers of some dozen columns stay in the first-level cache.
pub(super) const TILE_ROWS: usize = 128;

/// Columns that are read at a time: so many that memory is asked for several at once, and so few that a processor foresees
/// what comes next of each.
const COLUMNS: usize = 8;

/// The numbers of [`LANES`] rows in one column after the other, then those of the next rows.
///
/// Read where they lie, columns that begin at equal places of their pages would drive each other out of the cache.
pub(super) struct NumberTile<'a> {
    numbers: Vec<[f64; LANES]>,
    readers: Vec<Blocks<'a>>,
    /// The positions of the columns that are read, in order: each has its index here as slot.
    positions: Vec<usize>,
}

impl<'a> NumberTile<'a> {
    /// A tile of the numbers at these positions.
    pub(super) fn new(columns: &[FeatureInput<'a>], mut positions: Vec<usize>) -> Self {
        positions.sort_unstable();
        positions.dedup();
        Self {
            numbers: vec![[f64::NAN; LANES]; positions.len() * TILE_ROWS / LANES],
            readers: positions.iter().map(|&index| columns[index].numbers(TILE_ROWS)).collect(),
            positions,
        }
    }

    /// The slot of the column at this position, if it is read.
    pub(super) fn slot(&self, position: usize) -> Option<usize> {
        self.positions.binary_search(&position).ok()
    }

    /// Reads at most [`TILE_ROWS`] rows.
    pub(super) fn fill(&mut self, rows: &Range<usize>) {
        let width = self.positions.len();
        let groups = rows.len().div_ceil(LANES);
        for (readers, first) in self.readers.chunks_mut(COLUMNS).zip((0..).step_by(COLUMNS)) {
            let mut columns: [&[f64]; COLUMNS] = [&[]; COLUMNS];
            let count = readers.len();
            for (column, reader) in columns.iter_mut().zip(readers) {
                *column = reader.rows(rows.start, rows.len());
            }
            let columns = &columns[..count];
            for (group, slots) in self.numbers.chunks_exact_mut(width).take(groups).enumerate() {
                for (slot, column) in slots[first..].iter_mut().zip(columns) {
                    let (whole, rest) = column.as_chunks::<LANES>();
                    match whole.get(group) {
                        Some(numbers) => *slot = *numbers,
                        None => slot[..rest.len()].copy_from_slice(rest),
                    }
                }
            }
        }
    }

    /// What is in each slot in the [`LANES`] rows to which this one belongs, counted from the first that was read.
    #[inline(always)]
    pub(super) fn slots_of_rows(&self, row: usize) -> &[[f64; LANES]] {
        let width = self.positions.len();
        &self.numbers[row / LANES * width..][..width]
    }
}
