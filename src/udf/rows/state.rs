//! All rows of the groups as what an aggregate keeps.

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::ArrayRef;
use datafusion_common::Result;
use datafusion_expr::EmitTo;

use super::{GroupedRows, Load, RowBuffer, RowSchema};
use crate::fit::RowId;
use crate::udf::aggregate::{BatchRows, GroupState};

/// A call of an aggregate that needs all rows of a group: what differs from one to the next.
pub(in crate::udf) trait RowAggregate: Debug + Send + Sync + 'static {
    /// The columns to buffer.
    fn schema(&self) -> RowSchema;

    /// Reads the arguments of one batch as the columns of the schema; categories as strings of any encoding.
    fn read(&self, arguments: &[ArrayRef]) -> Result<BatchRows>;

    /// Computes one value a group.
    fn evaluate(&self, rows: &GroupedRows) -> Result<ArrayRef>;

    /// About how many bytes that takes beside the buffer.
    fn evaluation_bytes(&self, load: &Load) -> usize;
}

/// The rows of all groups.
#[derive(Debug)]
pub(in crate::udf) struct RowState {
    call: Arc<dyn RowAggregate>,
    rows: RowBuffer,
}

impl RowState {
    /// The state of a call without rows.
    pub fn of(call: Arc<dyn RowAggregate>) -> Self {
        let rows = RowBuffer::new(call.schema());
        Self { call, rows }
    }
}

impl GroupState for RowState {
    fn empty(&self) -> Self {
        Self::of(Arc::clone(&self.call))
    }

    fn read(&self, arguments: &[ArrayRef]) -> Result<BatchRows> {
        self.call.read(arguments)
    }

    fn update(&mut self, columns: Vec<ArrayRef>, groups: &[usize], total: usize) -> Result<()> {
        self.rows.append(columns, groups, total)
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.rows.merge(states, groups, total)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.rows.take(emit_to)?.into_state()
    }

    fn finish(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.call.evaluate(&self.rows.take(emit_to)?)
    }

    fn look(&mut self) -> Result<ArrayRef> {
        self.call.evaluate(&self.rows.look()?)
    }

    fn size(&self) -> usize {
        let load = self.rows.load();
        // Where there are several groups, the rows of each are listed.
        let listed = if load.groups > 1 { load.rows * size_of::<RowId>() } else { 0 };
        let evaluation = listed + self.call.evaluation_bytes(&load);
        self.rows.size() + evaluation.max(self.rows.copied_size())
    }

    /// Without a copy of the rows.
    fn state_of_rows(&self, columns: Vec<ArrayRef>, lengths: &[usize]) -> Result<Vec<ArrayRef>> {
        self.rows.state_of(columns, lengths)
    }
}
