//! Aggregates that need all rows of a group at once: training and the metrics.
//!
//! Rows are buffered in columns with a group index each, never an object a group. What arrives is copied into chunks
//! of the buffer's own; a state is, in a few pieces, a list of values a group and column; and an aggregate that receives
//! states keeps references to them.
//!
//! [`RowSchema`] says which columns are buffered, [`RowBuffer`] holds them, [`GroupedRows`] is what an
//! aggregate computes from, and [`RowState`] is the buffer as what an aggregate keeps for its groups
//! ([`aggregate`](super::aggregate)). [`SampleState`] keeps a sample of bounded size of them, and [`BoundedState`] is either.

mod bounded;
mod buffer;
mod grouped;
mod groups_of_rows;
mod levels;
mod open_chunk;
mod sample;
mod schema;
mod state;

pub(super) use bounded::{BoundedState, sample_fields};
pub(super) use buffer::Load;
use buffer::RowBuffer;
pub(super) use grouped::{GroupedRows, primitive_values};
use sample::SampleState;
pub(super) use sample::{GroupSamples, SampleAggregate};
pub(super) use schema::{ColumnKind, RowColumn, RowSchema};
pub(super) use state::RowAggregate;
use state::RowState;
