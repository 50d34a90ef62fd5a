//! The options that are decided from the data; `docs/training.md` documents the rules.

use super::marginal::Marginal;
use super::optimizer::Optimizer;
use super::options::Options;
use super::pack::Packed;
use crate::model::L2;

/// Steps that training takes at least.
const STEPS: u64 = 2000;

/// Decided from the number of rows, before they are packed.
pub(super) fn batch_size(options: &Options, rows: usize) -> u64 {
    options.batch_size.unwrap_or_else(|| (rows as u64 / 8).clamp(256, 1024))
}

/// Rows a level of a categorical feature needs: one a thousand rows, between 1 and 5.
pub(super) fn min_count(options: &Options, rows: usize) -> u64 {
    options.min_count.unwrap_or_else(|| (rows as u64 / 1000).clamp(1, 5))
}

pub(super) fn epochs(options: &Options, batches: usize) -> u64 {
    options.epochs.unwrap_or_else(|| STEPS.div_ceil(batches.max(1) as u64).max(10))
}

pub(super) fn learning_rate(options: &Options) -> f64 {
    options.learning_rate.unwrap_or(match options.optimizer {
        Optimizer::Adam | Optimizer::Adamw => 0.05,
        Optimizer::Adagrad => 0.5,
        Optimizer::Sgd => 0.5,
        Optimizer::Momentum | Optimizer::Nesterov => 0.05,
    })
}

/// The penalties, in the units of the weighted mean loss over all rows.
pub(super) fn l2(options: &Options, packed: &Packed, start: &Marginal) -> L2 {
    if let Some(l2) = options.l2 {
        return L2 { logit: l2, mu: l2, raw_sigma: l2 };
    }
    let rows = packed.weight_sum;
    L2 { logit: 1.0 / rows, mu: 1.0 / (rows * start.sigma * start.sigma), raw_sigma: 4.0 / rows }
}
