//! The heads: linear in the units of the last layer.

use pulp::Simd;

use super::product::{
    Left, Out, PANEL, Panel, Right, blocks, product_of_vectors, put_vectors, vectors_of,
};
use super::shape::{HEADS, USED_HEADS};
use super::tile::ROWS;

/// What the network adds to the heads of the rows.
pub(super) struct Heads<'a> {
    pub(super) to: &'a mut [[f32; ROWS]; HEADS],
    pub(super) bias: &'a Panel,
}

impl Out for Heads<'_> {
    #[inline(always)]
    fn start<S: Simd, const M: usize, const N: usize>(
        &self,
        simd: S,
        _: usize,
        vector: usize,
    ) -> [[S::f32s; N]; M] {
        [vectors_of(simd, std::slice::from_ref(self.bias), vector); M]
    }

    #[inline(always)]
    fn finish<S: Simd, const M: usize, const N: usize>(
        &mut self,
        _: S,
        row: usize,
        vector: usize,
        sums: [[S::f32s; N]; M],
    ) {
        for (row, sums) in (row..).zip(sums) {
            let mut lanes = [[0.0; PANEL]];
            put_vectors::<S, N>(&mut lanes, 0, sums);
            let heads = self.to[vector * S::F32_LANES..].iter_mut();
            for (head, sum) in heads.zip(lanes.as_flattened()) {
                head[row] = *sum;
            }
        }
    }
}

/// The product of units and the weights of the heads.
///
/// A processor computes two vectors of eight in the time of one of sixteen, of which the heads need four lanes.
#[inline(always)]
pub(super) fn product_of_heads<S: Simd>(
    simd: S,
    rows: usize,
    left: impl Left,
    right: impl Right,
    out: &mut Heads<'_>,
) {
    #[cfg(target_arch = "x86_64")]
    if S::F32_LANES > 8
        && let Some(eight) = pulp::x86::V3::try_new()
    {
        return blocks::<_, 8, 1>(eight, rows, 1, left, right, out);
    }
    product_of_vectors(simd, rows, HEADS.div_ceil(S::F32_LANES), left, right, out);
}

/// Adds the heads' errors in the first `rows` rows, in their order, to the gradient by the heads' biases.
#[inline(always)]
pub(super) fn add_errors(errors: &[[f32; ROWS]; HEADS], rows: usize, by_biases: &mut Panel) {
    // Copies, which stay in registers.
    let mut sums = [0.0; USED_HEADS];
    sums.copy_from_slice(&by_biases[..USED_HEADS]);
    for row in 0..rows.min(ROWS) {
        for (sum, errors) in sums.iter_mut().zip(errors) {
            *sum += errors[row];
        }
    }
    by_biases[..USED_HEADS].copy_from_slice(&sums);
}
