//! A term of the loss over one mini-batch, and its gradient by the weights of the linear heads.

use pulp::{Simd, WithSimd};

use super::encode::Packed;
use crate::family::Term;
use crate::math::{TILE, dispatch_simd};
use crate::net::{Affine, AffineWeights, Batch};

/// The summed loss over a batch; its gradient by the weights, without the penalty, is left in `affine`.
///
/// Without `with_loss` the result is 0.
pub(super) fn gradient_of_batch<const H: usize, T: Term<H>>(
    affine: &mut Affine,
    term: &T,
    packed: &Packed,
    batch: &Batch,
    weights: AffineWeights<'_>,
    with_loss: bool,
) -> f64 {
    over_batch::<H, T, true>(affine, term, packed, batch, weights, with_loss)
}

/// The summed loss over a batch.
pub(super) fn loss_of_batch<const H: usize, T: Term<H>>(
    affine: &mut Affine,
    term: &T,
    packed: &Packed,
    batch: &Batch,
    weights: AffineWeights<'_>,
) -> f64 {
    over_batch::<H, T, false>(affine, term, packed, batch, weights, true)
}

fn over_batch<const H: usize, T: Term<H>, const GRADIENT: bool>(
    affine: &mut Affine,
    term: &T,
    packed: &Packed,
    batch: &Batch,
    weights: AffineWeights<'_>,
    with_loss: bool,
) -> f64 {
    affine.prepare::<H>(&packed.inputs, batch, T::PAYERS_ONLY, weights);
    dispatch_simd(OverBatch::<T, H, GRADIENT> { affine, term, packed, batch, weights, with_loss })
}

/// The tiles of a batch, with the gradient or without.
struct OverBatch<'a, T, const H: usize, const GRADIENT: bool> {
    affine: &'a mut Affine,
    term: &'a T,
    packed: &'a Packed,
    batch: &'a Batch,
    weights: AffineWeights<'a>,
    with_loss: bool,
}

impl<T: Term<H>, const H: usize, const GRADIENT: bool> WithSimd for OverBatch<'_, T, H, GRADIENT> {
    /// The summed loss.
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let Self { affine, term, packed, batch, weights, with_loss } = self;
        let mut total = 0.0;
        let (mut outputs, mut weight) = ([[0.0; TILE]; H], [0.0; TILE]);
        for tile in batch.tiles(T::PAYERS_ONLY) {
            affine.forward(simd, &packed.inputs, &tile, weights, &mut outputs);
            packed.read_tile_weight(&tile, &mut weight);
            let targets = packed.targets(&tile, &weight);
            total += term.errors(&targets, &mut outputs, with_loss);
            if GRADIENT {
                affine.backward(simd, &packed.inputs, &tile, &outputs, &weight);
            }
        }
        total
    }
}

/// The weighted mean of the squared errors of each head over some batches, where no feature has a weight.
pub(super) fn squared_errors<const H: usize, T: Term<H>>(
    term: &T,
    packed: &Packed,
    batches: &[Batch],
    intercepts: [f64; H],
) -> [f64; H] {
    let mut squares = [0.0; H];
    let mut total = 0.0;
    let ones = [1.0; TILE];
    for tile in batches.iter().flat_map(|batch| batch.tiles(T::PAYERS_ONLY)) {
        let mut errors = intercepts.map(|intercept| [intercept; TILE]);
        term.errors(&packed.targets(&tile, &ones), &mut errors, false);
        let weight = packed.tile_weight(&tile);
        for (row, weight) in weight.iter().enumerate().take(tile.rows) {
            total += weight;
            for (square, errors) in squares.iter_mut().zip(&errors) {
                *square += weight * errors[row] * errors[row];
            }
        }
    }
    squares.map(|square| square / total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::family::{AmountTerm, Limits, PayingTerm};
    use crate::fit::encode::{Known, Targets, deal, pack_training};
    use crate::fit::{Chunk, FeatureColumn, FeatureValues, RowId, Table};

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
        let mut values: Vec<FeatureValues> =
            numbers.iter().map(|x| FeatureValues::Numbers(x)).collect();
        values.push(FeatureValues::Codes(&codes));
        let chunk = Chunk { label: &label, weight: Some(&weight), features: values };
        let table = Table { features, chunks: vec![chunk] };
        let ids: Vec<RowId> = (0..rows as u32).map(|row| RowId { chunk: 0, row }).collect();
        let layout = deal(&ids, &label, 600);
        let targets = Targets::gather(&table, &layout);
        pack_training(&table, &layout, &targets, &Known { features: None, min_count: 1 }).packed
    }

    /// The gradient over all batches, by every weight, beside the differences of the loss.
    fn compare<const H: usize, T: Term<H>>(term: &T, start: [f64; H]) {
        let packed = packed();
        let width = packed.inputs.width();
        let mut weights: Vec<f64> =
            (0..H * width).map(|index| 0.1 * ((index * 37 % 11) as f64 - 5.0) / 5.0).collect();
        for (head, start) in weights.chunks_exact_mut(width).zip(start) {
            head[0] += start;
        }
        assert!(packed.batches.len() > 1);
        let mut affine = Affine::default();
        let mut gradient = vec![0.0; weights.len()];
        for batch in &packed.batches {
            let values = AffineWeights { values: &weights, width };
            gradient_of_batch(&mut affine, term, &packed, batch, values, false);
            for head in 0..H {
                let dense = 1 + packed.inputs.number_count;
                for index in 0..dense {
                    gradient[head * width + index] += affine.dense[head * dense + index];
                }
                let (levels, category) = (&affine.levels[0], &packed.inputs.categories[0]);
                for (slot, &level) in category.levels(batch, T::PAYERS_ONLY).iter().enumerate() {
                    gradient[head * width + dense + level as usize] +=
                        levels.by_weight[head * levels.slots + slot + 1];
                }
            }
        }
        let mut total = |weights: &[f64]| -> f64 {
            let weights = AffineWeights { values: weights, width };
            let loss = |batch| loss_of_batch(&mut affine, term, &packed, batch, weights);
            packed.batches.iter().map(loss).sum()
        };
        for index in 0..weights.len() {
            // Wide, because the heads are summed in single precision.
            let step = 2e-2;
            let mut at = |shift: f64| {
                let mut moved = weights.clone();
                moved[index] += shift * step;
                total(&moved)
            };
            // Fourth-order central differences.
            let slope = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * step);
            let error = (gradient[index] - slope).abs() / (1.0 + slope.abs());
            assert!(error < 1e-4, "weight {index}: {} and {slope}", gradient[index]);
        }
    }

    #[test]
    fn the_paying_gradient_is_the_slope_of_the_loss() {
        compare(&PayingTerm, [-0.4]);
    }

    #[test]
    fn the_amount_gradient_is_the_slope_of_the_loss() {
        compare(&AmountTerm { scale: 1.0, limits: Limits::of_sigma(5.0), prior: None }, [2.0, 0.5]);
        compare(&AmountTerm { scale: 4.0, limits: Limits::of_sigma(5.0), prior: None }, [0.5, 1.5]);
    }

    #[test]
    fn the_loss_is_that_of_the_distribution() {
        let packed = packed();
        let width = packed.inputs.width();
        let mut paying = vec![0.0; width];
        paying[0] = -0.3;
        let mut amount = vec![0.0; 2 * width];
        (amount[0], amount[width]) = (1.25, 0.8);
        let mut affine = Affine::default();
        let mut total = 0.0;
        let mut expected = 0.0;
        let amount_term = AmountTerm { scale: 2.0, limits: Limits::of_sigma(5.0), prior: None };
        for batch in &packed.batches {
            let weights = AffineWeights { values: &paying, width };
            total += loss_of_batch(&mut affine, &PayingTerm, &packed, batch, weights);
            let weights = AffineWeights { values: &amount, width };
            total += loss_of_batch(&mut affine, &amount_term, &packed, batch, weights);
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
}
