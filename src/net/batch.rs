//! Mini-batches of rows, and the tiles that they are worked on in.

use crate::math::{LANES, TILE, padded_rows};

/// A mini-batch: consecutive rows, those that pay first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    /// Its index among the batches.
    pub(crate) index: usize,
    /// Its first row among those of all batches, padding included.
    pub(crate) start: usize,
    /// Its rows with padding: the distance between two of its columns.
    pub(crate) stride: usize,
    /// Its rows.
    pub(crate) rows: usize,
    /// Of these, rows that pay.
    pub(crate) payers: usize,
    /// Its first payer among those of all batches, padding included.
    pub(crate) first_payer: usize,
}

impl Batch {
    /// The distance between two columns of so many rows: an odd number of cache lines, so that the columns of a few rows
    /// fall into different sets of the cache.
    pub(crate) fn stride_of(rows: usize) -> usize {
        let padded = padded_rows(rows);
        if padded.is_multiple_of(2 * LANES) { padded + LANES } else { padded }
    }

    /// The rows that a term depends on: the payers alone, or all.
    pub(crate) fn rows_of(&self, payers_only: bool) -> usize {
        if payers_only { self.payers } else { self.rows }
    }

    /// The rows that a term depends on, a tile at a time.
    pub(crate) fn tiles(&self, payers_only: bool) -> impl Iterator<Item = TileRows<'_>> {
        let rows = self.rows_of(payers_only);
        let tile = move |start| TileRows { batch: self, start, rows: TILE.min(rows - start) };
        (0..rows).step_by(TILE).map(tile)
    }
}

/// At most [`TILE`] rows of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TileRows<'a> {
    pub(crate) batch: &'a Batch,
    /// The first of them within the batch.
    pub(crate) start: usize,
    /// How many there are.
    pub(crate) rows: usize,
}

impl TileRows<'_> {
    /// Where they lie among the rows of all batches.
    #[inline(always)]
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        let first = self.batch.start + self.start;
        first..first + self.rows
    }

    /// How many there are with padding.
    #[inline(always)]
    pub(crate) fn padded(&self) -> usize {
        padded_rows(self.rows)
    }

    /// The rows from here on do not pay.
    #[inline(always)]
    pub(crate) fn payers(&self) -> usize {
        self.batch.payers.saturating_sub(self.start)
    }
}
