//! A call of a metric: its rows are buffered, and a group's are handed to the core.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::Float64Type;
use datafusion_common::Result;
use rayon::prelude::*;

use super::function::MetricFunction;
use super::group::{MetricGroup, MetricRows};
use super::predicted::Predicted;
use crate::call::evaluate::{SampledRows, ScoredChunk, ScoredRows};
use crate::call::metric::MetricArguments;
use crate::fit::Seen;
use crate::udf::aggregate::BatchRows;
use crate::udf::number::doubles_with_nan;
use crate::udf::rows::{
    ColumnKind, GroupSamples, GroupedRows, Load, RowAggregate, RowColumn, RowSchema,
    SampleAggregate, primitive_values,
};
use crate::udf::weight::read_weight;

/// What a metric sorts of a row: two keys and a weight.
const SORTED_BYTES: usize = 24;

/// What drawing a sample takes for a row, of which there may be twice as many: where it is, and its hash.
const DRAWN_BYTES: usize = 48;

/// A call of a metric.
#[derive(Debug)]
pub(super) struct MetricBatches<F> {
    pub arguments: MetricArguments,
    pub buckets: usize,
    /// The bound of a sample, if there is to be one.
    pub max_rows: Option<usize>,
    pub function: PhantomData<F>,
}

/// The columns to buffer: label, what is predicted, weight if there is one.
pub(super) fn schema<F: MetricFunction>(arguments: &MetricArguments) -> RowSchema {
    let weight: &[&str] = if arguments.weight.is_some() { &["weight"] } else { &[] };
    let names = ["label"].iter().chain(F::Predicted::NAMES).chain(weight);
    let column = |name: &&str| RowColumn { name: (*name).to_string(), kind: ColumnKind::Number };
    RowSchema::new(names.map(column).collect())
}

impl<F: MetricFunction> RowAggregate for MetricBatches<F> {
    fn schema(&self) -> RowSchema {
        schema::<F>(&self.arguments)
    }

    fn read(&self, arguments: &[ArrayRef]) -> Result<BatchRows> {
        let MetricArguments { predicted, weight, .. } = &self.arguments;
        let label = &arguments[0];
        let mut columns: Vec<ArrayRef> = vec![Arc::new(doubles_with_nan(F::NAME, "label", label)?)];
        let (predicted, predicted_nulls) =
            F::Predicted::read(F::named(), &arguments[predicted.clone()])?;
        columns.extend(predicted);
        let mut nulls = vec![label.logical_nulls(), predicted_nulls];
        if let Some(position) = *weight {
            let (weight, counts) = read_weight(F::NAME, &arguments[position])?;
            nulls.push(Some(counts));
            columns.push(Arc::new(weight));
        }
        Ok(BatchRows::without_nulls(columns, &nulls))
    }

    fn evaluate(&self, rows: &GroupedRows) -> Result<ArrayRef> {
        let columns = self.columns(rows)?;
        let groups = (0..rows.groups()).into_par_iter();
        let values = groups.map(|group| F::compute(&self.group(&columns, rows, group)));
        F::collect(values.collect())
    }

    /// What the core sorts of as many groups as there are threads, and their columns where they are put together.
    fn evaluation_bytes(&self, load: &Load) -> usize {
        let at_once = rayon::current_num_threads().min(load.groups);
        let rows = load.rows.min(at_once * load.greatest);
        let is_sample = self.max_rows.is_some();
        let in_place = load.groups == 1 && F::Predicted::IN_PIECES && !is_sample;
        let all = 1 + F::Predicted::NAMES.len() + usize::from(self.arguments.weight.is_some());
        let columns = if in_place { 0 } else { all };
        let drawn = if is_sample { DRAWN_BYTES } else { 0 };
        rows * (SORTED_BYTES + columns * size_of::<f64>() + drawn)
    }
}

impl<F: MetricFunction> SampleAggregate for MetricBatches<F> {
    fn max_rows(&self) -> usize {
        self.max_rows.unwrap_or(usize::MAX)
    }

    fn parted_by(&self) -> Option<usize> {
        None
    }

    fn uncounted(&self) -> Option<f64> {
        None
    }

    fn hashes(&self, columns: &[ArrayRef]) -> Result<Vec<u64>> {
        let columns = (0..columns.len()).map(|column| {
            primitive_values::<Float64Type>(columns, column).map(|values| vec![values])
        });
        Ok(self.scored(&columns.collect::<Result<Vec<_>>>()?).hashes())
    }

    fn samples(&self, rows: &GroupedRows) -> Result<Vec<GroupSamples>> {
        let scored = self.scored(&self.columns(rows)?);
        let groups = (0..rows.groups()).into_par_iter();
        let sample = |group| vec![(0, scored.sample(&rows.rows(group), self.max_rows()))];
        Ok(groups.map(sample).collect())
    }

    fn evaluate_sample(&self, rows: &GroupedRows, seen: &[Seen]) -> Result<ArrayRef> {
        let scored = self.scored(&self.columns(rows)?);
        let value = |group: usize| {
            let sample = scored.sample(&rows.rows(group), self.max_rows());
            let seen = seen.get(group).copied().unwrap_or_default();
            let group = self.sampled_group(scored.pick(&sample.rows));
            F::of_sample(F::compute(&group), &sample, seen)
        };
        F::collect((0..rows.groups()).into_par_iter().map(value).collect())
    }
}

impl<F: MetricFunction> MetricBatches<F> {
    /// All columns of the schema, chunk by chunk.
    fn columns<'a>(&self, rows: &'a GroupedRows) -> Result<Vec<Vec<&'a [f64]>>> {
        (0..self.schema().columns().len()).map(|column| rows.numbers(column)).collect()
    }

    /// Columns of the schema, chunk by chunk, as what samples are drawn of.
    fn scored<'a>(&self, columns: &[Vec<&'a [f64]>]) -> ScoredRows<'a> {
        let chunks = columns.first().map_or(0, Vec::len);
        let predicted = 1..1 + F::Predicted::NAMES.len();
        let weight = self.arguments.weight.map(|_| predicted.end);
        let chunk = |chunk: usize| {
            let of = |column: usize| columns.get(column)?.get(chunk).copied();
            ScoredChunk {
                label: of(0).unwrap_or_default(),
                weight: weight.and_then(of),
                predicted: predicted.clone().filter_map(of).collect(),
            }
        };
        ScoredRows::of((0..chunks).map(chunk).collect())
    }

    /// The rows of a sample as a group of one piece.
    fn sampled_group(&self, rows: SampledRows) -> MetricGroup<'static, F::Predicted> {
        let SampledRows { label, weight, predicted } = rows;
        let mut predicted = predicted.into_iter();
        let piece = MetricRows {
            label: Cow::Owned(label),
            predicted: F::Predicted::columns(&mut || {
                Cow::Owned(predicted.next().unwrap_or_default())
            }),
            weight: weight.map(Cow::Owned),
        };
        MetricGroup { pieces: vec![piece], buckets: self.buckets }
    }

    /// The rows of a group, in the pieces of every column, which are the same for all.
    fn group<'a>(
        &self,
        columns: &[Vec<&'a [f64]>],
        rows: &GroupedRows,
        group: usize,
    ) -> MetricGroup<'a, F::Predicted> {
        let pieces = columns.iter().map(|column| rows.pieces(column, group));
        let mut columns: Vec<Vec<Cow<'a, [f64]>>> = pieces.collect();
        let pieces = 0..columns.first().map_or(0, Vec::len);
        let piece = |piece: usize| {
            let mut columns = columns.iter_mut().map(|column| std::mem::take(&mut column[piece]));
            let mut next = || columns.next().unwrap_or_default();
            MetricRows {
                label: next(),
                predicted: F::Predicted::columns(&mut next),
                weight: self.arguments.weight.is_some().then(next),
            }
        };
        MetricGroup { pieces: pieces.map(piece).collect(), buckets: self.buckets }
    }
}
