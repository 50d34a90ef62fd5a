//! The heads: linear in the units of the last layer.

use pulp::Simd;

use super::product::{
    Left, Out, PANEL, Panel, Right, blocks, load, locate, product_of_vectors, store,
};
use super::tile::ROWS;

/// Heads with padding: logit, mu, raw sigma and one that stays 0, for vectors of four.
pub(crate) const HEADS: usize = 4;

/// What the network adds to the heads of the rows.
pub(super) struct Heads<'a> {
    pub(super) to: &'a mut [[f32; ROWS]; HEADS],
    pub(super) bias: &'a Panel,
}

impl Out for Heads<'_> {
    #[inline(always)]
    fn start<S: Simd>(&self, _: S, _: usize, vector: usize) -> S::f32s {
        let (_, within) = locate::<S>(vector);
        load::<S>(self.bias, within)
    }

    #[inline(always)]
    fn finish<S: Simd>(&mut self, _: S, row: usize, vector: usize, sums: S::f32s) {
        let mut lanes = [0.0; PANEL];
        store::<S>(&mut lanes, 0, sums);
        for (head, sum) in self.to[vector * S::F32_LANES..].iter_mut().zip(lanes) {
            head[row] = sum;
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
