//! DataFusion's two interfaces over a [`GroupState`].

use arrow::array::{Array, ArrayRef, BooleanArray};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{Accumulator, EmitTo, GroupsAccumulator};

use super::GroupState;
use super::handed_on::HandedOn;
use super::kept::read_kept;
use crate::udf::guard::Guard;

/// Many groups at once.
#[derive(Debug)]
pub(super) struct ManyGroups<S> {
    guard: Guard,
    state: S,
    handed_on: HandedOn,
}

impl<S> ManyGroups<S> {
    /// The groups of a function's call, of which there are none yet.
    pub fn new(function: &'static str, state: S) -> Self {
        Self { guard: Guard::of(function), state, handed_on: HandedOn::default() }
    }
}

fn update<S: GroupState>(
    state: &mut S,
    values: &[ArrayRef],
    groups: &[usize],
    opt_filter: Option<&BooleanArray>,
    total: usize,
) -> Result<()> {
    let (columns, keep) = read_kept(state, values, opt_filter)?;
    let Some(keep) = keep else { return state.update(columns, groups, total) };
    let groups = groups.iter().zip(keep.values());
    let kept: Vec<usize> =
        groups.filter_map(|(&group, is_kept)| is_kept.then_some(group)).collect();
    state.update(columns, &kept, total)
}

fn state_of_rows<S: GroupState>(
    state: &S,
    values: &[ArrayRef],
    opt_filter: Option<&BooleanArray>,
) -> Result<Vec<ArrayRef>> {
    let rows = values.first().map_or(0, Array::len);
    let (columns, keep) = read_kept(state, values, opt_filter)?;
    let lengths = match keep {
        None => vec![1; rows],
        Some(keep) => keep.values().iter().map(usize::from).collect(),
    };
    state.state_of_rows(columns, &lengths)
}

impl<S: GroupState> GroupsAccumulator for ManyGroups<S> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        let Self { guard, state, .. } = self;
        guard.call(|| update(state, values, group_indices, opt_filter, total_num_groups))
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.guard.call(|| self.state.finish(emit_to))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let Self { guard, state, handed_on } = self;
        guard.call(|| {
            let states = state.state(emit_to)?;
            // Those of the first groups are complete, of rows in order: the next stage is done with them soon.
            if matches!(emit_to, EmitTo::All) {
                handed_on.add(&states)?;
            }
            Ok(states)
        })
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.guard.call(|| self.state.merge(values, group_indices, total_num_groups))
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        self.guard.call(|| state_of_rows(&self.state, values, opt_filter))
    }

    fn size(&self) -> usize {
        self.guard.size(|| size_of::<Self>() + self.state.size() + self.handed_on.size())
    }
}

/// One group: a query without GROUP BY, or a window.
#[derive(Debug)]
pub(super) struct OneGroup<S> {
    guard: Guard,
    state: S,
    /// The value for the rows so far: a window asks for it once a row.
    value: Option<ScalarValue>,
}

impl<S> OneGroup<S> {
    /// The group of a function's call, without a row yet.
    pub fn new(function: &'static str, state: S) -> Self {
        Self { guard: Guard::of(function), state, value: None }
    }
}

fn first(array: &ArrayRef) -> Result<ScalarValue> {
    ScalarValue::try_from_array(array, 0)
}

impl<S: GroupState> Accumulator for OneGroup<S> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Self { guard, state, value } = self;
        guard.call(|| {
            let rows = values.first().map_or(0, Array::len);
            if rows > 0 {
                *value = None;
            }
            update(state, values, &vec![0; rows], None, 1)
        })
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let Self { guard, state, value } = self;
        guard.call(|| {
            if let Some(value) = value {
                return Ok(value.clone());
            }
            Ok(value.insert(first(&state.look()?)?).clone())
        })
    }

    fn size(&self) -> usize {
        self.guard.size(|| {
            let value = self.value.as_ref().map_or(0, ScalarValue::size);
            size_of::<Self>() + self.state.size() + value
        })
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let state = &mut self.state;
        self.guard.call(|| state.state(EmitTo::First(1))?.iter().map(first).collect())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Self { guard, state, value } = self;
        guard.call(|| {
            *value = None;
            let groups = states.first().map_or(0, Array::len);
            state.merge(states, &vec![0; groups], 1)
        })
    }
}
