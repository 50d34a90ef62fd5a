//! Rows that training works on together, and how they are summed.

/// Rows whose intermediate values stay in the first-level cache.
pub(crate) const TILE: usize = 512;

/// Rows are padded to a multiple of this, so that every loop over rows runs in whole vectors.
pub(crate) const LANES: usize = 16;

/// Lanes of a sum in double precision.
const SUMS: usize = 8;

/// Pads a count of rows to whole vectors.
pub(crate) fn padded_rows(rows: usize) -> usize {
    rows.next_multiple_of(LANES)
}

/// The sum of the rows of a tile, padding included, in lanes fixed by this code: its bits are the same on every processor.
#[inline(always)]
pub(crate) fn sum_rows(values: &[f64]) -> f64 {
    let (blocks, _) = values.as_chunks::<SUMS>();
    let mut sums = [0.0; SUMS];
    for block in blocks {
        for lane in 0..SUMS {
            sums[lane] += block[lane];
        }
    }
    sums.iter().sum()
}
