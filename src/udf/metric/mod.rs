//! What the metrics share: aggregates of labels and predictions that need all rows of a group.
//!
//! A [`MetricFunction`] says what it compares labels with, [`Predicted`], and calls the core with columns of names and
//! types. [`call`] reads the arguments and computes a value a group, and [`aggregate`] makes a function of it.

mod aggregate;
mod call;
mod function;
mod group;
mod predicted;

pub(super) use function::MetricFunction;
pub(super) use group::{MetricGroup, MetricRows};
pub(super) use predicted::{Amount, Distribution};
