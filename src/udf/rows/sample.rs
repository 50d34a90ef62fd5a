//! A sample of bounded size of the rows of each group as what an aggregate keeps.
//!
//! Rows are kept by the hash of their content ([`Sample`]): those with the smallest. What is kept is cut to the sample
//! whenever it has grown to twice its size, and from then on most rows are refused by their hash before anything is copied.
//! States that are merged come in like rows.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, LargeStringArray, UInt64Array,
};
use arrow::compute::filter;
use arrow::datatypes::{Float64Type, UInt64Type};
use datafusion_common::{Result, exec_datafusion_err};
use datafusion_expr::EmitTo;
use foldhash::fast::RandomState;

use super::levels::Levels;
use super::{GroupedRows, Load, RowAggregate, RowBuffer, primitive_values};
use crate::fit::{RowId, Sample, Seen};
use crate::udf::aggregate::{BatchRows, GroupState};
use crate::udf::lists::trimmed;

/// Rows that are added before it is asked whether to cut: at most so many, and at least.
const BLOCK_ROWS: usize = 1 << 16;
const LEAST_ROWS: usize = 1 << 10;

/// What cutting takes for a row: where it is, its hash, and a list of its group's rows.
const CUTTING_BYTES: usize = 48;

/// The samples of a group: of all its rows, or of those of each value of a column, by the codes of the value.
pub(in crate::udf) type GroupSamples = Vec<(u32, Sample)>;

/// A call of an aggregate that can do with a sample of its rows; their first column is the label.
pub(in crate::udf) trait SampleAggregate: RowAggregate {
    /// The rows of a sample, at most.
    fn max_rows(&self) -> usize;

    /// The column by whose values the rows of a group are parted, to each of which belongs a sample; a category.
    fn parted_by(&self) -> Option<usize>;

    /// The label of a row that does not count and is kept where a group has no other, for what it says of the group.
    fn uncounted(&self) -> Option<f64>;

    /// The hashes by which rows are kept, of rows as [`RowAggregate::read`] gives them.
    fn hashes(&self, columns: &[ArrayRef]) -> Result<Vec<u64>>;

    /// The samples of every group's rows.
    fn samples(&self, rows: &GroupedRows) -> Result<Vec<GroupSamples>>;

    /// Computes one value a group of the rows that were kept of those that were seen.
    fn evaluate_sample(&self, rows: &GroupedRows, seen: &[Seen]) -> Result<ArrayRef>;
}

/// Rows of a group that have a sample of their own.
#[derive(Debug, Clone, Copy)]
struct SampledPart {
    group: u32,
    code: u32,
    /// A row with a greater hash is refused.
    bound: u64,
    /// Rows that are buffered.
    rows: usize,
}

/// The samples of the rows of all groups, each with at most as many rows more.
#[derive(Debug)]
pub(in crate::udf) struct SampleState {
    call: Arc<dyn SampleAggregate>,
    rows: RowBuffer,
    /// What each group has seen.
    seen: Vec<Seen>,
    /// Whether a row of the group is buffered.
    has_row: Vec<bool>,
    parts: Vec<SampledPart>,
    of_key: HashMap<(u32, u32), u32, RandomState>,
    /// The codes of the values by which groups are parted.
    values: Levels,
    /// Rows that are buffered: within the bound of their part, and beyond.
    within: usize,
    beyond: usize,
    /// Whether a part has a bound.
    refuses: bool,
}

impl SampleState {
    /// The state of a call without rows.
    pub fn of(call: Arc<dyn SampleAggregate>) -> Self {
        let rows = RowBuffer::new(call.schema());
        Self {
            call,
            rows,
            seen: Vec::new(),
            has_row: Vec::new(),
            parts: Vec::new(),
            of_key: HashMap::default(),
            values: Levels::default(),
            within: 0,
            beyond: 0,
            refuses: false,
        }
    }

    fn count_groups(&mut self, total: usize) -> Result<()> {
        let total = total.max(self.seen.len());
        self.seen.resize(total, Seen::default());
        self.has_row.resize(total, false);
        self.rows.append(Vec::new(), &[], total)
    }

    /// A partition without a row has a group all the same where there is no GROUP BY.
    fn count_emitted(&mut self, emit_to: EmitTo) -> Result<()> {
        match emit_to {
            EmitTo::All => Ok(()),
            EmitTo::First(groups) => self.count_groups(groups),
        }
    }

    /// Adds rows.
    fn add(&mut self, columns: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.count_groups(total)?;
        let block = self.call.max_rows().clamp(LEAST_ROWS, BLOCK_ROWS);
        for start in (0..groups.len()).step_by(block) {
            let rows = block.min(groups.len() - start);
            let columns = match rows == groups.len() {
                true => columns.to_vec(),
                false => slices(columns, start, rows)?,
            };
            let groups = &groups[start..start + rows];
            match self.with_label(&columns, groups)? {
                None => self.add_labelled(columns, groups)?,
                Some((keep, columns)) => {
                    let columns = filter_all(&columns, &keep)?;
                    self.add_labelled(columns, &filter_groups(groups, &keep))?;
                }
            }
        }
        Ok(())
    }

    /// Which rows have a label that can be used, or stand for a group without one; `None` is all.
    fn with_label(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
    ) -> Result<Option<(BooleanArray, Vec<ArrayRef>)>> {
        let labels = primitive_values::<Float64Type>(columns, 0)?;
        if labels.iter().all(|label| label.is_finite()) {
            return Ok(None);
        }
        let uncounted = self.call.uncounted();
        let keep = labels.iter().zip(groups).map(|(label, &group)| {
            let has_row = self.has_row.get_mut(group);
            let is_first = has_row.is_some_and(|has_row| !std::mem::replace(has_row, true));
            label.is_finite() || (is_first && uncounted.is_some())
        });
        let keep = BooleanArray::from(keep.collect::<Vec<bool>>());
        let counted =
            |label: &f64| if label.is_finite() { *label } else { uncounted.unwrap_or(0.0) };
        let mut columns = columns.to_vec();
        columns[0] = Arc::new(Float64Array::from_iter_values(labels.iter().map(counted)));
        Ok(Some((keep, columns)))
    }

    fn add_labelled(&mut self, columns: Vec<ArrayRef>, groups: &[usize]) -> Result<()> {
        let parts = self.parts_of(&columns, groups)?;
        if !self.refuses {
            return self.append(columns, groups, &parts);
        }
        let hashes = self.call.hashes(&columns)?;
        let bound = |part: &u32| self.parts.get(*part as usize).map_or(u64::MAX, |part| part.bound);
        let keep = hashes.iter().zip(&parts).map(|(hash, part)| *hash <= bound(part));
        let keep = BooleanArray::from(keep.collect::<Vec<bool>>());
        let parts: Vec<u32> = parts
            .iter()
            .zip(keep.values())
            .filter_map(|(part, keep)| keep.then_some(*part))
            .collect();
        if parts.is_empty() {
            return Ok(());
        }
        self.append(filter_all(&columns, &keep)?, &filter_groups(groups, &keep), &parts)
    }

    /// The part of every row.
    fn parts_of(&mut self, columns: &[ArrayRef], groups: &[usize]) -> Result<Vec<u32>> {
        let codes = match self.call.parted_by().and_then(|column| columns.get(column)) {
            Some(values) => Some(self.values.encode(values)?),
            None => None,
        };
        let code = |row: usize| codes.as_ref().map_or(0, |codes| codes.value(row));
        let mut last = None;
        let part = |(row, &group): (usize, &usize)| {
            let key = (u32::try_from(group).unwrap_or(u32::MAX), code(row));
            if let Some((last, part)) = last
                && last == key
            {
                return part;
            }
            let next = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
            let part = *self.of_key.entry(key).or_insert(next);
            if part == next {
                let (group, code) = key;
                self.parts.push(SampledPart { group, code, bound: u64::MAX, rows: 0 });
            }
            last = Some((key, part));
            part
        };
        Ok(groups.iter().enumerate().map(part).collect())
    }

    /// Buffers rows.
    fn append(&mut self, columns: Vec<ArrayRef>, groups: &[usize], parts: &[u32]) -> Result<()> {
        self.rows.append(columns, groups, self.seen.len())?;
        for &group in groups {
            if let Some(has_row) = self.has_row.get_mut(group) {
                *has_row = true;
            }
        }
        let most = self.call.max_rows();
        for &part in parts {
            let Some(part) = self.parts.get_mut(part as usize) else { continue };
            part.rows += 1;
            if part.rows <= most {
                self.within += 1;
            } else {
                self.beyond += 1;
            }
        }
        if self.beyond > self.within.max(LEAST_ROWS) {
            self.cut()?;
        }
        Ok(())
    }

    /// Cuts what is buffered to the samples.
    fn cut(&mut self) -> Result<()> {
        if self.beyond == 0 {
            return Ok(());
        }
        let groups = self.seen.len();
        let mut rows = self.rows.take(EmitTo::All)?;
        let samples = self.call.samples(&rows)?;
        let codes = match self.call.parted_by() {
            Some(column) => {
                let values: ArrayRef = Arc::new(LargeStringArray::from(rows.levels(column)));
                Some(self.values.encode(&values)?)
            }
            None => None,
        };
        self.within = 0;
        self.beyond = 0;
        for (group, samples) in (0_u32..).zip(&samples) {
            for (code, sample) in samples {
                let code = codes.as_ref().map_or(*code, |codes| codes.value(*code as usize));
                let part = self.of_key.get(&(group, code)).copied();
                if let Some(part) = part.and_then(|part| self.parts.get_mut(part as usize)) {
                    part.bound = sample.bound;
                    part.rows = sample.rows.len();
                    self.refuses |= sample.bound < u64::MAX;
                }
                self.within += sample.rows.len();
            }
        }
        let kept = samples.into_iter().map(|samples| {
            samples.into_iter().flat_map(|(_, sample)| sample.rows).collect::<Vec<RowId>>()
        });
        rows.keep(kept.collect());
        let state = rows.into_state()?;
        let numbers: Vec<usize> = (0..groups).collect();
        self.rows.merge(&state, &numbers, groups)
    }

    /// Forgets the groups that are emitted, whose rows were taken; says what they have seen.
    fn release(&mut self, emit_to: EmitTo) -> Vec<Seen> {
        let groups = match emit_to {
            EmitTo::All => self.seen.len(),
            EmitTo::First(groups) => groups.min(self.seen.len()),
        };
        if groups == self.seen.len() {
            let rows = std::mem::replace(&mut self.rows, RowBuffer::new(self.call.schema()));
            let seen = std::mem::take(&mut self.seen);
            *self = Self { rows, ..Self::of(Arc::clone(&self.call)) };
            return seen;
        }
        self.has_row.drain(..groups);
        let first = u32::try_from(groups).unwrap_or(u32::MAX);
        let most = self.call.max_rows();
        self.parts.retain(|part| part.group >= first);
        (self.within, self.beyond) = (0, 0);
        self.of_key.clear();
        for (number, part) in (0_u32..).zip(&mut self.parts) {
            part.group -= first;
            self.of_key.insert((part.group, part.code), number);
            self.within += part.rows.min(most);
            self.beyond += part.rows.saturating_sub(most);
        }
        self.seen.drain(..groups).collect()
    }

    /// What will be left once it is cut.
    fn load(&self) -> Load {
        let load = self.rows.load();
        let most = match self.call.parted_by() {
            None => self.call.max_rows(),
            Some(_) => self.within,
        };
        let rows = self.within.min(load.rows);
        let share =
            |count: usize| (count as u128 * rows as u128 / load.rows.max(1) as u128) as usize;
        Load {
            rows,
            greatest: load.greatest.min(most),
            list_numbers: share(load.list_numbers),
            ..load
        }
    }
}

impl GroupState for SampleState {
    fn empty(&self) -> Self {
        Self::of(Arc::clone(&self.call))
    }

    fn read(&self, arguments: &[ArrayRef]) -> Result<BatchRows> {
        self.call.read(arguments)
    }

    fn update(&mut self, columns: Vec<ArrayRef>, groups: &[usize], total: usize) -> Result<()> {
        self.count_groups(total)?;
        let uncounted = self.call.uncounted().map(f64::to_bits);
        let labels = primitive_values::<Float64Type>(&columns, 0)?;
        for (label, &group) in labels.iter().zip(groups) {
            let Some(seen) = self.seen.get_mut(group) else { continue };
            if label.is_finite() {
                seen.rows += 1;
            } else if Some(label.to_bits()) != uncounted {
                seen.skipped += 1;
            }
        }
        self.add(&columns, groups, total)
    }

    /// The last two columns are what groups have seen.
    fn merge(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        let Some((rows, [seen, skipped])) = states.split_last_chunk() else {
            return Err(exec_datafusion_err!("a state of a sample has {} columns", states.len()));
        };
        self.count_groups(total)?;
        for (state, &group) in groups.iter().enumerate() {
            if let Some(sum) = self.seen.get_mut(group) {
                sum.rows += count(seen, state);
                sum.skipped += count(skipped, state);
            }
        }
        for (columns, bounds) in self.call.schema().read_state(rows)? {
            let lengths = bounds.windows(2).map(|bounds| bounds[1] - bounds[0]);
            let groups = groups.iter().zip(lengths);
            let groups: Vec<usize> =
                groups.flat_map(|(&group, rows)| std::iter::repeat_n(group, rows)).collect();
            self.add(&columns, &groups, total)?;
        }
        Ok(())
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.count_emitted(emit_to)?;
        self.cut()?;
        let rows = self.rows.take(emit_to)?;
        let mut arrays = rows.into_state()?;
        arrays.extend(seen_arrays(&self.release(emit_to)));
        Ok(arrays)
    }

    fn finish(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.count_emitted(emit_to)?;
        let rows = self.rows.take(emit_to)?;
        let seen = self.release(emit_to);
        self.call.evaluate_sample(&rows, &seen)
    }

    fn look(&mut self) -> Result<ArrayRef> {
        let rows = self.rows.look()?;
        let seen = self.seen.get(..1).unwrap_or_default();
        self.call.evaluate_sample(&rows, seen)
    }

    fn size(&self) -> usize {
        let load = self.load();
        let listed = if load.groups > 1 { load.rows * size_of::<RowId>() } else { 0 };
        let training = listed + self.call.evaluation_bytes(&load);
        let cutting = self.rows.size() / 2 + self.rows.load().rows * CUTTING_BYTES;
        let parts = self.parts.capacity() * (size_of::<SampledPart>() + 2 * size_of::<[u32; 3]>());
        let groups = self.seen.capacity() * (size_of::<Seen>() + size_of::<bool>());
        self.rows.size() + training.max(cutting) + parts + groups + self.values.size()
    }
}

/// What groups have seen, as the last columns of a state.
pub(super) fn seen_arrays(seen: &[Seen]) -> [ArrayRef; 2] {
    let column = |count: fn(&Seen) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(seen.iter().map(count)))
    };
    [column(|seen| seen.rows), column(|seen| seen.skipped)]
}

fn count(counts: &ArrayRef, state: usize) -> u64 {
    let counts = counts.as_primitive_opt::<UInt64Type>();
    counts.filter(|counts| counts.is_valid(state)).map_or(0, |counts| counts.value(state))
}

/// Some of the rows, without the numbers of lists that are not among them.
fn slices(columns: &[ArrayRef], start: usize, rows: usize) -> Result<Vec<ArrayRef>> {
    columns.iter().map(|column| trimmed(&column.slice(start, rows))).collect()
}

fn filter_all(columns: &[ArrayRef], keep: &BooleanArray) -> Result<Vec<ArrayRef>> {
    columns.iter().map(|column| Ok(filter(column, keep)?)).collect()
}

fn filter_groups(groups: &[usize], keep: &BooleanArray) -> Vec<usize> {
    let groups = groups.iter().zip(keep.values());
    groups.filter_map(|(&group, keep)| keep.then_some(group)).collect()
}
