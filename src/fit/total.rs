//! What a model predicts for its training rows, beside what they paid.

use super::gradient::TILE;
use super::layout::Batch;
use super::pack::Packed;
use super::part::PartValues;
use super::standardize::{hold_standardized, standardized};
use crate::math::{dispatch, exp, expected_ltv_row, sigma_from_raw};
use crate::model::{Bounds, Encoding};

/// Rows that are looked at: whole batches up to about this many.
pub(super) const ROWS: usize = 1 << 16;

/// The heads of a model in training, and what they stay within.
#[derive(Clone, Copy)]
pub(super) struct Heads<'a> {
    pub(super) paying: &'a PartValues,
    pub(super) amount: &'a PartValues,
    /// What the mu head of `amount` is in units of.
    pub(super) scale: f64,
    pub(super) bounds: Bounds,
}

/// Sums over some training rows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    /// Predicted expected lifetime values over labels.
    pub(super) ratio: f64,
    /// The share of the rows, by weight, whose sigma is held at its bound.
    pub(super) at_max_sigma: f64,
}

/// The sums, with amounts in units of `exp(unit)`, so that they neither overflow nor vanish.
pub(super) fn totals(
    packed: &Packed,
    encodings: &[Encoding],
    heads: &Heads<'_>,
    unit: f64,
) -> Totals {
    let payer_ranges = payer_ranges(encodings);
    let (mut seen, mut rows) = (Sums::default(), 0);
    for (index, batch) in packed.batches.iter().enumerate() {
        for start in (0..batch.rows).step_by(TILE) {
            let tile = Tile { packed, index, batch, start };
            dispatch(
                #[inline(always)]
                || seen.add(&tile, &payer_ranges, heads, unit),
            );
        }
        rows += batch.rows;
        if rows >= ROWS {
            break;
        }
    }
    seen.totals()
}

/// Hands on the heads of all rows, a tile at a time: the batch, the tile's first row in it, how many rows, their heads.
pub(super) fn linear_heads(
    packed: &Packed,
    encodings: &[Encoding],
    heads: &Heads<'_>,
    mut take: impl FnMut(&Batch, usize, usize, &[&[f64]; 3]),
) {
    let ranges = payer_ranges(encodings);
    for (index, batch) in packed.batches.iter().enumerate() {
        for start in (0..batch.rows).step_by(TILE) {
            let rows = TILE.min(batch.rows - start);
            let tile = Tile { packed, index, batch, start };
            let of_rows = dispatch(
                #[inline(always)]
                || tile.heads(rows, &ranges, heads),
            );
            take(batch, start, rows, &of_rows.each_ref().map(|head| &head[..rows]));
        }
    }
}

/// The ranges of the payers, standardised.
fn payer_ranges(encodings: &[Encoding]) -> Vec<[f32; 2]> {
    let range = |encoding: &Encoding| match *encoding {
        Encoding::Numeric { mean, scale, payer_range: Some(range), .. } => {
            Some([range.least, range.most].map(|end| standardized(end, mean, scale)))
        }
        Encoding::Numeric { .. } => Some([f32::NEG_INFINITY, f32::INFINITY]),
        Encoding::Categorical { .. } => None,
    };
    encodings.iter().filter_map(range).collect()
}

/// Sums on the way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    weight: f64,
    predicted: f64,
    actual: f64,
    at_max_sigma: f64,
}

/// The rows that are summed up, and how their heads are read.
pub(super) struct Totalled<'a> {
    pub(super) packed: &'a Packed,
    /// What the mu head is in units of.
    pub(super) scale: f64,
    pub(super) bounds: Bounds,
    /// Amounts are in units of the exponential of this.
    pub(super) unit: f64,
}

/// Rows of a batch, from `start` on.
struct Tile<'a> {
    packed: &'a Packed,
    index: usize,
    batch: &'a Batch,
    start: usize,
}

impl Sums {
    #[inline(always)]
    fn add(&mut self, tile: &Tile<'_>, ranges: &[[f32; 2]], heads: &Heads<'_>, unit: f64) {
        let Tile { packed, batch, start, .. } = *tile;
        let rows = TILE.min(batch.rows - start);
        let of_rows = tile.heads(rows, ranges, heads);
        let of = Totalled { packed, scale: heads.scale, bounds: heads.bounds, unit };
        self.add_rows(&of, batch, start, rows, of_rows.each_ref());
    }

    /// Adds rows of a batch, whose heads these are.
    #[inline(always)]
    pub(super) fn add_rows(
        &mut self,
        of: &Totalled<'_>,
        batch: &Batch,
        start: usize,
        rows: usize,
        [logit, mu, raw_sigma]: [&[f64; TILE]; 3],
    ) {
        let Totalled { packed, scale, unit, bounds: Bounds { mu: range, max_sigma } } = *of;
        let at = batch.start + start;
        for row in 0..rows {
            let weight = packed.weight.as_ref().map_or(1.0, |weights| weights[at + row]);
            let sigma = sigma_from_raw(raw_sigma[row]);
            let held = if sigma > max_sigma { max_sigma } else { sigma };
            let mu = range.hold(scale * mu[row]) - unit;
            self.predicted += weight * expected_ltv_row(logit[row], mu, held);
            self.at_max_sigma += if sigma > max_sigma { weight } else { 0.0 };
            self.weight += weight;
        }
        for row in start..batch.payers.min(start + rows) {
            let weight = packed.weight.as_ref().map_or(1.0, |weights| weights[batch.start + row]);
            self.actual += weight * exp(packed.log_amount[batch.first_payer + row] - unit);
        }
    }

    pub(super) fn totals(&self) -> Totals {
        Totals {
            ratio: self.predicted / self.actual,
            at_max_sigma: self.at_max_sigma / self.weight,
        }
    }
}

impl Tile<'_> {
    /// The heads of the rows, numbers held in the ranges of the payers for those of the amount.
    #[inline(always)]
    fn heads(&self, rows: usize, ranges: &[[f32; 2]], heads: &Heads<'_>) -> [[f64; TILE]; 3] {
        let Self { packed, index, batch, start } = *self;
        let at = batch.start + start;
        let width = heads.paying.width;
        let weights = |head: usize| match head {
            0 => &heads.paying.weights[..width],
            _ => &heads.amount.weights[(head - 1) * width..][..width],
        };
        let mut out = [0, 1, 2].map(|head| [weights(head)[0]; TILE]);
        for (column, ends) in ranges.iter().enumerate() {
            let values = &packed.numbers[column * packed.stride + at..][..rows];
            let [a, b, c] = [0, 1, 2].map(|head| weights(head)[1 + column]);
            let [logit, mu, raw_sigma] = &mut out;
            for (row, &value) in values.iter().enumerate() {
                let held = f64::from(hold_standardized(value, *ends));
                logit[row] += a * f64::from(value);
                mu[row] += b * held;
                raw_sigma[row] += c * held;
            }
        }
        for category in &packed.categories {
            let levels = category.levels(index, false);
            let first = 1 + packed.number_count + category.offset;
            for (row, &local) in category.local[at..at + rows].iter().enumerate() {
                let Some(&level) = (local as usize).checked_sub(1).and_then(|l| levels.get(l))
                else {
                    continue;
                };
                for (head, out) in out.iter_mut().enumerate() {
                    out[row] += weights(head)[first + level as usize];
                }
            }
        }
        out
    }
}
