//! The second moments of the features, looked at through products with them.

use super::gradient::{Gradient, Heads, Loss, SquareLoss};
use super::layout::Batch;
use super::pack::Packed;

/// The first batches of a training, as many as there are to be looked at.
pub(super) struct Sample<'a> {
    pub(super) packed: &'a Packed,
    pub(super) batches: usize,
    /// Weights a head, intercept included.
    width: usize,
    gradient: Gradient,
}

impl<'a> Sample<'a> {
    /// Whole batches with about `budget` rows that the part of `L` depends on.
    pub(super) fn new<const H: usize, L: Loss<H>>(packed: &'a Packed, budget: usize) -> Self {
        let mut rows = 0;
        let fits = |batch: &&Batch| {
            rows += L::rows(batch);
            rows <= budget
        };
        let batches = packed.batches.iter().take_while(fits).count().max(1);
        let width = 1 + packed.number_count + packed.level_count;
        Self { packed, batches, width, gradient: Gradient::default() }
    }

    /// Heads with these intercepts and no weights.
    pub(super) fn start<const H: usize>(&self, intercepts: [f64; H]) -> Vec<f64> {
        let mut heads = vec![0.0; H * self.width];
        for (head, intercept) in heads.chunks_exact_mut(self.width).zip(intercepts) {
            head[0] = intercept;
        }
        heads
    }

    /// The gradient of the summed loss by the weights of each head, and by its intercept.
    pub(super) fn gradient<const H: usize, L: Loss<H>>(
        &mut self,
        loss: &L,
        heads: &[f64],
    ) -> [(Vec<f64>, f64); H] {
        let numbers = self.packed.number_count;
        let mut sums = std::array::from_fn(|_| (vec![0.0; self.width - 1], 0.0));
        for batch in 0..self.batches {
            let heads = Heads { values: heads, width: self.width };
            self.gradient.of_batch(loss, self.packed, batch, heads, false);
            let dense = self.gradient.dense.chunks_exact(1 + numbers);
            for ((weights, intercept), dense) in sums.iter_mut().zip(dense) {
                *intercept += dense[0];
                weights.iter_mut().zip(&dense[1..]).for_each(|(sum, value)| *sum += value);
            }
            for (levels, category) in self.gradient.levels.iter().zip(&self.packed.categories) {
                let places = category.levels(batch, L::PAYERS_ONLY);
                let by_head = levels.by_weight.chunks_exact(levels.slots);
                for ((weights, _), by_weight) in sums.iter_mut().zip(by_head) {
                    for (&level, value) in places.iter().zip(&by_weight[1..]) {
                        weights[numbers + category.offset + level as usize] += value;
                    }
                }
            }
        }
        sums
    }

    /// The weighted sum over rows and features of the squared values.
    fn square_sum<const H: usize, L: Loss<H>>(&self) -> f64 {
        let mut total = 0.0;
        for batch in self.packed.batches.iter().take(self.batches) {
            let count = L::rows(batch);
            let rows = batch.start..batch.start + count;
            let weight = self.packed.weight.as_ref().map(|weights| &weights[rows.clone()]);
            for column in self.packed.numbers_of(batch).chunks_exact(batch.stride.max(1)) {
                total += weighted_squares(&column[..count], weight);
            }
            for category in &self.packed.categories {
                let local = &category.local[rows.clone()];
                let known = local.iter().enumerate().filter(|&(_, &level)| level > 0);
                total +=
                    known.map(|(row, _)| weight.map_or(1.0, |weight| weight[row])).sum::<f64>();
            }
        }
        total
    }
}

fn weighted_squares(values: &[f32], weights: Option<&[f64]>) -> f64 {
    let square = |value: &f32| f64::from(*value) * f64::from(*value);
    match weights {
        None => values.iter().map(square).sum(),
        Some(weights) => {
            values.iter().zip(weights).map(|(value, weight)| weight * square(value)).sum()
        }
    }
}

/// `C = X'WX` around the means of the features, over the payers of a sample or over all its rows.
pub(super) struct Design<'a, const PAYERS: bool> {
    pub(super) sample: Sample<'a>,
    /// What the weights of the rows sum to.
    pub(super) weight_sum: f64,
    /// The mean of each feature.
    pub(super) means: Vec<f64>,
    /// The mean squared distance of a row from the means.
    pub(super) norm: f64,
}

impl<'a, const PAYERS: bool> Design<'a, PAYERS> {
    /// Of a sample with about `budget` such rows.
    pub(super) fn new(packed: &'a Packed, budget: usize) -> Self {
        let loss = SquareLoss::<PAYERS>;
        let mut sample = Sample::new::<1, SquareLoss<PAYERS>>(packed, budget);
        // The gradient of half a square by the weights is the sum of value times feature: with the value 1 the sums
        // of the features themselves.
        let start = sample.start([1.0]);
        let [(sums, weight_sum)] = sample.gradient(&loss, &start);
        let means: Vec<f64> = sums.iter().map(|sum| sum / weight_sum).collect();
        let mean_square: f64 = means.iter().map(|mean| mean * mean).sum();
        let squares = sample.square_sum::<1, SquareLoss<PAYERS>>();
        let norm = (squares / weight_sum - mean_square).max(0.0);
        Self { sample, weight_sum, means, norm }
    }

    /// `C v`.
    pub(super) fn product(&mut self, v: &[f64]) -> Vec<f64> {
        let along: f64 = self.means.iter().zip(v).map(|(mean, v)| mean * v).sum();
        let heads: Vec<f64> = std::iter::once(0.0).chain(v.iter().copied()).collect();
        let [(product, _)] = self.sample.gradient(&SquareLoss::<PAYERS>, &heads);
        let means = self.means.iter();
        product.iter().zip(means).map(|(p, mean)| p - self.weight_sum * mean * along).collect()
    }

    /// The gradient of the summed loss by the weights of each head, as it is where the intercept is at its optimum: the
    /// features are taken around their means.
    pub(super) fn score<const H: usize, L: Loss<H>>(
        &mut self,
        loss: &L,
        heads: &[f64],
    ) -> [(Vec<f64>, f64); H] {
        self.sample.gradient(loss, heads).map(|(weights, intercept)| {
            let centred = weights.iter().zip(&self.means).map(|(w, mean)| w - mean * intercept);
            (centred.collect(), intercept)
        })
    }
}
