//! Training one model a group from buffered rows.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewArray};
use datafusion_common::Result;
use rayon::prelude::*;

use super::arguments::ArgumentPositions;
use super::codes::{codes_of_chunks, codes_of_rows};
use super::inits::Inits;
use super::read::read_batch;
use super::tables::{GroupLists, Tables};
use super::uncounted::{counted, telling};
use crate::call::culprit::of_init;
use crate::call::fit::{FitOptions, Solver};
use crate::fit::{DataShape, RowId, Seen, model_bytes, tell_listener, training_bytes};
use crate::udf::aggregate::BatchRows;
use crate::udf::error::refuse_value;
use crate::udf::features::{FeatureField, FeatureKind, FeatureShape};
use crate::udf::rows::{GroupedRows, Load, RowAggregate, RowSchema};

/// A call of the function: which arguments, which options.
#[derive(Debug)]
pub(super) struct FitAggregate<S: Solver> {
    pub arguments: ArgumentPositions,
    pub options: S::Options,
}

impl<S: Solver> RowAggregate for FitAggregate<S> {
    fn schema(&self) -> RowSchema {
        self.arguments.schema()
    }

    fn read(&self, values: &[ArrayRef]) -> Result<BatchRows> {
        read_batch::<S>(&self.arguments, values)
    }

    fn evaluate(&self, rows: &GroupedRows) -> Result<ArrayRef> {
        self.models(rows, None)
    }

    /// As many models at once as there are threads, and the texts of all.
    fn evaluation_bytes(&self, load: &Load) -> usize {
        if load.rows == 0 {
            return 0;
        }
        let threads = rayon::current_num_threads();
        let at_once = threads.min(load.groups).max(1);
        let in_groups = load.rows.min(at_once * load.greatest);
        let shape = self.shape(load, in_groups.div_ceil(at_once));
        let training = at_once * training_bytes(&shape, threads.div_ceil(at_once));
        let lists = match self.arguments.features {
            FeatureShape::Fields(_) => 0,
            FeatureShape::Lists => load.rows * size_of::<usize>(),
        };
        // Of one group, the rows are listed as it is trained.
        let listed = if load.groups > 1 { 0 } else { load.rows * size_of::<RowId>() };
        let per_group = self.shape(load, load.rows.div_ceil(load.groups));
        let text = model_bytes(&DataShape { numbers: shape.numbers, ..per_group });
        training + lists + listed + load.groups * text
    }
}

impl<S: Solver> FitAggregate<S> {
    /// One model a group; of rows that are a sample, what was seen of each.
    pub fn models(&self, rows: &GroupedRows, seen: Option<&[Seen]>) -> Result<ArrayRef> {
        let lists = GroupLists::of::<S>(&self.arguments, rows)?;
        let tables = Tables::of(&self.arguments, rows, &lists)?;
        let labels = rows.numbers(0)?;
        let watch = self.options.shared().begin_watch(Some(rows.groups() as u64));
        let watched = self.options.watched(&watch);
        let inits = Inits::of(&self.arguments, rows)?;
        let dates = self.arguments.dates();
        let campaigns = self.campaigns(rows)?;
        let texts = (0..rows.groups())
            .into_par_iter()
            .map(|group| {
                let all = rows.rows(group);
                let (options, ids) = match &inits {
                    None => (Cow::Borrowed(&watched), Cow::Borrowed(all.as_ref())),
                    Some(inits) => {
                        let options = inits.options::<S>(&watched, &telling(&labels, &all))?;
                        (Cow::Owned(options), Cow::Owned(counted(&labels, &all)))
                    }
                };
                let options = match seen.and_then(|seen| seen.get(group)) {
                    Some(seen) => Cow::Owned(options.with_seen(*seen)),
                    None => options,
                };
                let campaigns = campaigns.as_ref().map(|all| codes_of_rows(all, &ids));
                let model =
                    S::fit(tables.of_group(group), &ids, &campaigns.unwrap_or_default(), &options);
                let model = model.map_err(|error| {
                    let error = if inits.is_some() { of_init(error, all.len()) } else { error };
                    refuse_value(S::NAME, &error)
                })?;
                Ok(model.map(|model| model.with_dates(&dates).to_json()))
            })
            .collect::<Result<Vec<Option<String>>>>();
        if texts.is_err() && watch.is_interrupted() {
            tell_listener();
        }
        Ok(Arc::new(StringViewArray::from_iter(texts?)))
    }

    /// The features of a model of some of these rows.
    fn shape(&self, load: &Load, rows: usize) -> DataShape<'_> {
        let is_category = |field: &&FeatureField| field.kind == FeatureKind::Category;
        let (numbers, categories) = match &self.arguments.features {
            FeatureShape::Fields(fields) => {
                let categories = fields.iter().filter(is_category).count();
                (fields.len() - categories, categories)
            }
            FeatureShape::Lists => (load.list_numbers.div_ceil(load.rows.max(1)), 0),
        };
        let levels = load.levels.min(categories * rows);
        DataShape {
            rows,
            numbers,
            categories,
            levels,
            weighted: self.arguments.weight.is_some(),
            hidden: self.options.hidden(),
            solver: self.options.head_solver(),
        }
    }

    /// The code of each row's campaign, chunk by chunk, if the call has campaigns.
    pub fn campaigns<'a>(&self, rows: &'a GroupedRows) -> Result<Option<Vec<&'a [u32]>>> {
        let has_campaigns = self.arguments.campaign.is_some();
        has_campaigns.then(|| codes_of_chunks(rows, self.arguments.last_column())).transpose()
    }
}
