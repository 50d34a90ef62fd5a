//! DataFusion's two interfaces of an aggregate over buffered rows.

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, UInt64Array};
use arrow::compute::{filter, prep_null_mask_filter, take};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{Accumulator, EmitTo, GroupsAccumulator};

use super::{GroupedRows, RowBuffer, RowSchema};

/// The rows of one batch as an aggregate buffers them.
#[derive(Debug)]
pub(in crate::udf) struct BatchRows {
    /// The columns of the schema, strings as dictionaries.
    pub columns: Vec<ArrayRef>,
    /// Which rows count; `None` is all. A NULL is false.
    pub keep: Option<BooleanArray>,
}

/// An aggregate that needs all rows of a group: what differs from one to the next.
pub(in crate::udf) trait RowAggregate: Debug + Send + Sync + 'static {
    /// The columns to buffer.
    fn schema(&self) -> RowSchema;

    /// Reads the arguments of one batch.
    fn read(&self, values: &[ArrayRef]) -> Result<BatchRows>;

    /// Computes one value a group.
    fn evaluate(&self, rows: &GroupedRows) -> Result<ArrayRef>;
}

/// The rows of a batch that count, and which rows of the batch these are (`None` is all).
///
/// The query's filter comes first: a row that it leaves out is never looked at, whatever it holds.
fn read_kept(
    aggregate: &dyn RowAggregate,
    values: &[ArrayRef],
    opt_filter: Option<&BooleanArray>,
) -> Result<(Vec<ArrayRef>, Option<BooleanArray>)> {
    let query = opt_filter.map(nulls_as_false).filter(|query| query.false_count() > 0);
    let BatchRows { columns, keep } = match &query {
        Some(query) => {
            let passing = aggregate.read(&filter_all(values, query)?);
            // A message that names a row counts all rows of the batch, and NULL in all arguments is as good as absent.
            passing
                .or_else(|error| aggregate.read(&null_where_not(values, query)?).and(Err(error)))?
        }
        None => aggregate.read(values)?,
    };
    let own = keep.as_ref().map(nulls_as_false).filter(|keep| keep.false_count() > 0);
    match (query, own) {
        (query, None) => Ok((columns, query)),
        (None, Some(own)) => Ok((filter_all(&columns, &own)?, Some(own))),
        (Some(query), Some(own)) => {
            let mut own_rows = own.values().iter();
            let both = |passes: bool| passes && own_rows.next().unwrap_or(false);
            let both: Vec<bool> = query.values().iter().map(both).collect();
            Ok((filter_all(&columns, &own)?, Some(BooleanArray::from(both))))
        }
    }
}

/// The same rows, NULL where the query's filter leaves them out.
fn null_where_not(values: &[ArrayRef], query: &BooleanArray) -> Result<Vec<ArrayRef>> {
    let passing = |(row, passes): (u64, Option<bool>)| (passes == Some(true)).then_some(row);
    let rows: UInt64Array = (0..).zip(query).map(passing).collect();
    values.iter().map(|column| Ok(take(column, &rows, None)?)).collect()
}

fn nulls_as_false(keep: &BooleanArray) -> BooleanArray {
    if keep.null_count() == 0 { keep.clone() } else { prep_null_mask_filter(keep) }
}

fn filter_all(columns: &[ArrayRef], keep: &BooleanArray) -> Result<Vec<ArrayRef>> {
    columns.iter().map(|column| Ok(filter(column, keep)?)).collect()
}

/// Many groups at once.
#[derive(Debug)]
pub(in crate::udf) struct RowGroupsAccumulator {
    aggregate: Arc<dyn RowAggregate>,
    rows: RowBuffer,
}

impl RowGroupsAccumulator {
    /// An accumulator without rows.
    pub fn new(aggregate: Arc<dyn RowAggregate>) -> Self {
        let rows = RowBuffer::new(aggregate.schema());
        Self { aggregate, rows }
    }
}

impl GroupsAccumulator for RowGroupsAccumulator {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        let (columns, keep) = read_kept(self.aggregate.as_ref(), values, opt_filter)?;
        let Some(keep) = keep else {
            return self.rows.append(columns, group_indices, total_num_groups);
        };
        let kept: Vec<usize> = group_indices
            .iter()
            .zip(keep.values())
            .filter_map(|(&group, kept)| kept.then_some(group))
            .collect();
        self.rows.append(columns, &kept, total_num_groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.aggregate.evaluate(&self.rows.take(emit_to)?)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.rows.take(emit_to)?.into_state()
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.rows.merge(values, group_indices, total_num_groups)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, Array::len);
        let (columns, keep) = read_kept(self.aggregate.as_ref(), values, opt_filter)?;
        let lengths = match keep {
            None => vec![1; rows],
            Some(keep) => keep.values().iter().map(usize::from).collect(),
        };
        self.rows.state_of(columns, &lengths)
    }

    fn size(&self) -> usize {
        self.rows.size()
    }
}

/// One group: a query without GROUP BY, or a window.
#[derive(Debug)]
pub(in crate::udf) struct RowAccumulator {
    inner: RowGroupsAccumulator,
    /// The value for the rows so far: a window asks for it once a row.
    value: Option<ScalarValue>,
}

impl RowAccumulator {
    /// An accumulator without rows.
    pub fn new(aggregate: Arc<dyn RowAggregate>) -> Self {
        Self { inner: RowGroupsAccumulator::new(aggregate), value: None }
    }
}

impl Accumulator for RowAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let rows = values.first().map_or(0, Array::len);
        if rows > 0 {
            self.value = None;
        }
        self.inner.update_batch(values, &vec![0; rows], None, 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if let Some(value) = &self.value {
            return Ok(value.clone());
        }
        let grouped = self.inner.rows.look()?;
        let value = ScalarValue::try_from_array(&self.inner.aggregate.evaluate(&grouped)?, 0)?;
        self.value = Some(value.clone());
        Ok(value)
    }

    fn size(&self) -> usize {
        self.inner.size() + self.value.as_ref().map_or(0, ScalarValue::size)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let states = self.inner.state(EmitTo::First(1))?;
        states.iter().map(|state| ScalarValue::try_from_array(state, 0)).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.value = None;
        let groups = states.first().map_or(0, Array::len);
        self.inner.rows.merge(states, &vec![0; groups], 1)
    }
}
