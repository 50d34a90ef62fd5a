//! The numbers of some rows, side by side.

use std::ops::Range;

use super::input::FeatureInput;
use crate::math::Blocks;

/// Rows that lie next to each other, column by column.
pub(super) const LANES: usize = 4;

/// Rows of a tile: so few that their numbers stay in the first-level cache.
pub(super) const ROWS: usize = 128;

/// The numbers of [`LANES`] rows in one column after the other, then those of the next rows.
///
/// Read where they lie, columns that begin at equal places of their pages would drive each other out of the cache.
pub(super) struct Tile<'a> {
    numbers: Vec<[f64; LANES]>,
    columns: usize,
    /// The columns that are read, with their positions.
    readers: Vec<(usize, Blocks<'a>)>,
}

impl<'a> Tile<'a> {
    /// A tile of the columns at these positions.
    pub(super) fn new(
        columns: &[FeatureInput<'a>],
        positions: impl IntoIterator<Item = usize>,
    ) -> Self {
        let mut positions: Vec<usize> = positions.into_iter().collect();
        positions.sort_unstable();
        positions.dedup();
        let reader = |position: usize| (position, columns[position].numbers(ROWS));
        Self {
            numbers: vec![[f64::NAN; LANES]; columns.len() * ROWS / LANES],
            columns: columns.len(),
            readers: positions.into_iter().map(reader).collect(),
        }
    }

    /// Reads at most [`ROWS`] rows.
    pub(super) fn fill(&mut self, rows: &Range<usize>) {
        for (position, reader) in &mut self.readers {
            let (groups, rest) = reader.rows(rows.start, rows.len()).as_chunks::<LANES>();
            let mut to = self.numbers.iter_mut().skip(*position).step_by(self.columns);
            // The groups first: a pair is taken apart where its first half is missing.
            for (group, to) in groups.iter().zip(to.by_ref()) {
                *to = *group;
            }
            for (to, number) in to.take(1).flatten().zip(rest) {
                *to = *number;
            }
        }
    }

    /// The numbers of every column in the [`LANES`] rows to which this one belongs, counted from the tile's first.
    #[inline(always)]
    pub(super) fn columns(&self, row: usize) -> &[[f64; LANES]] {
        &self.numbers[row / LANES * self.columns..][..self.columns]
    }
}
