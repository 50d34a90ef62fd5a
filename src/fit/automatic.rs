//! The options that are decided from the data; `docs/training.md` documents the rules.

use super::encode::Packed;
use super::options::Options;
use super::sgd::Optimizer;
use crate::family::Marginal;
use crate::math::{exp, ln};

/// Up to so many rows a step sees all of them.
const ONE_BATCH: u64 = 4096;

/// Rows a step where there are more.
const BATCH: u64 = 1024;

/// Rows a step at most, where few of them pay.
const MOST_ROWS: u64 = 8192;

/// Payers that a step sees if it can.
const PAYERS: u64 = 64;

/// Steps where each sees all rows.
const EXACT_STEPS: u64 = 400;

/// Steps at least where each sees some of the rows, so that the noise is averaged out.
const NOISY_STEPS: u64 = 2000;

/// Updates of a level that has as many rows as most.
const LEVEL_STEPS: u64 = 100;

/// Epochs at least where each step sees some of the rows.
const EPOCHS: u64 = 10;

/// Rows a step.
pub(super) fn batch_size(options: &Options, rows: usize, payers: usize) -> u64 {
    let (rows, payers) = (rows as u64, payers.max(1) as u64);
    options.batch_size.unwrap_or_else(|| {
        let enough = (PAYERS * rows).div_ceil(payers);
        if rows <= ONE_BATCH { rows.max(1) } else { enough.clamp(BATCH, MOST_ROWS) }
    })
}

/// Passes over the rows.
pub(super) fn epochs(options: &Options, packed: &Packed) -> u64 {
    options.epochs.unwrap_or_else(|| match packed.batches.len() as u64 {
        0 | 1 => EXACT_STEPS,
        batches => {
            let levels = LEVEL_STEPS.div_ceil(level_steps_an_epoch(packed)).min(LEVEL_STEPS);
            NOISY_STEPS.div_ceil(batches).max(EPOCHS).max(levels)
        }
    })
}

/// How often a level is updated in an epoch, on average; a level is only when a row of the batch has it.
fn level_steps_an_epoch(packed: &Packed) -> u64 {
    let batches = packed.batches.len() as u64;
    let rows = packed.weight_sum as u64 * packed.inputs.categories.len() as u64;
    match packed.inputs.level_count as u64 {
        0 => batches,
        levels => (rows / levels).clamp(1, batches),
    }
}

/// Smaller where many features, or correlated ones, move the heads together: a step of Adam moves every weight by
/// about the learning rate. `spread` is the norm of the features' covariance.
pub(super) fn learning_rate(options: &Options, spread: f64) -> f64 {
    options.learning_rate.unwrap_or_else(|| match options.optimizer {
        Optimizer::Adam | Optimizer::Adamw => 0.05 * (4.5 / spread).min(1.0),
        Optimizer::Adagrad => 0.1 * (4.5 / spread).min(1.0),
        // The curvature of the objective is at most about 1 + spread.
        Optimizer::Sgd => 0.5 / (1.0 + spread),
        Optimizer::Momentum | Optimizer::Nesterov => 0.05 / (1.0 + spread),
    })
}

/// The greatest norm of a gradient: none for the optimisers whose steps have a size of their own.
pub(super) fn clip_norm(options: &Options) -> Option<f64> {
    options.clip_norm.or_else(|| options.optimizer.scales_with_gradient().then_some(1.0))
}

/// What the steps of the paying part are multiplied by: where few or nearly all rows pay its curvature, and with it
/// every gradient, is small.
pub(super) fn paying_step_scale(options: &Options, paying_rate: f64) -> f64 {
    if !options.optimizer.scales_with_gradient() {
        return 1.0;
    }
    (0.25 / (paying_rate * (1.0 - paying_rate))).min(64.0)
}

/// Levels of a row that together may take steps as large as there are.
const FREE_CATEGORIES: f64 = 4.0;

/// What the steps of the levels of categorical features are multiplied by: a row has only one level of each, so they
/// may be larger than those of numbers, of which every row has all; and a level is updated less often. With many
/// categories the levels of a row move its heads together.
pub(super) fn level_step_scale(options: &Options, categories: usize) -> f64 {
    if options.optimizer.scales_with_gradient() {
        return 1.0;
    }
    4.0 * (FREE_CATEGORIES / categories.max(1) as f64).min(1.0)
}

/// The greatest sigma unless the data say less.
const MAX_SIGMA: f64 = 5.0;

/// The greatest sigma, in units of the spread of ln(label).
const MAX_SPREADS: f64 = 2.0;

/// What the intercepts alone may predict, in units of what the payers paid.
const MAX_TOTAL: f64 = 1.9;

/// The greatest sigma that is predicted: that of a prior of campaigns, which together know better what is credible, or one
/// from the payers' spread.
///
/// Where the intercepts alone would already have the payers worth far more than they paid, no more than makes it
/// [`MAX_TOTAL`] times that: `exp(mu + sigma^2 / 2)` grows so fast that few payers far apart would be worth any amount.
pub(super) fn max_sigma(options: &Options, start: &Marginal) -> f64 {
    options.max_sigma.or_else(|| Some(options.prior()?.max_sigma())).unwrap_or_else(|| {
        let credible = MAX_TOTAL * start.mean_amount;
        let is_credible = exp(0.5 * start.sigma * start.sigma) <= credible;
        let most =
            if is_credible { MAX_SPREADS * start.sigma } else { (2.0 * ln(credible)).sqrt() };
        most.min(MAX_SIGMA)
    })
}

/// The penalty of a head for an optimiser whose steps grow with the gradient, or whose decay is no part of one: a step may
/// at most undo a weight.
pub(super) fn bounded_l2(options: &Options, learning_rate: f64, l2: f64) -> f64 {
    let by_gradient = options.optimizer.scales_with_gradient() || !options.optimizer.couples_l2();
    if by_gradient && options.l2.is_none() { l2.min(1.0 / learning_rate) } else { l2 }
}
