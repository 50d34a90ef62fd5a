//! What is kept where the rows of a group may be bounded: all rows, or a sample of bounded size.

use std::sync::Arc;

use arrow::array::{ArrayRef, new_null_array};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, exec_datafusion_err};
use datafusion_expr::EmitTo;
use datafusion_expr::utils::format_state_name;

use super::{RowAggregate, RowSchema, RowState, SampleAggregate, SampleState};
use crate::udf::aggregate::{BatchRows, GroupState};

/// The columns of a state behind its rows: what a sample has seen.
const SEEN: [&str; 2] = ["rows seen", "labels skipped"];

/// All rows of the groups, or a sample of them.
#[derive(Debug)]
pub(in crate::udf) enum BoundedState {
    /// All rows, in a state without any other column.
    Rows(Box<RowState>),
    /// All rows, in a state with the columns of a sample, which are NULL here: an engine asks for the columns before the
    /// options are known.
    Unbounded(Box<RowState>),
    /// A sample of them, with option `max_rows`.
    Sample(Box<SampleState>),
}

/// The fields of a state that may be that of a sample of rows of this schema.
pub(in crate::udf) fn sample_fields(schema: &RowSchema, function: &str) -> Vec<FieldRef> {
    let mut fields = schema.state_fields(function);
    let seen = |name| Field::new(format_state_name(function, name), DataType::UInt64, true);
    fields.extend(SEEN.map(|name| Arc::new(seen(name))));
    fields
}

impl BoundedState {
    /// All rows of a call that cannot be bounded.
    pub fn rows(call: Arc<dyn RowAggregate>) -> Self {
        Self::Rows(Box::new(RowState::of(call)))
    }

    /// What is kept of a call whose options say whether there is a bound; of the fields of [`sample_fields`].
    pub fn of_options(call: Arc<dyn SampleAggregate>, is_bounded: bool) -> Self {
        match is_bounded {
            true => Self::Sample(Box::new(SampleState::of(call))),
            false => Self::Unbounded(Box::new(RowState::of(call))),
        }
    }
}

fn without_seen(mut rows: Vec<ArrayRef>) -> Vec<ArrayRef> {
    let states = rows.first().map_or(0, |column| column.len());
    rows.extend(SEEN.map(|_| new_null_array(&DataType::UInt64, states)));
    rows
}

impl GroupState for BoundedState {
    fn empty(&self) -> Self {
        match self {
            Self::Rows(rows) => Self::Rows(Box::new(rows.empty())),
            Self::Unbounded(rows) => Self::Unbounded(Box::new(rows.empty())),
            Self::Sample(sample) => Self::Sample(Box::new(sample.empty())),
        }
    }

    fn read(&self, arguments: &[ArrayRef]) -> Result<BatchRows> {
        match self {
            Self::Rows(rows) | Self::Unbounded(rows) => rows.read(arguments),
            Self::Sample(sample) => sample.read(arguments),
        }
    }

    fn update(&mut self, columns: Vec<ArrayRef>, groups: &[usize], total: usize) -> Result<()> {
        match self {
            Self::Rows(rows) | Self::Unbounded(rows) => rows.update(columns, groups, total),
            Self::Sample(sample) => sample.update(columns, groups, total),
        }
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        match self {
            Self::Rows(rows) => rows.merge(states, groups, total),
            Self::Unbounded(rows) => {
                let own = states.split_last_chunk::<{ SEEN.len() }>().map(|(own, _)| own);
                let own = own.ok_or_else(|| exec_datafusion_err!("a state without its columns"))?;
                rows.merge(own, groups, total)
            }
            Self::Sample(sample) => sample.merge(states, groups, total),
        }
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        match self {
            Self::Rows(rows) => rows.state(emit_to),
            Self::Unbounded(rows) => rows.state(emit_to).map(without_seen),
            Self::Sample(sample) => sample.state(emit_to),
        }
    }

    fn finish(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        match self {
            Self::Rows(rows) | Self::Unbounded(rows) => rows.finish(emit_to),
            Self::Sample(sample) => sample.finish(emit_to),
        }
    }

    fn look(&mut self) -> Result<ArrayRef> {
        match self {
            Self::Rows(rows) | Self::Unbounded(rows) => rows.look(),
            Self::Sample(sample) => sample.look(),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Rows(rows) | Self::Unbounded(rows) => rows.size(),
            Self::Sample(sample) => sample.size(),
        }
    }

    fn state_of_rows(&self, columns: Vec<ArrayRef>, lengths: &[usize]) -> Result<Vec<ArrayRef>> {
        match self {
            Self::Rows(rows) => rows.state_of_rows(columns, lengths),
            Self::Unbounded(rows) => rows.state_of_rows(columns, lengths).map(without_seen),
            Self::Sample(sample) => sample.state_of_rows(columns, lengths),
        }
    }
}
