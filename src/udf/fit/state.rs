//! What a fit keeps for its groups: all rows, or a sample of bounded size.

use std::sync::Arc;

use arrow::array::{ArrayRef, new_null_array};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, exec_datafusion_err};
use datafusion_expr::EmitTo;
use datafusion_expr::utils::format_state_name;

use crate::udf::aggregate::{BatchRows, GroupState};
use crate::udf::rows::{RowSchema, RowState, SampleState};

/// The columns of a state behind its rows: what a sample has seen. They are NULL where all rows are kept: an engine asks for
/// the columns before there are options to read.
const SEEN: [&str; 2] = ["rows seen", "labels skipped"];

/// What a fit keeps.
#[derive(Debug)]
pub(in crate::udf) enum FitState {
    /// All rows.
    Rows(Box<RowState>),
    /// A sample of them, with option `max_rows`.
    Sample(Box<SampleState>),
}

/// The fields of a state of rows of this schema.
pub(super) fn state_fields(schema: &RowSchema, function: &str) -> Vec<FieldRef> {
    let mut fields = schema.state_fields(function);
    let seen = |name| Field::new(format_state_name(function, name), DataType::UInt64, true);
    fields.extend(SEEN.map(|name| Arc::new(seen(name))));
    fields
}

fn without_seen(mut rows: Vec<ArrayRef>) -> Vec<ArrayRef> {
    let states = rows.first().map_or(0, |column| column.len());
    rows.extend(SEEN.map(|_| new_null_array(&DataType::UInt64, states)));
    rows
}

impl GroupState for FitState {
    fn empty(&self) -> Self {
        match self {
            Self::Rows(rows) => Self::Rows(Box::new(rows.empty())),
            Self::Sample(sample) => Self::Sample(Box::new(sample.empty())),
        }
    }

    fn read(&self, arguments: &[ArrayRef]) -> Result<BatchRows> {
        match self {
            Self::Rows(rows) => rows.read(arguments),
            Self::Sample(sample) => sample.read(arguments),
        }
    }

    fn update(&mut self, columns: Vec<ArrayRef>, groups: &[usize], total: usize) -> Result<()> {
        match self {
            Self::Rows(rows) => rows.update(columns, groups, total),
            Self::Sample(sample) => sample.update(columns, groups, total),
        }
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        match self {
            Self::Rows(rows) => {
                let own = states.split_last_chunk::<{ SEEN.len() }>().map(|(own, _)| own);
                let own = own.ok_or_else(|| exec_datafusion_err!("a state without its columns"))?;
                rows.merge(own, groups, total)
            }
            Self::Sample(sample) => sample.merge(states, groups, total),
        }
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        match self {
            Self::Rows(rows) => rows.state(emit_to).map(without_seen),
            Self::Sample(sample) => sample.state(emit_to),
        }
    }

    fn finish(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        match self {
            Self::Rows(rows) => rows.finish(emit_to),
            Self::Sample(sample) => sample.finish(emit_to),
        }
    }

    fn look(&mut self) -> Result<ArrayRef> {
        match self {
            Self::Rows(rows) => rows.look(),
            Self::Sample(sample) => sample.look(),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.size(),
            Self::Sample(sample) => sample.size(),
        }
    }

    fn state_of_rows(&self, columns: Vec<ArrayRef>, lengths: &[usize]) -> Result<Vec<ArrayRef>> {
        match self {
            Self::Rows(rows) => rows.state_of_rows(columns, lengths).map(without_seen),
            Self::Sample(sample) => sample.state_of_rows(columns, lengths),
        }
    }
}
