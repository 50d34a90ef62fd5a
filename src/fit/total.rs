//! What a model predicts for its training rows, beside what they paid.

use super::encode::Packed;
use crate::math::{TILE, dispatch, exp, expected_ltv_row, sigma_from_raw};
use crate::model::{Bounds, Encoding};
use crate::net::{TileRows, hold};

/// Rows that are looked at: whole batches up to about this many.
pub(super) const TOTAL_ROWS: usize = 1 << 16;

/// The weights of the heads of a model in training, and what they stay within.
#[derive(Clone, Copy)]
pub(super) struct LinearHeads<'a> {
    pub(super) logit: &'a [f64],
    pub(super) mu: &'a [f64],
    pub(super) raw_sigma: &'a [f64],
    /// What the mu head is in units of.
    pub(super) amount_scale: f64,
    pub(super) bounds: Bounds,
}

/// Sums over some training rows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    /// Predicted expected lifetime values over labels.
    pub(super) ratio: f64,
    /// The standard error of the logarithm of what was paid, by the payments alone.
    pub(super) chance: f64,
    /// The slopes of the payers' likelihood by the greatest mu and the greatest sigma: negative where those who are held there
    /// paid less, or spread less.
    pub(super) slopes: [f64; 2],
    /// The share of the rows, by weight, whose sigma is held at its bound.
    pub(super) at_max_sigma: f64,
}

/// The sums, with amounts in units of `exp(unit)`, so that they neither overflow nor vanish.
pub(super) fn totals(
    packed: &Packed,
    encodings: &[Encoding],
    heads: &LinearHeads<'_>,
    unit: f64,
) -> Totals {
    let payer_ranges = payer_ranges(encodings);
    let (mut seen, mut rows) = (TotalSums::default(), 0);
    for batch in &packed.batches {
        for tile in batch.tiles(false) {
            dispatch(
                #[inline(always)]
                || seen.add_tile(packed, &tile, &payer_ranges, heads, unit),
            );
        }
        rows += batch.rows;
        if rows >= TOTAL_ROWS {
            break;
        }
    }
    seen.totals(packed.repeats)
}

/// Hands on the heads of all rows, a tile at a time.
pub(super) fn linear_heads(
    packed: &Packed,
    encodings: &[Encoding],
    heads: &LinearHeads<'_>,
    mut take: impl FnMut(&TileRows<'_>, &[[f64; TILE]; 3]),
) {
    let ranges = payer_ranges(encodings);
    for tile in packed.batches.iter().flat_map(|batch| batch.tiles(false)) {
        let of_rows = dispatch(
            #[inline(always)]
            || outputs(packed, &tile, &ranges, heads),
        );
        take(&tile, &of_rows);
    }
}

/// The ranges of the payers, standardised.
fn payer_ranges(encodings: &[Encoding]) -> Vec<[f32; 2]> {
    encodings.iter().filter_map(Encoding::payer_ends).collect()
}

/// Sums on the way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TotalSums {
    weight: f64,
    predicted: f64,
    actual: f64,
    /// Of what was paid.
    squares: f64,
    slopes: [f64; 2],
    at_max_sigma: f64,
}

impl TotalSums {
    #[inline(always)]
    fn add_tile(
        &mut self,
        packed: &Packed,
        tile: &TileRows<'_>,
        ranges: &[[f32; 2]],
        heads: &LinearHeads<'_>,
        unit: f64,
    ) {
        let of_rows = outputs(packed, tile, ranges, heads);
        self.add_rows(packed, tile, of_rows.each_ref(), heads, unit);
    }

    /// Adds rows that have these outputs.
    #[inline(always)]
    pub(super) fn add_rows(
        &mut self,
        packed: &Packed,
        tile: &TileRows<'_>,
        [logit, mu, raw_sigma]: [&[f64; TILE]; 3],
        heads: &LinearHeads<'_>,
        unit: f64,
    ) {
        let weight = packed.tile_weight(tile);
        let Bounds { mu: range, max_sigma } = heads.bounds;
        let of_row = |row: usize| {
            let sigma = sigma_from_raw(raw_sigma[row]);
            let held = if sigma > max_sigma { max_sigma } else { sigma };
            let free = heads.amount_scale * mu[row];
            (range.hold(free) - unit, held, [free > range.most, sigma > max_sigma])
        };
        for row in 0..tile.rows {
            let (mu, sigma, [_, is_held]) = of_row(row);
            self.predicted += weight[row] * expected_ltv_row(logit[row], mu, sigma);
            self.at_max_sigma += if is_held { weight[row] } else { 0.0 };
            self.weight += weight[row];
        }
        let log_amounts = &packed.log_amount[tile.batch.first_payer..][..tile.batch.payers];
        for (log_amount, row) in log_amounts.iter().skip(tile.start).zip(0..tile.rows) {
            let ((mu, sigma, is_held), weight) = (of_row(row), weight[row]);
            let (amount, z) = (exp(log_amount - unit), (log_amount - unit - mu) / sigma);
            self.actual += weight * amount;
            self.squares += weight * amount * amount;
            for ((sum, is_held), slope) in self.slopes.iter_mut().zip(is_held).zip([z, z * z - 1.0])
            {
                *sum += if is_held { weight * slope / sigma } else { 0.0 };
            }
        }
    }

    /// Adds those of other rows.
    pub(super) fn add(&mut self, other: &Self) {
        self.weight += other.weight;
        self.predicted += other.predicted;
        self.actual += other.actual;
        self.squares += other.squares;
        for (sum, other) in self.slopes.iter_mut().zip(other.slopes) {
            *sum += other;
        }
        self.at_max_sigma += other.at_max_sigma;
    }

    /// What they come to; a row with the weight 1 stands for so many observations.
    pub(super) fn totals(&self, repeats: f64) -> Totals {
        let Self { weight, predicted, actual, squares, slopes, at_max_sigma } = self;
        Totals {
            ratio: predicted / actual,
            chance: (squares / repeats).sqrt() / actual,
            slopes: *slopes,
            at_max_sigma: at_max_sigma / weight,
        }
    }
}

/// The heads of the rows, numbers held in the ranges of the payers for those of the amount.
#[inline(always)]
fn outputs(
    packed: &Packed,
    tile: &TileRows<'_>,
    ranges: &[[f32; 2]],
    heads: &LinearHeads<'_>,
) -> [[f64; TILE]; 3] {
    let inputs = &packed.inputs;
    let weights = [heads.logit, heads.mu, heads.raw_sigma];
    let mut out = weights.map(|weights| [weights[0]; TILE]);
    let numbers = inputs.numbers_of(tile.batch);
    for (column, ends) in ranges.iter().enumerate() {
        let values = &numbers.column(column, tile.start)[..tile.rows];
        let [a, b, c] = weights.map(|weights| weights[1 + column]);
        let [logit, mu, raw_sigma] = &mut out;
        for (row, &value) in values.iter().enumerate() {
            let held = f64::from(hold(value, *ends));
            logit[row] += a * f64::from(value);
            mu[row] += b * held;
            raw_sigma[row] += c * held;
        }
    }
    for category in &inputs.categories {
        let levels = category.levels(tile.batch, false);
        let first = 1 + inputs.number_count + category.offset;
        for (row, &local) in category.local(tile.range()).iter().enumerate() {
            let Some(&level) = (local as usize).checked_sub(1).and_then(|l| levels.get(l)) else {
                continue;
            };
            for (out, weights) in out.iter_mut().zip(weights) {
                out[row] += weights[first + level as usize];
            }
        }
    }
    out
}
