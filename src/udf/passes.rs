//! What a pass over rows keeps for its groups: the model of each, and sums of a size that the rows do not change.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, LargeBinaryArray, StringViewArray};
use arrow::datatypes::Float64Type;
use datafusion_common::{Result, exec_datafusion_err};
use datafusion_expr::EmitTo;
use foldhash::fast::RandomState;
use rayon::prelude::*;

use super::aggregate::{BatchRows, GroupState};
use super::customer::with_columns;
use super::error::refuse_value;
use super::model::{DistinctTexts, text_views};
use super::number::doubles_with_nan;
use super::recent_models::scorer_of_text;
use super::rows::primitive_values;
use super::weight::read_weight;
use crate::call::NO_CODE;
use crate::call::culprit::no_model;
use crate::call::newton_step::{NAME, one_model};
use crate::fit::{Pass, PassColumns, PassSums};
use crate::model::{FeatureInput, Models, ScorerSet};

/// The positions of what [`PassState`] reads, behind the label: the model, the features, and the weight if there is one.
const MODEL: usize = 1;
const FEATURES: usize = 2;
const WEIGHT: usize = 3;

/// The groups of a call.
#[derive(Debug)]
pub(super) struct PassState {
    /// The position of the weight among the arguments.
    weight: Option<usize>,
    models: KnownModels,
    groups: Vec<Group>,
    /// The memory of all sums, in bytes, and of those of the group that has most.
    bytes: usize,
    greatest: usize,
}

/// What is kept for a group.
#[derive(Debug, Default)]
struct Group {
    /// The code of its model, [`NO_CODE`] for NULL; nothing before there is a row.
    model: Option<u32>,
    sums: Option<Box<PassSums>>,
}

/// The models of all groups, by their codes.
#[derive(Debug, Default)]
struct KnownModels {
    models: Vec<KnownModel>,
    of_text: HashMap<Arc<str>, u32, RandomState>,
    /// The same models, at the same indices, which find the columns that they need.
    scorers: ScorerSet,
    bytes: usize,
}

#[derive(Debug)]
struct KnownModel {
    text: Arc<str>,
    pass: Arc<Pass>,
}

impl KnownModels {
    /// The code of a text, which is read if it is new.
    fn code(&mut self, text: &str) -> Result<u32> {
        if let Some(&code) = self.of_text.get(text) {
            return Ok(code);
        }
        let wrong = |error| refuse_value(NAME, &no_model("model", text, None, &error));
        let pass = Arc::new(Pass::of_text(text).map_err(wrong)?);
        let code = self.scorers.add(scorer_of_text(NAME, text, None)?);
        let text: Arc<str> = Arc::from(text);
        self.of_text.insert(Arc::clone(&text), code);
        // The text, the model, the pass and the scorer.
        self.bytes += 4 * text.len();
        self.models.push(KnownModel { text, pass });
        Ok(code)
    }

    /// The codes of a column of texts.
    fn codes(&mut self, texts: &ArrayRef) -> Result<Vec<u32>> {
        let texts = DistinctTexts::try_new(texts)?;
        let codes = texts.iter().map(|(_, text)| self.code(text)).collect::<Result<Vec<u32>>>()?;
        let code = |code: &u32| codes.get(*code as usize).copied().unwrap_or(NO_CODE);
        Ok(texts.code_of_row().iter().map(code).collect())
    }

    fn get(&self, code: u32) -> Option<&KnownModel> {
        self.models.get(code as usize)
    }

    fn text(&self, code: u32) -> Option<&str> {
        self.get(code).map(|model| model.text.as_ref())
    }
}

impl PassState {
    /// Of a call with the weight at this position, if it has one.
    pub(super) fn new(weight: Option<usize>) -> Self {
        let models = KnownModels::default();
        Self { weight, models, groups: Vec::new(), bytes: 0, greatest: 0 }
    }

    fn count(&mut self, total: usize) {
        if total > self.groups.len() {
            self.groups.resize_with(total, Group::default);
        }
    }

    /// Takes the model of rows for that of their group, which it must be if the group has one.
    fn assign(&mut self, group: usize, codes: &[u32]) -> Result<()> {
        let Self { models, groups, .. } = self;
        let Some(group) = groups.get_mut(group) else { return Ok(()) };
        let known = group.model.into_iter();
        let all = known.chain(codes.iter().copied());
        let code = one_model(all, |code| models.text(code), codes.len());
        group.model = code.map_err(|error| refuse_value(NAME, &error))?;
        Ok(())
    }

    /// Adds to the sums of a group.
    fn with_sums<R>(
        &mut self,
        group: usize,
        add: impl FnOnce(&Pass, &mut PassSums) -> R,
    ) -> Option<R> {
        let Self { models, groups, bytes, greatest, .. } = self;
        let group = groups.get_mut(group)?;
        let pass = Arc::clone(&models.get(group.model?)?.pass);
        let sums = group.sums.get_or_insert_with(|| {
            let sums = Box::new(pass.sums());
            *bytes += sums.size();
            *greatest = sums.size().max(*greatest);
            sums
        });
        Some(add(&pass, sums))
    }

    /// Hands on the rows of each group, in the order of the groups, with its pass and the columns that it reads.
    fn each_group(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
        mut take: impl FnMut(&mut Self, usize, &PassColumns<'_>, &[u32]) -> Result<()>,
    ) -> Result<()> {
        let codes = self.models.codes(&columns[MODEL])?;
        let rows = rows_by_group(groups);
        for rows in &rows {
            let codes: Vec<u32> = rows.1.iter().map(|&row| codes[row as usize]).collect();
            self.assign(rows.0, &codes)?;
        }
        if codes.iter().all(|code| *code == NO_CODE) {
            return Ok(());
        }
        let label = primitive_values::<Float64Type>(columns, 0)?;
        let weight = self.weight.map(|_| primitive_values::<Float64Type>(columns, WEIGHT));
        let weight = weight.transpose()?;
        // The models find their columns by a set that is taken out for as long.
        let mut scorers = std::mem::take(&mut self.models.scorers);
        let models = Models::Each(&mut scorers, &codes);
        let found = with_columns(NAME, models, &columns[FEATURES], |_, names, inputs| {
            let mut of_code: HashMap<u32, Vec<FeatureInput<'_>>, RandomState> = HashMap::default();
            for (group, rows) in rows {
                let code = self.groups.get(group).and_then(|group| group.model);
                let code = code.unwrap_or(NO_CODE);
                let Some(model) = self.models.get(code) else { continue };
                let features = match of_code.entry(code) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => {
                        let positions = model.pass.match_features(names);
                        let positions = positions.map_err(|error| refuse_value(NAME, &error))?;
                        let columns =
                            positions.iter().filter_map(|index| inputs.get(*index).copied());
                        new.insert(columns.collect())
                    }
                };
                take(self, group, &PassColumns { label, weight, features }, &rows)?;
            }
            Ok(())
        });
        self.models.scorers = scorers;
        found
    }

    /// The models of the first groups.
    fn evaluate(&self, groups: usize) -> ArrayRef {
        let texts: Vec<Option<Arc<str>>> = self
            .groups
            .par_iter()
            .take(groups)
            .map(|group| {
                let KnownModel { text, pass } = self.models.get(group.model?)?;
                Some(match &group.sums {
                    Some(sums) if pass.is_open() => pass.finish(sums).to_json().into(),
                    _ => Arc::clone(text),
                })
            })
            .collect();
        Arc::new(StringViewArray::from_iter(texts))
    }

    fn emitted(&mut self, emit_to: EmitTo) -> usize {
        match emit_to {
            EmitTo::All => self.groups.len(),
            EmitTo::First(groups) => {
                // A partition without a row has a group all the same where there is no GROUP BY.
                self.count(groups);
                groups
            }
        }
    }

    fn release(&mut self, groups: usize) {
        for group in self.groups.drain(..groups) {
            self.bytes -= group.sums.map_or(0, |sums| sums.size());
        }
        if self.groups.is_empty() {
            *self = Self::new(self.weight);
        }
    }

    /// The states of the first groups: the text, and the sums; both NULL where there is no row.
    fn states(&self, groups: usize) -> Vec<ArrayRef> {
        let groups = || self.groups.iter().take(groups);
        let text = |group: &Group| self.models.text(group.model?);
        let sums = |group: &Group| match self.models.get(group.model?) {
            None => Some(Vec::new()),
            Some(KnownModel { pass, .. }) => {
                let none = || Box::new(pass.sums());
                Some(pass.sums_bytes(group.sums.as_ref().unwrap_or(&none())))
            }
        };
        vec![
            Arc::new(groups().map(text).collect::<StringViewArray>()),
            Arc::new(groups().map(sums).collect::<LargeBinaryArray>()),
        ]
    }
}

/// The rows of each group.
fn rows_by_group(groups: &[usize]) -> Vec<(usize, Vec<u32>)> {
    let Some(&first) = groups.first() else { return Vec::new() };
    let row = |row: usize| u32::try_from(row).unwrap_or(u32::MAX);
    if groups.iter().all(|&group| group == first) {
        return vec![(first, (0..groups.len()).map(row).collect())];
    }
    let mut rows: Vec<(usize, u32)> =
        groups.iter().enumerate().map(|(index, &group)| (group, row(index))).collect();
    rows.sort_unstable();
    let runs = rows.chunk_by(|a, b| a.0 == b.0);
    runs.map(|run| (run[0].0, run.iter().map(|row| row.1).collect())).collect()
}

impl GroupState for PassState {
    fn empty(&self) -> Self {
        Self::new(self.weight)
    }

    fn read(&self, arguments: &[ArrayRef]) -> Result<BatchRows> {
        let [label, features, model, ..] = arguments else {
            return Err(exec_datafusion_err!("{NAME} has {} arguments", arguments.len()));
        };
        let mut nulls = vec![label.logical_nulls()];
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(doubles_with_nan(NAME, "label", label)?),
            Arc::new(text_views(model)?),
            Arc::clone(features),
        ];
        if let Some(weight) = self.weight.and_then(|position| arguments.get(position)) {
            let (weight, counts) = read_weight(NAME, weight)?;
            columns.push(Arc::new(weight));
            nulls.push(Some(counts));
        }
        Ok(BatchRows::without_nulls(columns, &nulls))
    }

    fn update(&mut self, columns: Vec<ArrayRef>, groups: &[usize], total: usize) -> Result<()> {
        self.count(total);
        self.each_group(&columns, groups, |state, group, columns, rows| {
            state.with_sums(group, |pass, sums| pass.add(columns, rows, sums));
            Ok(())
        })
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.count(total);
        let wrong = || exec_datafusion_err!("a state of {NAME} that is none of its model");
        let [texts, sums] = states else { return Err(wrong()) };
        let sums = sums.as_binary_opt::<i64>().ok_or_else(wrong)?;
        let codes = self.models.codes(texts)?;
        for (state, (&group, &code)) in groups.iter().zip(&codes).enumerate() {
            if sums.is_null(state) {
                continue;
            }
            self.assign(group, &[code])?;
            let bytes = sums.value(state);
            if self.with_sums(group, |pass, sums| pass.merge_bytes(bytes, sums)) == Some(false) {
                return Err(wrong());
            }
        }
        Ok(())
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = self.emitted(emit_to);
        let states = self.states(groups);
        self.release(groups);
        Ok(states)
    }

    fn finish(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let groups = self.emitted(emit_to);
        let models = self.evaluate(groups);
        self.release(groups);
        Ok(models)
    }

    fn look(&mut self) -> Result<ArrayRef> {
        self.count(1);
        Ok(self.evaluate(1))
    }

    /// A step takes the matrices of as many groups as there are threads, in double precision.
    fn size(&self) -> usize {
        let at_once = rayon::current_num_threads().min(self.groups.len());
        let groups = self.groups.capacity() * size_of::<Group>();
        size_of::<Self>() + groups + self.bytes + self.models.bytes + 2 * at_once * self.greatest
    }

    /// A state of a row is the row, encoded: its sums would be many times as large.
    fn state_of_rows(&self, columns: Vec<ArrayRef>, lengths: &[usize]) -> Result<Vec<ArrayRef>> {
        let with_a_row = (0..).zip(lengths).filter(|&(_, &length)| length > 0);
        let groups: Vec<usize> = with_a_row.map(|(group, _)| group).collect();
        let mut own = self.empty();
        own.count(lengths.len());
        let mut bytes: Vec<Option<Vec<u8>>> = vec![None; lengths.len()];
        own.each_group(&columns, &groups, |state, group, columns, rows| {
            let model = state.groups[group].model.and_then(|code| state.models.get(code));
            if let (Some(model), Some(&row)) = (model, rows.first()) {
                bytes[group] = Some(model.pass.row_bytes(columns, row));
            }
            Ok(())
        })?;
        for (bytes, group) in bytes.iter_mut().zip(&own.groups) {
            if bytes.is_none() && group.model.is_some() {
                *bytes = Some(Vec::new());
            }
        }
        let texts = own.groups.iter().map(|group| own.models.text(group.model?));
        Ok(vec![
            Arc::new(texts.collect::<StringViewArray>()),
            Arc::new(LargeBinaryArray::from_iter(bytes)),
        ])
    }
}
