//! One affine layer: forward to its outputs, backward to the gradient of its weights.

use pulp::Simd;

use super::batch::{Batch, TileRows};
use super::inputs::Inputs;
use crate::math::{TILE, sum_rows};

/// Errors are kept within this, so that single precision does not overflow even for absurd weights.
const MOST_ERROR: f64 = 1e30;

/// The weights of some outputs, one output after the other: the intercept, the numbers, the levels of all categories.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AffineWeights<'a> {
    pub(crate) values: &'a [f64],
    /// Weights an output, intercept included.
    pub(crate) width: usize,
}

/// Memory that a pass over a batch works in, and the gradient it leaves behind.
#[derive(Debug, Default)]
pub(crate) struct Affine {
    /// Output after output: the intercept, the numbers.
    pub(crate) dense: Vec<f64>,
    /// Of each category the levels that the batch has.
    pub(crate) levels: Vec<LevelGradient>,
    /// The weights of the numbers in single precision.
    number_weights: Vec<f32>,
}

/// The gradient by the levels of one category: slot 0 is the level without weights, slot `i` the batch's level `i`.
#[derive(Debug, Default)]
pub(crate) struct LevelGradient {
    /// Output after output, each `slots` long.
    pub(crate) by_weight: Vec<f64>,
    /// The weights of the rows of each slot.
    pub(crate) row_weight: Vec<f64>,
    weights: Vec<f64>,
    pub(crate) slots: usize,
}

impl Affine {
    /// Copies the weights that the rows of a batch need to where they are read fast, and clears the gradient.
    pub(crate) fn prepare<const H: usize>(
        &mut self,
        inputs: &Inputs,
        batch: &Batch,
        payers_only: bool,
        weights: AffineWeights<'_>,
    ) {
        self.dense.clear();
        self.dense.resize(H * (1 + inputs.number_count), 0.0);
        self.number_weights.clear();
        for output in weights.values.chunks_exact(weights.width) {
            let numbers = output.iter().skip(1).take(inputs.number_count);
            self.number_weights.extend(numbers.map(|&weight| weight as f32));
        }
        self.levels.resize_with(inputs.categories.len(), LevelGradient::default);
        for (gradient, category) in self.levels.iter_mut().zip(&inputs.categories) {
            let levels = category.levels(batch, payers_only);
            let first = 1 + inputs.number_count + category.offset;
            gradient.slots = levels.len() + 1;
            gradient.weights.clear();
            for output in weights.values.chunks_exact(weights.width) {
                gradient.weights.push(0.0);
                let weight =
                    |&level: &u32| output.get(first + level as usize).copied().unwrap_or(0.0);
                gradient.weights.extend(levels.iter().map(weight));
            }
            gradient.by_weight.clear();
            gradient.by_weight.resize(H * gradient.slots, 0.0);
            gradient.row_weight.clear();
            gradient.row_weight.resize(gradient.slots, 0.0);
        }
    }

    /// The outputs of the rows of a tile; padding of the tile has 0.
    #[inline(always)]
    pub(crate) fn forward<S: Simd, const H: usize>(
        &self,
        simd: S,
        inputs: &Inputs,
        tile: &TileRows<'_>,
        weights: AffineWeights<'_>,
        outputs: &mut [[f64; TILE]; H],
    ) {
        let count = tile.padded();
        let mut sums = [[0.0_f32; TILE]; H];
        let numbers = inputs.numbers_of(tile.batch);
        let rows = tile.start..tile.start + count;
        numbers.dot(simd, rows, &self.number_weights, inputs.number_count, &mut sums);
        for (head, (output, sum)) in outputs.iter_mut().zip(&sums).enumerate() {
            let intercept = weights.values[head * weights.width];
            for row in 0..count {
                output[row] = intercept + f64::from(sum[row]);
            }
        }
        for (gradient, category) in self.levels.iter().zip(&inputs.categories) {
            let local = category.local(tile.range());
            for (head, output) in outputs.iter_mut().enumerate() {
                let weights = &gradient.weights[head * gradient.slots..][..gradient.slots];
                for (output, &level) in output.iter_mut().zip(local) {
                    *output += weights[level as usize];
                }
            }
        }
    }

    /// Adds what the rows of a tile give to the gradient, from the errors of their outputs and their weights.
    #[inline(always)]
    pub(crate) fn backward<S: Simd, const H: usize>(
        &mut self,
        simd: S,
        inputs: &Inputs,
        tile: &TileRows<'_>,
        errors: &[[f64; TILE]; H],
        row_weight: &[f64; TILE],
    ) {
        let count = tile.padded();
        let width = inputs.number_count;
        let mut single = [[0.0_f32; TILE]; H];
        for head in 0..H {
            for row in 0..count {
                single[head][row] = errors[head][row].clamp(-MOST_ERROR, MOST_ERROR) as f32;
            }
            self.dense[head * (1 + width)] += sum_rows(&errors[head][..count]);
        }
        let numbers = inputs.numbers_of(tile.batch);
        for (head, errors) in single.iter().enumerate() {
            let sums = &mut self.dense[head * (1 + width) + 1..][..width];
            for (column, sum) in sums.iter_mut().enumerate() {
                *sum += numbers.weighted_sum(simd, tile.start, &errors[..count], column);
            }
        }
        for (gradient, category) in self.levels.iter_mut().zip(&inputs.categories) {
            let local = category.local(tile.range());
            for (head, errors) in errors.iter().enumerate() {
                let sums = &mut gradient.by_weight[head * gradient.slots..][..gradient.slots];
                for (&level, error) in local.iter().zip(errors) {
                    sums[level as usize] += error;
                }
            }
            for (&level, weight) in local.iter().zip(row_weight) {
                gradient.row_weight[level as usize] += weight;
            }
        }
    }
}
