//! Aggregates as DataFusion wants them, written once.
//!
//! An aggregate says what it keeps for its groups, a [`GroupState`], and which calls it takes, an [`AggregateFunction`].
//! From these [`Aggregate`] makes DataFusion's function, and [`accumulators`] its two interfaces, for many groups and for
//! one: with FILTER, with rows turned into states where the engine skips partial aggregation, with DISTINCT refused, and
//! with a panic turned into an error. Frames that slide are not supported: no state gives rows back.
//!
//! A state may be the rows themselves ([`rows`](super::rows)), or anything smaller. Imports no aggregate.

mod accumulators;
mod function;
mod group_state;
mod handed_on;
mod kept;
#[cfg(any(test, debug_assertions))]
mod panicking;
#[cfg(test)]
mod tests;

pub(super) use function::{Aggregate, AggregateFunction, Call};
pub(super) use group_state::{BatchRows, GroupState};
pub(super) use handed_on::batch_bytes;
#[cfg(any(test, debug_assertions))]
pub use panicking::panicking_aggregate;
