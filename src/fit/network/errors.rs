//! The losses of rows and their derivatives by the heads.

use super::rows::NetworkRows;
use crate::family::{JointTerm, TargetTile, Term};
use crate::math::TILE;
use crate::net::TileRows;
use crate::net::deep::{ROWS, Tile};

/// Errors are kept within this, so that sums of squares do not overflow single precision.
const FAR: f64 = 1e15;

/// The heads of a tile, and the derivatives by them.
#[derive(Debug)]
pub(super) struct HeadTile {
    weight: [f64; TILE],
    heads: [[f64; TILE]; 3],
}

impl HeadTile {
    pub(super) fn new() -> Self {
        Self { weight: [0.0; TILE], heads: [[0.0; TILE]; 3] }
    }

    /// The summed loss of at most [`ROWS`] rows if asked for; writes the derivatives into the tile.
    #[inline(always)]
    pub(super) fn of_tile(
        &mut self,
        term: &JointTerm,
        data: &NetworkRows,
        rows: &TileRows<'_>,
        tile: &mut Tile,
        with_loss: bool,
    ) -> f64 {
        let (packed, count) = (&data.packed, rows.rows);
        let wide = rows.padded().min(ROWS);
        self.weight[..wide].fill(0.0);
        match &packed.weight {
            Some(weights) => self.weight[..count].copy_from_slice(&weights[rows.range()]),
            None => self.weight[..count].fill(1.0),
        }
        self.add_up(data, rows, tile);
        let log_amount = packed.log_amount.get(rows.batch.first_payer + rows.start..);
        let targets = TargetTile {
            count: wide,
            weight: &self.weight,
            payers: rows.payers().min(count),
            log_amount: log_amount.unwrap_or(&[]),
        };
        let total = term.errors(&targets, &mut self.heads, with_loss);
        for (errors, to) in self.heads.iter().zip(&mut tile.errors) {
            write(errors, count, to);
        }
        total
    }

    /// The heads of at most [`ROWS`] rows: the logit, mu in units of the scale, raw sigma.
    #[inline(always)]
    pub(super) fn heads(
        &mut self,
        data: &NetworkRows,
        rows: &TileRows<'_>,
        tile: &Tile,
    ) -> [&[f64; TILE]; 3] {
        self.add_up(data, rows, tile);
        self.heads.each_ref()
    }

    /// The heads: those of the linear model with what the network adds.
    #[inline(always)]
    fn add_up(&mut self, data: &NetworkRows, rows: &TileRows<'_>, tile: &Tile) {
        let wide = rows.padded().min(ROWS);
        let first = rows.range().start;
        for ((to, offset), added) in self.heads.iter_mut().zip(&data.offsets).zip(&tile.heads) {
            let parts = offset[first..][..wide].iter().zip(&added[..wide]);
            for (to, (offset, added)) in to[..wide].iter_mut().zip(parts) {
                *to = f64::from(*offset) + f64::from(*added);
            }
        }
    }
}

#[inline(always)]
fn write(errors: &[f64; TILE], rows: usize, to: &mut [f32; ROWS]) {
    for (to, error) in to[..rows].iter_mut().zip(errors) {
        *to = error.clamp(-FAR, FAR) as f32;
    }
}
