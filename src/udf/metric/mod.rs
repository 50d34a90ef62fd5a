//! What the metrics share: aggregates of labels and predictions that need all rows of a group.
//!
//! A [`MetricFunction`] says what it compares labels with, [`Predicted`], and calls the core with columns of names and
//! types. [`call`] reads the arguments and computes a value a group.

mod call;
mod function;
mod predicted;

pub(super) use call::{MetricGroup, MetricRows};
pub(super) use function::MetricFunction;
pub(super) use predicted::{Amount, Distribution};
