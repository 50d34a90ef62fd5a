//! The losses of rows and their derivatives by the heads.

use super::rows::NetworkRows;
use crate::family::{AmountTerm, PayingTerm, TargetTile, Term};
use crate::math::{TILE, padded};
use crate::net::TileRows;
use crate::net::deep::{ROWS, Tile};

/// Errors are kept within this, so that sums of squares do not overflow single precision.
const FAR: f64 = 1e15;

/// The heads of a tile, and the derivatives by them.
#[derive(Debug)]
pub(super) struct HeadTile {
    weight: [f64; TILE],
    paying: [[f64; TILE]; 1],
    amount: [[f64; TILE]; 2],
}

impl HeadTile {
    pub(super) fn new() -> Self {
        Self { weight: [0.0; TILE], paying: [[0.0; TILE]], amount: [[0.0; TILE]; 2] }
    }

    /// The summed loss of at most [`ROWS`] rows if asked for; writes the derivatives into the tile.
    #[inline(always)]
    pub(super) fn of_tile(
        &mut self,
        amount: &AmountTerm,
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
        let payers = rows.payers().min(count);
        let log_amount = packed.log_amount.get(rows.batch.first_payer + rows.start..);
        let log_amount = log_amount.unwrap_or(&[]);
        let of_rows = TargetTile { count: wide, weight: &self.weight, payers, log_amount };
        let mut total = PayingTerm.errors(&of_rows, &mut self.paying, with_loss);
        let [logits, mus, raws, _] = &mut tile.errors;
        write(&self.paying[0], count, logits);
        mus[..count].fill(0.0);
        raws[..count].fill(0.0);
        if payers == 0 {
            return total;
        }
        self.weight[payers..wide].fill(0.0);
        let of_payers =
            TargetTile { count: padded(payers), weight: &self.weight, payers, log_amount };
        total += amount.errors(&of_payers, &mut self.amount, with_loss);
        write(&self.amount[0], payers, mus);
        write(&self.amount[1], payers, raws);
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
        let [mus, raws] = &self.amount;
        [&self.paying[0], mus, raws]
    }

    /// The heads: those of the linear model with what the network adds.
    #[inline(always)]
    fn add_up(&mut self, data: &NetworkRows, rows: &TileRows<'_>, tile: &Tile) {
        let wide = rows.padded().min(ROWS);
        let first = rows.range().start;
        let [mus, raws] = &mut self.amount;
        let heads = [&mut self.paying[0], mus, raws];
        for ((to, offset), added) in heads.into_iter().zip(&data.offsets).zip(&tile.heads) {
            let offset = &offset[first..first + wide];
            for row in 0..wide {
                to[row] = f64::from(offset[row]) + f64::from(added[row]);
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
