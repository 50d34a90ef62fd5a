//! The losses of rows and their derivatives by the heads.

use super::super::gradient::{AmountLoss, Loss, PayingLoss, TILE, Tile as LossTile};
use super::super::layout::{Batch, padded};
use super::rows::Rows;
use crate::net::{ROWS, Tile};

/// Errors are kept within this, so that sums of squares do not overflow single precision.
const FAR: f64 = 1e15;

/// Memory for the heads of a tile.
#[derive(Debug)]
pub(super) struct Terms {
    weight: [f64; TILE],
    paying: [[f64; TILE]; 1],
    amount: [[f64; TILE]; 2],
}

impl Terms {
    pub(super) fn new() -> Self {
        Self { weight: [0.0; TILE], paying: [[0.0; TILE]], amount: [[0.0; TILE]; 2] }
    }

    /// The summed loss of the rows of a tile if asked for; writes the derivatives into the tile.
    ///
    /// `start` is the tile's first row within the batch.
    #[inline(always)]
    pub(super) fn of_tile(
        &mut self,
        loss: &AmountLoss,
        rows: &Rows,
        batch: &Batch,
        start: usize,
        count: usize,
        tile: &mut Tile,
        with_loss: bool,
    ) -> f64 {
        let at = batch.start + start;
        let packed = &rows.packed;
        let wide = padded(count).min(ROWS);
        self.weight[..wide].fill(0.0);
        match &packed.weight {
            Some(weights) => self.weight[..count].copy_from_slice(&weights[at..at + count]),
            None => self.weight[..count].fill(1.0),
        }
        let [logits, mus, raws] = &rows.offsets;
        let sum = |to: &mut [f64; TILE], offset: &[f32], head: &[f32; ROWS]| {
            for row in 0..wide {
                to[row] = f64::from(offset[row]) + f64::from(head[row]);
            }
        };
        let payers = batch.payers.saturating_sub(start).min(count);
        sum(&mut self.paying[0], &logits[at..at + wide], &tile.heads[0]);
        let log_amount = packed.log_amount.get(batch.first_payer + start..).unwrap_or(&[]);
        let of_rows = LossTile { count: wide, weight: &self.weight, payers, log_amount };
        let mut total = PayingLoss.errors(&of_rows, &mut self.paying, with_loss);
        write(&self.paying[0], count, &mut tile.errors[0]);
        tile.errors[1][..count].fill(0.0);
        tile.errors[2][..count].fill(0.0);
        if payers == 0 {
            return total;
        }
        sum(&mut self.amount[0], &mus[at..at + wide], &tile.heads[1]);
        sum(&mut self.amount[1], &raws[at..at + wide], &tile.heads[2]);
        self.weight[payers..wide].fill(0.0);
        let of_payers =
            LossTile { count: padded(payers), weight: &self.weight, payers, log_amount };
        total += loss.errors(&of_payers, &mut self.amount, with_loss);
        write(&self.amount[0], payers, &mut tile.errors[1]);
        write(&self.amount[1], payers, &mut tile.errors[2]);
        total
    }
}

#[inline(always)]
fn write(errors: &[f64; TILE], rows: usize, to: &mut [f32; ROWS]) {
    for (to, error) in to[..rows].iter_mut().zip(errors) {
        *to = error.clamp(-FAR, FAR) as f32;
    }
}
