//! The losses of rows and their derivatives by the heads.

use super::super::gradient::{AmountLoss, Loss, PayingLoss, TILE, Tile as LossTile};
use super::super::layout::{Batch, padded};
use super::rows::Rows;
use super::super::total::{Sums, Totalled};
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
        self.add_up(rows, at, wide, tile);
        let payers = batch.payers.saturating_sub(start).min(count);
        let log_amount = packed.log_amount.get(batch.first_payer + start..).unwrap_or(&[]);
        let of_rows = LossTile { count: wide, weight: &self.weight, payers, log_amount };
        let mut total = PayingLoss.errors(&of_rows, &mut self.paying, with_loss);
        write(&self.paying[0], count, &mut tile.errors[0]);
        tile.errors[1][..count].fill(0.0);
        tile.errors[2][..count].fill(0.0);
        if payers == 0 {
            return total;
        }
        self.weight[payers..wide].fill(0.0);
        let of_payers =
            LossTile { count: padded(payers), weight: &self.weight, payers, log_amount };
        total += loss.errors(&of_payers, &mut self.amount, with_loss);
        write(&self.amount[0], payers, &mut tile.errors[1]);
        write(&self.amount[1], payers, &mut tile.errors[2]);
        total
    }

    /// The heads: those of the linear model with what the network adds.
    #[inline(always)]
    fn add_up(&mut self, rows: &Rows, at: usize, count: usize, tile: &Tile) {
        let [mus, raws] = &mut self.amount;
        let heads = [&mut self.paying[0], mus, raws];
        for ((to, offset), added) in heads.into_iter().zip(&rows.offsets).zip(&tile.heads) {
            let offset = &offset[at..at + count];
            for row in 0..count {
                to[row] = f64::from(offset[row]) + f64::from(added[row]);
            }
        }
    }

    /// Adds what is predicted for the rows of a tile, and what they paid.
    #[inline(always)]
    pub(super) fn total(
        &mut self,
        sums: &mut Sums,
        of: &Totalled<'_>,
        rows: &Rows,
        (batch, start, count): (&Batch, usize, usize),
        tile: &Tile,
    ) {
        self.add_up(rows, batch.start + start, padded(count).min(ROWS), tile);
        let [mus, raws] = &self.amount;
        sums.add_rows(of, batch, start, count, [&self.paying[0], mus, raws]);
    }
}

#[inline(always)]
fn write(errors: &[f64; TILE], rows: usize, to: &mut [f32; ROWS]) {
    for (to, error) in to[..rows].iter_mut().zip(errors) {
        *to = error.clamp(-FAR, FAR) as f32;
    }
}
