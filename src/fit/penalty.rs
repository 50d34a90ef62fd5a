//! The default penalty: each head's weights are drawn from a normal prior whose variance is estimated from the data.
//!
//! At the marginal fit, where all weights are 0, the score `s` (the gradient of the summed loss by the weights) has
//! the covariance `V` if the features say nothing, and `V + t H H'` if the weights vary with variance `t`; `H` is
//! the information matrix. So `t` is about `(|s|^2 - trace V) / |H|^2`, the method of moments of variance-component
//! models (Haseman and Elston 1972). It is averaged with a prior guess by their precisions, and bounded where few
//! payers could be fitted exactly by many features. The penalty is then `1 / (rows * t)`: strong where the features
//! say little or the rows are few, and negligible where the rows are many.

use xxhash_rust::xxh3::xxh3_64;

use super::gradient::{AmountLoss, Gradient, Heads, Loss, PayingLoss, SquareLoss, squared_errors};
use super::layout::Batch;
use super::marginal::Marginal;
use super::optimizer::Optimizer;
use super::options::Options;
use super::pack::Packed;
use crate::math::sigmoid;
use crate::model::L2;

/// Rows that the estimate looks at: whole batches up to about this many.
const ROWS: usize = 32_768;

/// Up to so many weights `|H|^2` is computed exactly; beyond, from as many random directions.
const DIRECTIONS: usize = 16;

/// What share of the variance of a head the features are guessed to explain, before the data are seen: of the logit
/// in units of 1, of mu and of raw sigma in units of the marginal fit's standard error of one row.
const GUESS: [f64; 3] = [0.5, 0.25, 0.1];

/// The least variance, as a share of the guess.
const LEAST: f64 = 0.02;

/// The greatest share of the variance of mu and of raw sigma that the prior lets the features explain when the
/// payers are no more than the features; it grows in proportion to the payers.
const MOST: f64 = 0.05;

/// What the features look like, and the penalties that suit them.
pub(super) struct Survey {
    /// The penalties, in the units of the weighted mean loss over all rows.
    pub(super) l2: L2,
    /// The Frobenius norm of the features' covariance: the square root of their number if they are uncorrelated,
    /// their number if they are all the same. Of the part in which it is greater.
    pub(super) spread: f64,
}

/// Looks at the features and decides the penalties.
pub(super) fn survey(options: &Options, packed: &Packed, start: &Marginal) -> Survey {
    let mut work = Work::new(packed);
    let logit = Design::of::<false>(&mut work);
    let amount = Design::of::<true>(&mut work);
    let spread = logit.spread().max(amount.spread());
    let l2 = match options.l2 {
        Some(l2) => L2 { logit: l2, mu: l2, raw_sigma: l2 },
        None => penalties(&mut work, &logit, &amount, start, options.optimizer),
    };
    Survey { l2, spread }
}

fn penalties(
    work: &mut Work<'_>,
    logit: &Design,
    amount: &Design,
    start: &Marginal,
    optimizer: Optimizer,
) -> L2 {
    let packed = work.packed;
    let rate = sigmoid(start.logit);
    // The standard error of one row's raw sigma.
    let unit_raw = start.sigma / sigmoid(start.raw_sigma);
    let [score_logit] = work.score(&PayingLoss, [start.logit]);
    // The marginal fit is where the score says something, so sigma is not bounded.
    let free = AmountLoss { scale: 1.0, max_sigma: f64::INFINITY };
    let [score_mu, score_raw] = work.score(&free, [start.mu, start.raw_sigma]);
    let head = |place: usize, design: &Design, score: &Score, information: f64, unit: f64| {
        let evidence = Evidence { design, score, information };
        let guess = GUESS[place] * unit * unit / design.norm;
        let variance = evidence.variance(guess, packed.repeats);
        let bounded = if place == 0 { variance } else { variance.min(design.bound(unit)) };
        let l2 = 1.0 / (packed.weight_sum * packed.repeats * bounded);
        if optimizer.couples_l2() { l2 } else { l2 / score.gradient(packed.weight_sum, design) }
    };
    L2 {
        logit: head(0, logit, &score_logit, rate * (1.0 - rate), 1.0),
        mu: head(1, amount, &score_mu, 1.0 / (start.sigma * start.sigma), start.sigma),
        raw_sigma: head(2, amount, &score_raw, 2.0 / (unit_raw * unit_raw), unit_raw),
    }
}

/// A score and how it varies.
struct Score {
    /// The gradient of the summed loss, squared and summed.
    square: f64,
    /// How many weights it is by.
    width: usize,
    /// The mean squared error of a row: what one unit of a feature's variance adds to the score's.
    noise: f64,
}

impl Score {
    /// The root mean square of the gradient of the mean loss, by which Adam divides its steps. A decay that does not
    /// pass through the averages has to be divided by it too.
    fn gradient(&self, weight_sum: f64, design: &Design) -> f64 {
        let share = design.weight_sum / weight_sum;
        let root = (self.square / self.width.max(1) as f64).sqrt() / design.weight_sum;
        (root * share).max(1e-3 * share)
    }
}

/// What the estimate of one head starts from.
struct Evidence<'a> {
    design: &'a Design,
    score: &'a Score,
    /// The information of a row.
    information: f64,
}

impl Evidence<'_> {
    /// The variance of the weights: the moment estimate and the guess, by their precisions.
    fn variance(&self, guess: f64, repeats: f64) -> f64 {
        let Self { design, score, information } = *self;
        let norm = information * information * design.square_norm;
        let trace = score.noise * design.norm * design.weight_sum;
        let estimate = (score.square - trace / repeats) / norm;
        let error = 2.0 / (repeats * repeats * norm) + 2.0 * guess * guess / design.effective;
        let mean = (estimate / error + 1.0 / guess) / (1.0 / error + 1.0 / (guess * guess));
        // No features, or none that vary among the rows: any penalty will do.
        if mean.is_finite() { mean.max(LEAST * guess) } else { 1.0 }
    }
}

/// The second moments of the features around their mean, over the rows of a part.
struct Design {
    rows: f64,
    weight_sum: f64,
    /// The mean squared distance of a row from the mean.
    norm: f64,
    /// The sum of the squares of the entries of `X'WX`.
    square_norm: f64,
    /// How many independent features would have such moments.
    effective: f64,
}

impl Design {
    /// The greatest variance of the weights of an amount head whose unit is given.
    ///
    /// It keeps a minimum of the objective near the marginal fit: with too free a prior the amounts of few payers are
    /// fitted exactly, sigma goes to its floor, and the predictions are worthless.
    fn bound(&self, unit: f64) -> f64 {
        MOST * unit * unit / self.norm * (self.rows / self.effective).max(1.0)
    }

    /// The Frobenius norm of the covariance.
    fn spread(&self) -> f64 {
        self.square_norm.sqrt() / self.weight_sum
    }

    fn of<const PAYERS: bool>(work: &mut Work<'_>) -> Self {
        let loss = SquareLoss::<PAYERS>;
        let width = work.width - 1;
        // The gradient of half a square by the weights is the sum of value times feature: with the value 1 the sums
        // of the features themselves.
        let [(sums, weight_sum)] = work.gradient(&loss, &work.start([1.0]));
        let means: Vec<f64> = sums.iter().map(|sum| sum / weight_sum).collect();
        let mean_square: f64 = means.iter().map(|mean| mean * mean).sum();
        let norm = work.square_sum::<PAYERS>() / weight_sum - mean_square;
        let exact = width <= DIRECTIONS;
        let directions = if exact { width } else { DIRECTIONS };
        let mut square_norm = 0.0;
        for index in 0..directions {
            let direction: Vec<f64> =
                (0..width).map(|place| component(exact, index, place)).collect();
            let along: f64 = means.iter().zip(&direction).map(|(mean, d)| mean * d).sum();
            let heads: Vec<f64> = std::iter::once(0.0).chain(direction).collect();
            let [(product, _)] = work.gradient(&loss, &heads);
            let centred = product.iter().zip(&means).map(|(p, mean)| p - weight_sum * mean * along);
            square_norm += centred.map(|c| c * c).sum::<f64>();
        }
        if !exact {
            square_norm /= directions as f64;
        }
        let mean_product = square_norm / (weight_sum * weight_sum);
        let effective = (norm * norm / mean_product).max(1.0);
        Self { rows: work.rows::<PAYERS>() as f64, weight_sum, norm, square_norm, effective }
    }
}

/// A component of a direction: of the unit vectors, or of random vectors of ones and minus ones.
fn component(exact: bool, index: usize, place: usize) -> f64 {
    if exact {
        return if index == place { 1.0 } else { 0.0 };
    }
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&(index as u64).to_le_bytes());
    bytes[8..].copy_from_slice(&(place as u64).to_le_bytes());
    if xxh3_64(&bytes) & 1 == 0 { 1.0 } else { -1.0 }
}

/// The batches the estimate looks at.
struct Work<'a> {
    packed: &'a Packed,
    batches: usize,
    width: usize,
    gradient: Gradient,
}

impl<'a> Work<'a> {
    fn new(packed: &'a Packed) -> Self {
        let mut rows = 0;
        let fits = |batch: &&Batch| {
            rows += batch.rows;
            rows <= ROWS
        };
        let batches = packed.batches.iter().take_while(fits).count().max(1);
        let width = 1 + packed.number_count + packed.level_count;
        Self { packed, batches, width, gradient: Gradient::default() }
    }

    fn rows<const PAYERS: bool>(&self) -> usize {
        let batches = self.packed.batches.iter().take(self.batches);
        batches.map(|batch| if PAYERS { batch.payers } else { batch.rows }).sum()
    }

    /// Heads with these intercepts and no weights.
    fn start<const H: usize>(&self, intercepts: [f64; H]) -> Vec<f64> {
        let mut heads = vec![0.0; H * self.width];
        for (head, intercept) in heads.chunks_exact_mut(self.width).zip(intercepts) {
            head[0] = intercept;
        }
        heads
    }

    /// The gradient by the weights of each head, and by its intercept, summed over the batches.
    fn gradient<const H: usize, L: Loss<H>>(
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

    /// The scores of a part at its marginal fit.
    fn score<const H: usize, L: Loss<H>>(&mut self, loss: &L, intercepts: [f64; H]) -> [Score; H] {
        let sums = self.gradient(loss, &self.start(intercepts));
        let noise = squared_errors(loss, self.packed, self.batches, intercepts);
        let mut noise = noise.into_iter();
        sums.map(|(weights, _)| Score {
            square: weights.iter().map(|weight| weight * weight).sum(),
            width: weights.len(),
            noise: noise.next().unwrap_or(0.0),
        })
    }

    /// The weighted sum over rows and features of the squared values.
    fn square_sum<const PAYERS: bool>(&self) -> f64 {
        let mut total = 0.0;
        for batch in self.packed.batches.iter().take(self.batches) {
            let rows = if PAYERS { batch.payers } else { batch.rows };
            let rows = batch.start..batch.start + rows;
            let weight = self.packed.weight.as_ref().map(|weights| &weights[rows.clone()]);
            for column in self.packed.numbers.chunks_exact(self.packed.stride.max(1)) {
                total += weighted_squares(&column[rows.clone()], weight);
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
