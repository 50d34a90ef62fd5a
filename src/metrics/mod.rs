//! Evaluation: how well predictions rank customers and how well the predicted distribution fits.
//!
//! Imports [`crate::math`], and the crate's error and record; no engine. What is inside:
//!
//! | file | what it holds |
//! | --- | --- |
//! | `evaluation` | every metric of a set of predictions at once |
//! | `gini` | normalised and raw Gini coefficient of a ranking |
//! | `spearman` | rank correlation |
//! | `decile_stats` | means and errors by bucket of predicted rank |
//! | `roc_auc`, `average_precision` | how well a score tells payers from the others |
//! | `weight` | what a weight may be |
//! | `ranking` | sorted rows, blocks of ties and mid-ranks, shared by all of the above |
//! | `scaled_weights` | weights in a unit of their own, so that no sum of them overflows |
//! | `sums` | what the rows of an evaluation add up to, whatever their order |
//! | `exact_sum` | sums that do not depend on the order of their terms |
//!
//! What all metrics have in common:
//!
//! - **Labels.** A NaN or infinite label leaves its row out; a negative one counts as 0, as in training.
//! - **Weights.** Weight 2 counts as the row twice; a row whose weight is 0 is left out. [`check_weight`] tells
//!   weights that are negative or not finite. All of them times a power of two give the same bits; only the deciles
//!   may differ if the weights are whole numbers, which count rows, before or after.
//! - **Undefined is `None`**: no rows, no payers, a single class, a constant column, as each function says.
//! - **Overflow is infinite** where a value itself is beyond the largest double; sums on the way to it are not.
//! - **Predictions that are not finite.** [`evaluate`] leaves rows with one out and counts them. The functions of one
//!   metric have no place for a count, and show them as the engines' own `avg` does: a NaN prediction makes
//!   [`gini()`] and [`spearman()`] NaN, and its bucket of [`decile_stats()`]. NaN comes from nothing else.
//! - **Order does not matter.** The same rows give the same bits, whatever their order: sums are exact before
//!   they are rounded once, and tied rows are never told apart.
//! - Columns of unequal length are read up to the shortest.

mod average_precision;
mod decile_stats;
mod evaluation;
mod exact_sum;
mod gini;
mod ranking;
mod roc_auc;
mod scaled_weights;
mod spearman;
mod sums;
pub(crate) mod weight;

pub use average_precision::average_precision;
pub use decile_stats::{DEFAULT_BUCKETS, DecileStats, MAX_BUCKETS, check_buckets, decile_stats};
pub use evaluation::{Evaluation, Scored, evaluate};
pub use gini::{gini, raw_gini};
pub use roc_auc::roc_auc;
pub use spearman::spearman;
pub use weight::check_weight;
