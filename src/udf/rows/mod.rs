//! Aggregates that need all rows of a group at once: training and the metrics.
//!
//! Rows are buffered in columns with a group index each, never an object a group. What arrives is kept by
//! reference where it already has the buffered type; the state is one list of rows a group, so a partial
//! aggregate hands over its buffers and a final one keeps references to what it receives.
//!
//! [`RowSchema`] says which columns are buffered, [`RowBuffer`] holds them, [`GroupedRows`] is what an
//! aggregate computes from, and [`accumulator`] holds DataFusion's two interfaces over them.

pub(super) mod accumulator;
mod buffer;
mod grouped;
mod levels;
mod schema;

pub(super) use buffer::RowBuffer;
pub(super) use grouped::{GroupedRows, primitive_values};
pub(super) use schema::{ColumnKind, RowColumn, RowSchema, encode_strings};
