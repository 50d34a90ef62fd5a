//! The heads: linear in the units of the last layer.

use pulp::Simd;

use super::product::{Out, PANEL, Panel, load, locate, store};
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
