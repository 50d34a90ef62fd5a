//! What an aggregate keeps for its groups.

use std::fmt::Debug;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::buffer::NullBuffer;
use datafusion_common::Result;
use datafusion_expr::EmitTo;

/// The rows of one batch as an aggregate reads them.
#[derive(Debug)]
pub(in crate::udf) struct BatchRows {
    /// Columns of the aggregate's own choice, a row a row of the batch.
    pub columns: Vec<ArrayRef>,
    /// Which rows count; `None` is all.
    pub keep: Option<BooleanArray>,
}

impl BatchRows {
    /// Rows of which those count that are NULL in none of these.
    pub fn without_nulls(columns: Vec<ArrayRef>, nulls: &[Option<NullBuffer>]) -> Self {
        let nulls = NullBuffer::union_many(nulls.iter().map(Option::as_ref));
        let keep = nulls.map(|nulls| BooleanArray::new(nulls.inner().clone(), None));
        Self { columns, keep }
    }
}

/// What an aggregate keeps for its groups, which the engine numbers from 0.
///
/// A state belongs to a call: it knows the arguments' types and the constants among them. Groups come into being by being
/// counted (`total`), with or without a row; those that are emitted are forgotten, and the others move up.
pub(in crate::udf) trait GroupState: Debug + Send + Sync + Sized + 'static {
    /// A state of the same call without a group.
    fn empty(&self) -> Self;

    /// Reads the arguments of one batch.
    ///
    /// # Errors
    /// A value that the function does not take. A message that names a row counts the rows of the batch.
    fn read(&self, arguments: &[ArrayRef]) -> Result<BatchRows>;

    /// Adds rows as they were read, all of which count, with the group of each.
    fn update(&mut self, columns: Vec<ArrayRef>, groups: &[usize], total: usize) -> Result<()>;

    /// Adds what [`Self::state`] made, with the group of each of its rows.
    fn merge(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()>;

    /// What was kept for the groups, as columns of the function's state fields, a row a group.
    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>>;

    /// The values of the groups.
    fn finish(&mut self, emit_to: EmitTo) -> Result<ArrayRef>;

    /// The value of the first group, which stays: a window asks after every row.
    fn look(&mut self) -> Result<ArrayRef>;

    /// The memory that is held, in bytes, and what [`Self::finish`] will take beside it. Asked for after every batch.
    fn size(&self) -> usize;

    /// The states of rows that are not added, a state a row of a batch: of no row or of one (`lengths`).
    fn state_of_rows(&self, columns: Vec<ArrayRef>, lengths: &[usize]) -> Result<Vec<ArrayRef>> {
        let with_a_row = (0..).zip(lengths).filter(|&(_, &length)| length > 0);
        let groups: Vec<usize> = with_a_row.map(|(group, _)| group).collect();
        let mut own = self.empty();
        own.update(columns, &groups, lengths.len())?;
        own.state(EmitTo::All)
    }
}
