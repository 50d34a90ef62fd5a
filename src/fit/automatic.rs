//! The options that are decided from the data; `docs/training.md` documents the rules.

use super::optimizer::Optimizer;
use super::options::Options;

/// Steps that training takes at least.
const STEPS: u64 = 2000;

/// Rows a step: an eighth of the rows, between 256 and 1024; more, but no more than 8192, where few rows pay, so that
/// a step sees 64 payers.
pub(super) fn batch_size(options: &Options, rows: usize, payers: usize) -> u64 {
    let (rows, payers) = (rows as u64, payers.max(1) as u64);
    options.batch_size.unwrap_or_else(|| {
        let usual = (rows / 8).clamp(256, 1024);
        (64 * rows).div_ceil(payers).min(rows / 8).clamp(usual, 8192)
    })
}

/// Rows a level of a categorical feature needs: one a thousand rows, between 1 and 5.
pub(super) fn min_count(options: &Options, rows: usize) -> u64 {
    options.min_count.unwrap_or_else(|| (rows as u64 / 1000).clamp(1, 5))
}

pub(super) fn epochs(options: &Options, batches: usize) -> u64 {
    options.epochs.unwrap_or_else(|| STEPS.div_ceil(batches.max(1) as u64).max(10))
}

/// Smaller where many features, or correlated ones, move the heads together: a step of Adam moves every weight by
/// about the learning rate. `spread` is the norm of the features' covariance.
pub(super) fn learning_rate(options: &Options, spread: f64) -> f64 {
    options.learning_rate.unwrap_or_else(|| match options.optimizer {
        Optimizer::Adam | Optimizer::Adamw => 0.05 * (4.5 / spread).min(1.0),
        Optimizer::Adagrad => 0.5 * (4.5 / spread).min(1.0),
        // The curvature of the objective is at most about 1 + spread.
        Optimizer::Sgd => 0.5 / (1.0 + spread),
        Optimizer::Momentum | Optimizer::Nesterov => 0.05 / (1.0 + spread),
    })
}
