//! The gradient of the loss over one mini-batch, for the paying part (head `logit`) and for the amount part (heads
//! `mu` and `raw_sigma`).
//!
//! The two parts share no weight and no term of the loss, so each is a training of its own. Every sum over rows
//! runs in lanes fixed by this code, never by the processor, so that its bits are the same everywhere.

use super::layout::{Batch, LANES, padded};
use super::pack::Packed;
use crate::math::{LN_2PI_HALF, SIGMA_FLOOR, dispatch, ln, sigma_from_raw, sigmoid, softplus};
use crate::model::SigmaPrior;

/// Rows whose intermediate values stay in the first-level cache.
pub(super) const TILE: usize = 512;

/// Lanes of a sum in double precision.
const SUMS: usize = 8;

/// Rows whose heads are summed together.
const WIDE: usize = 64;

/// Errors are kept within this, so that single precision does not overflow even for absurd weights.
const FAR: f64 = 1e30;

/// A part of the loss with `H` heads.
pub(super) trait Loss<const H: usize>: Sync {
    /// The rows of the batch that the part depends on; they come first.
    fn rows(batch: &Batch) -> usize;

    /// Whether these are the payers.
    const PAYERS_ONLY: bool;

    /// Turns the heads of a tile into the errors (the derivatives of the rows' losses by the heads), in place, and
    /// returns the summed loss, if asked for.
    fn errors(&self, tile: &Tile<'_>, heads: &mut [[f64; TILE]; H], with_loss: bool) -> f64;

    /// The slope, by each intercept, of what the objective adds for the intercepts.
    fn prior_slope(&self, _intercepts: [f64; H]) -> [f64; H] {
        [0.0; H]
    }
}

/// Some rows of a batch.
pub(super) struct Tile<'a> {
    /// Rows, padding included.
    pub(super) count: usize,
    /// The weight of each row; padding has 0.
    pub(super) weight: &'a [f64; TILE],
    /// The rows from here on do not pay.
    pub(super) payers: usize,
    /// The logarithms of the labels of the payers.
    pub(super) log_amount: &'a [f64],
}

/// The paying part: `softplus(-logit)` for payers, `softplus(logit)` for others.
#[derive(Debug, Clone, Copy)]
pub(super) struct PayingLoss;

/// The amount part: `ln y + ln sigma + ln(2 pi)/2 + (ln y - mu)^2 / (2 sigma^2)` of the payers.
#[derive(Debug, Clone, Copy)]
pub(super) struct AmountLoss {
    /// The mu head gives mu in units of this.
    pub(super) scale: f64,
    /// The loss is that of a sigma which is no greater. The gradient is not: beyond the bound it would be 0, and a
    /// sigma that went too far in the first steps would stay there.
    pub(super) max_sigma: f64,
    /// What the objective adds for sigma, in the units of the mean over the payers.
    pub(super) prior: Option<SigmaPrior>,
}

impl Loss<1> for PayingLoss {
    const PAYERS_ONLY: bool = false;

    fn rows(batch: &Batch) -> usize {
        batch.rows
    }

    #[inline(always)]
    fn errors(&self, tile: &Tile<'_>, heads: &mut [[f64; TILE]; 1], with_loss: bool) -> f64 {
        let [logits] = heads;
        let mut paid = [0.0; TILE];
        paid[..tile.payers.min(TILE)].fill(1.0);
        let mut losses = [0.0; TILE];
        if with_loss {
            for row in 0..tile.count {
                losses[row] = tile.weight[row] * (softplus(logits[row]) - paid[row] * logits[row]);
            }
        }
        for row in 0..tile.count {
            logits[row] = tile.weight[row] * (sigmoid(logits[row]) - paid[row]);
        }
        if with_loss { sum(&losses) } else { 0.0 }
    }
}

impl Loss<2> for AmountLoss {
    const PAYERS_ONLY: bool = true;

    fn rows(batch: &Batch) -> usize {
        batch.payers
    }

    #[inline(always)]
    fn errors(&self, tile: &Tile<'_>, heads: &mut [[f64; TILE]; 2], with_loss: bool) -> f64 {
        let [mus, raws] = heads;
        let Some(log_amount) = tile.log_amount.get(..tile.count) else { return 0.0 };
        let mut losses = [0.0; TILE];
        if with_loss {
            for row in 0..tile.count {
                let spread = floored(softplus(raws[row]));
                let sigma = if spread > self.max_sigma { self.max_sigma } else { spread };
                let z = (log_amount[row] - self.scale * mus[row]) / sigma;
                let loss = log_amount[row] + ln(sigma) + LN_2PI_HALF + 0.5 * (z * z);
                losses[row] = tile.weight[row] * loss;
            }
        }
        for row in 0..tile.count {
            let spread = softplus(raws[row]);
            let inverse = 1.0 / floored(spread);
            let z = (log_amount[row] - self.scale * mus[row]) * inverse;
            let weight = tile.weight[row];
            mus[row] = -weight * self.scale * z * inverse;
            let by_raw = weight * (1.0 - z * z) * inverse * sigmoid(raws[row]);
            // At the floor sigma can only rise.
            let held = spread < SIGMA_FLOOR && by_raw > 0.0;
            raws[row] = if held { 0.0 } else { by_raw };
        }
        if with_loss { sum(&losses) } else { 0.0 }
    }

    fn prior_slope(&self, [_, raw_sigma]: [f64; 2]) -> [f64; 2] {
        [0.0, self.prior.map_or(0.0, |prior| sigma_prior_slope(&prior, raw_sigma))]
    }
}

/// What the objective adds for the intercept of the raw sigma head: `weight * (ln sigma + spread^2 / (2 sigma^2))`.
pub(super) fn sigma_prior_value(prior: &SigmaPrior, raw_sigma: f64) -> f64 {
    let sigma = sigma_from_raw(raw_sigma);
    let z = prior.spread / sigma;
    prior.weight * (ln(sigma) + 0.5 * (z * z))
}

/// Its derivative; at the floor sigma can only rise.
fn sigma_prior_slope(prior: &SigmaPrior, raw_sigma: f64) -> f64 {
    // Outside of `dispatch` every fused multiplication is a call.
    dispatch(
        #[inline(always)]
        || {
            let sigma = sigma_from_raw(raw_sigma);
            let z = prior.spread / sigma;
            let slope = prior.weight * (1.0 - z * z) / sigma * sigmoid(raw_sigma);
            if sigma <= SIGMA_FLOOR { slope.min(0.0) } else { slope }
        },
    )
}

#[inline(always)]
fn floored(sigma: f64) -> f64 {
    if sigma < SIGMA_FLOOR { SIGMA_FLOOR } else { sigma }
}

/// Half the square of the head, over the payers or over all rows: its gradient is a product with `X'WX`.
#[derive(Debug, Clone, Copy)]
pub(super) struct SquareLoss<const PAYERS: bool>;

impl<const PAYERS: bool> Loss<1> for SquareLoss<PAYERS> {
    const PAYERS_ONLY: bool = PAYERS;

    fn rows(batch: &Batch) -> usize {
        if PAYERS { batch.payers } else { batch.rows }
    }

    #[inline(always)]
    fn errors(&self, tile: &Tile<'_>, heads: &mut [[f64; TILE]; 1], _with_loss: bool) -> f64 {
        let [values] = heads;
        for (value, weight) in values.iter_mut().zip(tile.weight) {
            *value *= weight;
        }
        0.0
    }
}

/// The weights of `H` heads, head after head: the intercept, the numbers, the levels of all categories.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heads<'a> {
    pub(super) values: &'a [f64],
    /// Weights a head, intercept included.
    pub(super) width: usize,
}

/// Memory that a pass over a batch works in, and the gradient it leaves behind.
#[derive(Debug, Default)]
pub(super) struct Gradient {
    /// Head after head: the intercept, the numbers.
    pub(super) dense: Vec<f64>,
    /// Of each category the levels that the batch has.
    pub(super) levels: Vec<LevelGradient>,
    /// The weights of the numbers in single precision.
    number_weights: Vec<f32>,
}

/// The gradient by the levels of one category: slot 0 is the level without weights, slot `i` the batch's level `i`.
#[derive(Debug, Default)]
pub(super) struct LevelGradient {
    /// Head after head, each `slots` long.
    pub(super) by_weight: Vec<f64>,
    /// The weights of the rows of each slot.
    pub(super) row_weight: Vec<f64>,
    weights: Vec<f64>,
    pub(super) slots: usize,
}

impl Gradient {
    /// The summed loss over a batch and its gradient by the weights, without the penalty.
    ///
    /// Without `with_loss` the result is 0.
    pub(super) fn of_batch<const H: usize, L: Loss<H>>(
        &mut self,
        loss: &L,
        packed: &Packed,
        index: usize,
        heads: Heads<'_>,
        with_loss: bool,
    ) -> f64 {
        self.pass::<H, L, true>(loss, packed, index, heads, with_loss)
    }

    /// The summed loss over a batch.
    pub(super) fn loss_of_batch<const H: usize, L: Loss<H>>(
        &mut self,
        loss: &L,
        packed: &Packed,
        index: usize,
        heads: Heads<'_>,
    ) -> f64 {
        self.pass::<H, L, false>(loss, packed, index, heads, true)
    }

    fn pass<const H: usize, L: Loss<H>, const GRADIENT: bool>(
        &mut self,
        loss: &L,
        packed: &Packed,
        index: usize,
        heads: Heads<'_>,
        with_loss: bool,
    ) -> f64 {
        let Some(batch) = packed.batches.get(index) else { return 0.0 };
        self.prepare::<H, L>(packed, index, heads);
        dispatch(
            #[inline(always)]
            || {
                let mut total = 0.0;
                for start in (0..L::rows(batch)).step_by(TILE) {
                    total +=
                        self.tile::<H, L, GRADIENT>(loss, packed, batch, start, heads, with_loss);
                }
                total
            },
        )
    }

    /// Copies the weights the batch needs to where they are read fast, and clears the gradient.
    fn prepare<const H: usize, L: Loss<H>>(
        &mut self,
        packed: &Packed,
        index: usize,
        heads: Heads<'_>,
    ) {
        self.dense.clear();
        self.dense.resize(H * (1 + packed.number_count), 0.0);
        self.number_weights.clear();
        for head in heads.values.chunks_exact(heads.width) {
            let numbers = head.iter().skip(1).take(packed.number_count);
            self.number_weights.extend(numbers.map(|&weight| weight as f32));
        }
        self.levels.resize_with(packed.categories.len(), LevelGradient::default);
        for (gradient, category) in self.levels.iter_mut().zip(&packed.categories) {
            let levels = category.levels(index, L::PAYERS_ONLY);
            let first = 1 + packed.number_count + category.offset;
            gradient.slots = levels.len() + 1;
            gradient.weights.clear();
            for head in heads.values.chunks_exact(heads.width) {
                gradient.weights.push(0.0);
                let weight =
                    |&level: &u32| head.get(first + level as usize).copied().unwrap_or(0.0);
                gradient.weights.extend(levels.iter().map(weight));
            }
            gradient.by_weight.clear();
            gradient.by_weight.resize(H * gradient.slots, 0.0);
            gradient.row_weight.clear();
            gradient.row_weight.resize(gradient.slots, 0.0);
        }
    }

    /// One tile of a batch: the heads, the errors, the sums of the gradient.
    #[inline(always)]
    fn tile<const H: usize, L: Loss<H>, const GRADIENT: bool>(
        &mut self,
        loss: &L,
        packed: &Packed,
        batch: &Batch,
        start: usize,
        heads: Heads<'_>,
        with_loss: bool,
    ) -> f64 {
        let rows = TILE.min(L::rows(batch) - start);
        let count = padded(rows);
        let at = batch.start + start;
        let mut weight = [0.0; TILE];
        match &packed.weight {
            Some(weights) => weight[..rows].copy_from_slice(&weights[at..at + rows]),
            None => weight[..rows].fill(1.0),
        }
        let mut sums = [[0.0_f32; TILE]; H];
        let columns = Columns { numbers: &packed.numbers, stride: packed.stride, at };
        columns.dot(&self.number_weights, packed.number_count, count, &mut sums);
        let mut outputs = [[0.0_f64; TILE]; H];
        for (head, (output, sum)) in outputs.iter_mut().zip(&sums).enumerate() {
            let intercept = heads.values[head * heads.width];
            for row in 0..count {
                output[row] = intercept + f64::from(sum[row]);
            }
        }
        for (gradient, category) in self.levels.iter().zip(&packed.categories) {
            let local = &category.local[at..at + rows];
            for (head, output) in outputs.iter_mut().enumerate() {
                let weights = &gradient.weights[head * gradient.slots..][..gradient.slots];
                for (output, &level) in output.iter_mut().zip(local) {
                    *output += weights[level as usize];
                }
            }
        }
        let log_amount = packed.log_amount.get(batch.first_payer + start..).unwrap_or(&[]);
        let payers = batch.payers.saturating_sub(start);
        let tile = Tile { count, weight: &weight, payers, log_amount };
        let total = loss.errors(&tile, &mut outputs, with_loss);
        if GRADIENT {
            self.sum_gradient(packed, columns, &outputs, &weight, rows);
        }
        total
    }

    #[inline(always)]
    fn sum_gradient<const H: usize>(
        &mut self,
        packed: &Packed,
        columns: Columns<'_>,
        errors: &[[f64; TILE]; H],
        weight: &[f64; TILE],
        rows: usize,
    ) {
        let count = padded(rows);
        let mut single = [[0.0_f32; TILE]; H];
        for head in 0..H {
            for row in 0..count {
                single[head][row] = errors[head][row].clamp(-FAR, FAR) as f32;
            }
            self.dense[head * (1 + packed.number_count)] += sum(&errors[head]);
        }
        columns.weighted_sums(&single, packed.number_count, count, &mut self.dense);
        for (gradient, category) in self.levels.iter_mut().zip(&packed.categories) {
            let local = &category.local[columns.at..columns.at + rows];
            for (head, errors) in errors.iter().enumerate() {
                let sums = &mut gradient.by_weight[head * gradient.slots..][..gradient.slots];
                for (&level, error) in local.iter().zip(errors) {
                    sums[level as usize] += error;
                }
            }
            for (&level, weight) in local.iter().zip(weight) {
                gradient.row_weight[level as usize] += weight;
            }
        }
    }
}

/// The weighted mean of the squared errors of each head over the first batches, where no feature has a weight.
pub(super) fn squared_errors<const H: usize, L: Loss<H>>(
    loss: &L,
    packed: &Packed,
    batches: usize,
    intercepts: [f64; H],
) -> [f64; H] {
    let mut squares = [0.0; H];
    let mut total = 0.0;
    let ones = [1.0; TILE];
    for batch in packed.batches.iter().take(batches) {
        for start in (0..L::rows(batch)).step_by(TILE) {
            let rows = TILE.min(L::rows(batch) - start);
            let log_amount = packed.log_amount.get(batch.first_payer + start..).unwrap_or(&[]);
            let payers = batch.payers.saturating_sub(start);
            let tile = Tile { count: padded(rows), weight: &ones, payers, log_amount };
            let mut errors = intercepts.map(|intercept| [intercept; TILE]);
            loss.errors(&tile, &mut errors, false);
            let at = batch.start + start;
            for row in 0..rows {
                let weight = packed.weight.as_ref().map_or(1.0, |weights| weights[at + row]);
                total += weight;
                for (square, errors) in squares.iter_mut().zip(&errors) {
                    *square += weight * errors[row] * errors[row];
                }
            }
        }
    }
    squares.map(|square| square / total)
}

/// The numeric columns from one row on.
#[derive(Clone, Copy)]
struct Columns<'a> {
    numbers: &'a [f32],
    stride: usize,
    at: usize,
}

impl Columns<'_> {
    /// `LENGTH` values of a column.
    #[inline(always)]
    fn block<const LENGTH: usize>(&self, column: usize, row: usize) -> &[f32; LENGTH] {
        let start = column * self.stride + self.at + row;
        // The columns are padded, so the block is there; zeros would stand for features at their mean.
        self.numbers.get(start..).and_then(|rest| rest.first_chunk()).unwrap_or(&[0.0; LENGTH])
    }

    /// For each row and head the sum of weight times value.
    #[inline(always)]
    fn dot<const H: usize>(
        &self,
        weights: &[f32],
        width: usize,
        count: usize,
        out: &mut [[f32; TILE]; H],
    ) {
        let mut row = 0;
        while row + WIDE <= count {
            self.dot_block::<H, WIDE>(weights, width, row, out);
            row += WIDE;
        }
        while row < count {
            self.dot_block::<H, LANES>(weights, width, row, out);
            row += LANES;
        }
    }

    #[inline(always)]
    fn dot_block<const H: usize, const ROWS: usize>(
        &self,
        weights: &[f32],
        width: usize,
        row: usize,
        out: &mut [[f32; TILE]; H],
    ) {
        let mut sums = [[0.0_f32; ROWS]; H];
        for column in 0..width {
            let values = self.block::<ROWS>(column, row);
            for head in 0..H {
                let weight = weights[head * width + column];
                for lane in 0..ROWS {
                    sums[head][lane] += weight * values[lane];
                }
            }
        }
        for head in 0..H {
            out[head][row..row + ROWS].copy_from_slice(&sums[head]);
        }
    }

    /// For each column and head the sum over rows of error times value, added to `out`.
    #[inline(always)]
    fn weighted_sums<const H: usize>(
        &self,
        errors: &[[f32; TILE]; H],
        width: usize,
        count: usize,
        out: &mut [f64],
    ) {
        for (head, errors) in errors.iter().enumerate() {
            let out = &mut out[head * (1 + width) + 1..][..width];
            for (column, out) in out.iter_mut().enumerate() {
                *out += self.weighted_sum(&errors[..count], column);
            }
        }
    }

    /// The sum over rows of error times value, in fixed lanes.
    #[inline(always)]
    fn weighted_sum(&self, errors: &[f32], column: usize) -> f64 {
        let start = column * self.stride + self.at;
        let values = self.numbers.get(start..).unwrap_or(&[]);
        let (wide_errors, rest_errors) = errors.as_chunks::<WIDE>();
        let (wide_values, _) = values.as_chunks::<WIDE>();
        let mut sums = [0.0_f32; WIDE];
        for (errors, values) in wide_errors.iter().zip(wide_values) {
            for lane in 0..WIDE {
                sums[lane] += errors[lane] * values[lane];
            }
        }
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

/// The sum of a tile, in fixed lanes.
#[inline(always)]
fn sum(values: &[f64; TILE]) -> f64 {
    let (blocks, _) = values.as_chunks::<SUMS>();
    let mut sums = [0.0; SUMS];
    for block in blocks {
        for lane in 0..SUMS {
            sums[lane] += block[lane];
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::layout::deal;
    use crate::fit::pack::{Known, Targets, pack_training};
    use crate::fit::table::{Chunk, FeatureColumn, RowId, Table, Values};

    /// 1,300 weighted rows with three numbers and a category of five levels, in three batches.
    fn packed() -> Packed {
        let mut state = 7_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as f64 / (1_u64 << 31) as f64
        };
        let rows = 1300;
        let mut column = |scale: f64| (0..rows).map(|_| scale * random()).collect::<Vec<f64>>();
        let numbers = [column(1.0), column(5.0), column(100.0)];
        let (amount, chance, weight) = (column(4.0), column(1.0), column(3.0));
        let label: Vec<f64> =
            amount.iter().zip(&chance).map(|(a, c)| if *c < 0.4 { a.exp() } else { 0.0 }).collect();
        let codes: Vec<u32> = (0..rows as u32).map(|row| row * row % 5).collect();
        let levels = vec![None, Some("a"), Some("b"), Some("c"), Some("d")];
        let mut features: Vec<FeatureColumn> =
            ["x", "y", "z"].iter().map(|name| FeatureColumn { name, levels: None }).collect();
        features.push(FeatureColumn { name: "level", levels: Some(levels) });
        let mut values: Vec<Values> = numbers.iter().map(|x| Values::Numbers(x)).collect();
        values.push(Values::Codes(&codes));
        let chunk = Chunk { label: &label, weight: Some(&weight), features: values };
        let table = Table { features, chunks: vec![chunk] };
        let ids: Vec<RowId> = (0..rows as u32).map(|row| RowId { chunk: 0, row }).collect();
        let layout = deal(&ids, &label, 600);
        let targets = Targets::gather(&table, &layout);
        pack_training(&table, &layout, &targets, &Known { features: None, min_count: 1 }).packed
    }

    /// The gradient over all batches, by every weight, beside the differences of the loss.
    fn compare<const H: usize, L: Loss<H>>(loss: &L, start: [f64; H]) {
        let packed = packed();
        let width = 1 + packed.number_count + packed.level_count;
        let mut weights: Vec<f64> =
            (0..H * width).map(|place| 0.1 * ((place * 37 % 11) as f64 - 5.0) / 5.0).collect();
        for (head, start) in weights.chunks_exact_mut(width).zip(start) {
            head[0] += start;
        }
        let batches = packed.batches.len();
        assert!(batches > 1);
        let mut work = Gradient::default();
        let mut gradient = vec![0.0; weights.len()];
        for batch in 0..batches {
            work.of_batch(loss, &packed, batch, Heads { values: &weights, width }, false);
            for head in 0..H {
                let dense = 1 + packed.number_count;
                for place in 0..dense {
                    gradient[head * width + place] += work.dense[head * dense + place];
                }
                let (levels, category) = (&work.levels[0], &packed.categories[0]);
                for (slot, &level) in category.levels(batch, L::PAYERS_ONLY).iter().enumerate() {
                    gradient[head * width + dense + level as usize] +=
                        levels.by_weight[head * levels.slots + slot + 1];
                }
            }
        }
        let mut total = |weights: &[f64]| -> f64 {
            let heads = Heads { values: weights, width };
            (0..batches).map(|batch| work.loss_of_batch(loss, &packed, batch, heads)).sum()
        };
        for place in 0..weights.len() {
            // Wide, because the heads are summed in single precision.
            let step = 2e-2;
            let mut at = |shift: f64| {
                let mut moved = weights.clone();
                moved[place] += shift * step;
                total(&moved)
            };
            // Fourth-order central differences.
            let slope = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * step);
            let error = (gradient[place] - slope).abs() / (1.0 + slope.abs());
            assert!(error < 1e-4, "weight {place}: {} and {slope}", gradient[place]);
        }
    }

    #[test]
    fn the_paying_gradient_is_the_slope_of_the_loss() {
        compare(&PayingLoss, [-0.4]);
    }

    #[test]
    fn the_amount_gradient_is_the_slope_of_the_loss() {
        compare(&AmountLoss { scale: 1.0, max_sigma: 5.0, prior: None }, [2.0, 0.5]);
        compare(&AmountLoss { scale: 4.0, max_sigma: 5.0, prior: None }, [0.5, 1.5]);
    }

    #[test]
    fn the_loss_is_that_of_the_distribution() {
        let packed = packed();
        let width = 1 + packed.number_count + packed.level_count;
        let mut paying = vec![0.0; width];
        paying[0] = -0.3;
        let mut amount = vec![0.0; 2 * width];
        (amount[0], amount[width]) = (1.25, 0.8);
        let mut work = Gradient::default();
        let mut total = 0.0;
        let mut expected = 0.0;
        for (index, batch) in packed.batches.iter().enumerate() {
            total +=
                work.loss_of_batch(&PayingLoss, &packed, index, Heads { values: &paying, width });
            let heads = Heads { values: &amount, width };
            total += work.loss_of_batch(
                &AmountLoss { scale: 2.0, max_sigma: 5.0, prior: None },
                &packed,
                index,
                heads,
            );
            for row in 0..batch.rows {
                let paid = row < batch.payers;
                let label =
                    if paid { packed.log_amount[batch.first_payer + row].exp() } else { 0.0 };
                let weight = packed.weight.as_ref().map_or(1.0, |w| w[batch.start + row]);
                let sigma = crate::math::sigma_from_raw(0.8);
                expected += weight * crate::math::loss_row(label, -0.3, 2.5, sigma);
            }
        }
        assert!((total - expected).abs() < 1e-9 * expected, "{total} {expected}");
    }

    #[test]
    fn sigma_can_rise_from_its_floor() {
        let mut heads = [[0.0; TILE], [-20.0; TILE]];
        let tile =
            Tile { count: LANES, weight: &[1.0; TILE], payers: LANES, log_amount: &[3.0; LANES] };
        AmountLoss { scale: 1.0, max_sigma: 5.0, prior: None }.errors(&tile, &mut heads, false);
        assert!(heads[1][0] < 0.0 && heads[1][0].is_finite());
    }
}
