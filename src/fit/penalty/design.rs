//! The second moments of the features, looked at through products with them.

use crate::family::{Head, TargetTile, Term};
use crate::fit::encode::Packed;
use crate::fit::objective::gradient_of_batch;
use crate::math::TILE;
use crate::net::{Affine, AffineWeights, Batch};

/// Half the square of the head, over the payers or over all rows: its gradient is a product with `X'WX`.
#[derive(Debug, Clone, Copy)]
struct SquareTerm<const PAYERS: bool>;

impl<const PAYERS: bool> Term<1> for SquareTerm<PAYERS> {
    // Of all rows and of the payers, the head that is a mean.
    const HEADS: [Head; 1] = if PAYERS { [Head::Mu] } else { [Head::Logit] };
    const PAYERS_ONLY: bool = PAYERS;

    #[inline(always)]
    fn errors(
        &self,
        targets: &TargetTile<'_>,
        heads: &mut [[f64; TILE]; 1],
        _with_loss: bool,
    ) -> f64 {
        let [values] = heads;
        for (value, weight) in values.iter_mut().zip(targets.weight) {
            *value *= weight;
        }
        0.0
    }
}

/// The first batches of a training, as many as there are to be looked at.
pub(in crate::fit) struct DesignSample<'a> {
    pub(in crate::fit) packed: &'a Packed,
    pub(in crate::fit) batches: &'a [Batch],
    /// Weights a head, intercept included.
    width: usize,
    affine: Affine,
}

impl<'a> DesignSample<'a> {
    /// Whole batches with about `budget` rows that the term depends on.
    pub(in crate::fit) fn new<const H: usize, T: Term<H>>(
        packed: &'a Packed,
        budget: usize,
    ) -> Self {
        let mut rows = 0;
        let fits = |batch: &&Batch| {
            rows += batch.rows_of(T::PAYERS_ONLY);
            rows <= budget
        };
        let batches = packed.batches.iter().take_while(fits).count().max(1);
        let batches = packed.batches.get(..batches).unwrap_or(&packed.batches);
        Self { packed, batches, width: packed.inputs.width(), affine: Affine::default() }
    }

    /// Heads with these intercepts and no weights.
    pub(in crate::fit) fn start<const H: usize>(&self, intercepts: [f64; H]) -> Vec<f64> {
        let mut heads = vec![0.0; H * self.width];
        for (head, intercept) in heads.chunks_exact_mut(self.width).zip(intercepts) {
            head[0] = intercept;
        }
        heads
    }

    /// The gradient of the summed loss by the weights of each head, and by its intercept.
    pub(in crate::fit) fn gradient<const H: usize, T: Term<H>>(
        &mut self,
        term: &T,
        heads: &[f64],
    ) -> [(Vec<f64>, f64); H] {
        let numbers = self.packed.inputs.number_count;
        let mut sums = std::array::from_fn(|_| (vec![0.0; self.width - 1], 0.0));
        for batch in self.batches {
            let weights = AffineWeights { values: heads, width: self.width };
            gradient_of_batch(&mut self.affine, term, self.packed, batch, weights, false);
            let dense = self.affine.dense.chunks_exact(1 + numbers);
            for ((weights, intercept), dense) in sums.iter_mut().zip(dense) {
                *intercept += dense[0];
                weights.iter_mut().zip(&dense[1..]).for_each(|(sum, value)| *sum += value);
            }
            let categories = self.affine.levels.iter().zip(&self.packed.inputs.categories);
            for (gradient, category) in categories {
                let levels = category.levels(batch, T::PAYERS_ONLY);
                let by_head = gradient.by_weight.chunks_exact(gradient.slots);
                for ((weights, _), by_weight) in sums.iter_mut().zip(by_head) {
                    for (&level, value) in levels.iter().zip(&by_weight[1..]) {
                        weights[numbers + category.offset + level as usize] += value;
                    }
                }
            }
        }
        sums
    }

    /// The weighted sum over rows and features of the squared values.
    fn square_sum<const H: usize, T: Term<H>>(&self) -> f64 {
        let mut total = 0.0;
        for batch in self.batches {
            let count = batch.rows_of(T::PAYERS_ONLY);
            let rows = batch.start..batch.start + count;
            let weight = self.packed.weight.as_ref().map(|weights| &weights[rows.clone()]);
            for column in self.packed.inputs.numbers_of(batch).columns() {
                total += weighted_squares(&column[..count], weight);
            }
            for category in &self.packed.inputs.categories {
                let local = category.local(rows.clone());
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
pub(in crate::fit) struct Design<'a, const PAYERS: bool> {
    pub(in crate::fit) sample: DesignSample<'a>,
    /// What the weights of the rows sum to.
    pub(in crate::fit) weight_sum: f64,
    /// The mean of each feature.
    pub(in crate::fit) means: Vec<f64>,
    /// The mean squared distance of a row from the means.
    pub(in crate::fit) norm: f64,
}

impl<'a, const PAYERS: bool> Design<'a, PAYERS> {
    /// Of a sample with about `budget` such rows.
    pub(in crate::fit) fn new(packed: &'a Packed, budget: usize) -> Self {
        let term = SquareTerm::<PAYERS>;
        let mut sample = DesignSample::new::<1, SquareTerm<PAYERS>>(packed, budget);
        // The gradient of half a square by the weights is the sum of value times feature: with the value 1 the sums
        // of the features themselves.
        let start = sample.start([1.0]);
        let [(sums, weight_sum)] = sample.gradient(&term, &start);
        let means: Vec<f64> = sums.iter().map(|sum| sum / weight_sum).collect();
        let mean_square: f64 = means.iter().map(|mean| mean * mean).sum();
        let squares = sample.square_sum::<1, SquareTerm<PAYERS>>();
        let norm = (squares / weight_sum - mean_square).max(0.0);
        Self { sample, weight_sum, means, norm }
    }

    /// `C v`.
    pub(in crate::fit) fn product(&mut self, v: &[f64]) -> Vec<f64> {
        let along: f64 = self.means.iter().zip(v).map(|(mean, v)| mean * v).sum();
        let heads: Vec<f64> = std::iter::once(0.0).chain(v.iter().copied()).collect();
        let [(product, _)] = self.sample.gradient(&SquareTerm::<PAYERS>, &heads);
        let means = self.means.iter();
        product.iter().zip(means).map(|(p, mean)| p - self.weight_sum * mean * along).collect()
    }

    /// The gradient of the summed loss by the weights of each head, as it is where the intercept is at its optimum: the
    /// features are taken around their means.
    pub(in crate::fit) fn score<const H: usize, T: Term<H>>(
        &mut self,
        term: &T,
        heads: &[f64],
    ) -> [(Vec<f64>, f64); H] {
        self.sample.gradient(term, heads).map(|(weights, intercept)| {
            let centred = weights.iter().zip(&self.means).map(|(w, mean)| w - mean * intercept);
            (centred.collect(), intercept)
        })
    }
}
