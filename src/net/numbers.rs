//! Products of the numbers of a batch: with weights to outputs, and with errors to the sums of a gradient.

use std::ops::Range;

use pulp::Simd;

use crate::math::{LANES, TILE};

/// Vectors of rows whose outputs are summed together. The sums are kept in registers: left to the compiler they are not.
const VECTORS: usize = 4;

/// Lanes of a sum over rows.
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

    /// What lies from a row of the first column on, and the distance between two columns.
    pub(crate) fn after_row(self, row: usize) -> (&'a [f32], usize) {
        (self.values.get(row..).unwrap_or(&[]), self.stride)
    }

    /// The values of a column from one row on.
    #[inline(always)]
    pub(crate) fn column(self, column: usize, row: usize) -> &'a [f32] {
        self.values.get(column * self.stride + row..).unwrap_or(&[])
    }

    /// For each of `count` rows from `start` on, and each output, the sum of weight times value.
    #[inline(always)]
    pub(super) fn dot<S: Simd, const H: usize>(
        self,
        simd: S,
        rows: Range<usize>,
        weights: &[f32],
        width: usize,
        out: &mut [[f32; TILE]; H],
    ) {
        let Range { start, end } = rows;
        let mut row = start;
        while row + VECTORS * S::F32_LANES <= end {
            self.dot_block::<S, H, VECTORS>(simd, row, weights, width, row - start, out);
            row += VECTORS * S::F32_LANES;
        }
        while row < end {
            self.dot_block::<S, H, 1>(simd, row, weights, width, row - start, out);
            row += S::F32_LANES;
        }
    }

    /// The same of `N` vectors of rows.
    #[inline(always)]
    fn dot_block<S: Simd, const H: usize, const N: usize>(
        self,
        simd: S,
        row: usize,
        weights: &[f32],
        width: usize,
        to: usize,
        out: &mut [[f32; TILE]; H],
    ) {
        let mut sums = [[simd.splat_f32s(0.0); N]; H];
        for column in 0..width {
            // The columns are padded, so the rows are there.
            let values = self.column(column, row).get(..N * S::F32_LANES).unwrap_or(&[]);
            let values = S::as_simd_f32s(values).0;
            for (head, sums) in sums.iter_mut().enumerate() {
                let weight = simd.splat_f32s(weights[head * width + column]);
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum = simd.add_f32s(*sum, simd.mul_f32s(weight, *value));
                }
            }
        }
        for (out, sums) in out.iter_mut().zip(&sums) {
            let out = &mut out[to..][..N * S::F32_LANES];
            S::as_mut_simd_f32s(out).0.copy_from_slice(sums);
        }
    }

    /// The sum over rows from `start` on of error times value, of one column, in fixed lanes.
    #[inline(always)]
    pub(super) fn weighted_sum<S: Simd>(
        self,
        simd: S,
        start: usize,
        errors: &[f32],
        column: usize,
    ) -> f64 {
        let values = self.column(column, start);
        let (wide_errors, rest_errors) = errors.as_chunks::<WIDE>();
        let (wide_values, _) = values.as_chunks::<WIDE>();
        let mut sums = match S::F32_LANES {
            16 => sums_of_products::<S, 4>(simd, wide_errors, wide_values),
            8 => sums_of_products::<S, 8>(simd, wide_errors, wide_values),
            4 => sums_of_products::<S, 16>(simd, wide_errors, wide_values),
            _ => sums_of_products::<S, WIDE>(simd, wide_errors, wide_values),
        };
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

/// Of each lane the sum of the products; `N` vectors are as wide as the lanes.
#[inline(always)]
fn sums_of_products<S: Simd, const N: usize>(
    simd: S,
    left: &[[f32; WIDE]],
    right: &[[f32; WIDE]],
) -> [f32; WIDE] {
    let mut sums = [simd.splat_f32s(0.0); N];
    for (left, right) in left.iter().zip(right) {
        let (left, right) = (S::as_simd_f32s(left).0, S::as_simd_f32s(right).0);
        for ((sum, left), right) in sums.iter_mut().zip(left).zip(right) {
            *sum = simd.add_f32s(*sum, simd.mul_f32s(*left, *right));
        }
    }
    let mut out = [0.0; WIDE];
    S::as_mut_simd_f32s(&mut out).0.copy_from_slice(&sums);
    out
}
