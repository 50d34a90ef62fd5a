//! Products of the numbers of a batch: with weights to outputs, and with errors to the sums of a gradient.

use crate::math::{LANES, TILE};

/// Rows whose outputs are summed together.
const WIDE: usize = 64;

/// The numbers of a batch, one column after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers<'a> {
    values: &'a [f32],
    /// The distance between two columns.
    stride: usize,
}

impl<'a> Numbers<'a> {
    #[inline(always)]
    pub(super) fn new(values: &'a [f32], stride: usize) -> Self {
        Self { values, stride }
    }

    /// The columns, padding included.
    pub(crate) fn columns(self) -> impl Iterator<Item = &'a [f32]> {
        self.values.chunks_exact(self.stride.max(1))
    }

    /// The values of a column from one row on.
    #[inline(always)]
    pub(crate) fn column(self, column: usize, row: usize) -> &'a [f32] {
        self.values.get(column * self.stride + row..).unwrap_or(&[])
    }

    /// For each of `count` rows from `start` on, and each output, the sum of weight times value.
    #[inline(always)]
    pub(super) fn dot<const H: usize>(
        self,
        start: usize,
        count: usize,
        weights: &[f32],
        width: usize,
        out: &mut [[f32; TILE]; H],
    ) {
        let mut row = 0;
        while row + WIDE <= count {
            self.dot_block::<H, WIDE>(start, row, weights, width, out);
            row += WIDE;
        }
        while row < count {
            self.dot_block::<H, LANES>(start, row, weights, width, out);
            row += LANES;
        }
    }

    #[inline(always)]
    fn dot_block<const H: usize, const ROWS: usize>(
        self,
        start: usize,
        row: usize,
        weights: &[f32],
        width: usize,
        out: &mut [[f32; TILE]; H],
    ) {
        let mut sums = [[0.0_f32; ROWS]; H];
        for column in 0..width {
            // The columns are padded, so the block is there; zeros would stand for features at their mean.
            let values: &[f32; ROWS] =
                self.column(column, start + row).first_chunk().unwrap_or(&[0.0; ROWS]);
            for head in 0..H {
                let weight = weights[head * width + column];
                for lane in 0..ROWS {
                    sums[head][lane] += weight * values[lane];
                }
            }
        }
        for head in 0..H {
            out[head][row..row + ROWS].copy_from_slice(&sums[head]);
        }
    }

    /// The sum over rows from `start` on of error times value, of one column, in fixed lanes.
    #[inline(always)]
    pub(super) fn weighted_sum(self, start: usize, errors: &[f32], column: usize) -> f64 {
        let values = self.column(column, start);
        let (wide_errors, rest_errors) = errors.as_chunks::<WIDE>();
        let (wide_values, _) = values.as_chunks::<WIDE>();
        let mut sums = [0.0_f32; WIDE];
        for (errors, values) in wide_errors.iter().zip(wide_values) {
            for lane in 0..WIDE {
                sums[lane] += errors[lane] * values[lane];
            }
        }
        let rest_values = values.get(wide_errors.len() * WIDE..).unwrap_or(&[]);
        let rest =
            rest_errors.as_chunks::<LANES>().0.iter().zip(rest_values.as_chunks::<LANES>().0);
        for (errors, values) in rest {
            for lane in 0..LANES {
                sums[lane] += errors[lane] * values[lane];
            }
        }
        let mut lanes = [0.0_f64; LANES];
        for sums in sums.as_chunks::<LANES>().0 {
            for lane in 0..LANES {
                lanes[lane] += f64::from(sums[lane]);
            }
        }
        lanes.iter().sum()
    }
}
