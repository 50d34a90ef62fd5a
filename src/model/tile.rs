//! The numbers of some rows, side by side.

use std::ops::Range;

use super::input::FeatureInput;
use crate::math::Blocks;

/// Rows that lie next to each other, column by column.
pub(super) const LANES: usize = 4;

/// Rows of a tile: so few that the numbers of some dozen columns stay in the first-level cache.
pub(super) const TILE_ROWS: usize = 128;

/// The numbers of [`LANES`] rows in one column after the other, then those of the next rows.
///
/// Read where they lie, columns that begin at equal places of their pages would drive each other out of the cache.
pub(super) struct Tile<'a> {
    numbers: Vec<[f64; LANES]>,
    readers: Vec<Blocks<'a>>,
    /// The positions of the columns that are read, in order: each has its index here as slot.
    positions: Vec<usize>,
}

impl<'a> Tile<'a> {
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
        for (slot, reader) in self.readers.iter_mut().enumerate() {
            let (groups, rest) = reader.rows(rows.start, rows.len()).as_chunks::<LANES>();
            let mut to = self.numbers.iter_mut().skip(slot).step_by(self.positions.len());
            // The groups first: a pair is taken apart where its first half is missing.
            for (group, to) in groups.iter().zip(to.by_ref()) {
                *to = *group;
            }
            for (to, number) in to.take(1).flatten().zip(rest) {
                *to = *number;
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
