//! Training one model a group from buffered rows.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, Float64Array, StringViewArray, UInt32Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{Float32Type, Float64Type, UInt32Type};
use datafusion_common::Result;
use rayon::prelude::*;

use super::arguments::Arguments;
use super::campaign::campaign_texts;
use crate::Error;
use crate::call::culprit::of_init;
use crate::call::features::{column_argument, list_width, numbered_name};
use crate::call::fit::{FitOptions, Solver};
use crate::call::init::options_of_group;
use crate::fit::{
    Chunk, DataShape, FeatureColumn, FeatureValues, ListElements, RowId, Sample, Seen, Table,
    model_bytes, tell_listener, training_bytes,
};
use crate::model::Model;
use crate::udf::aggregate::BatchRows;
use crate::udf::dates::dates_as_days;
use crate::udf::error::refuse_value;
use crate::udf::features::{
    FeatureField, FeatureKind, FeatureShape, NumberLists, feature_arrays, number_lists,
};
use crate::udf::number::{doubles_with_nan, singles_with_nan};
use crate::udf::rows::{
    ColumnKind, GroupSamples, GroupedRows, Load, RowAggregate, RowSchema, SampleAggregate,
    primitive_values,
};
use crate::udf::strings::StringColumn;
use crate::udf::weight::read_weight;

/// A call of the function: which arguments, which options.
#[derive(Debug)]
pub(super) struct FitAggregate<S: Solver> {
    arguments: Arguments,
    options: S::Options,
}

impl<S: Solver> FitAggregate<S> {
    /// A call.
    pub fn new(arguments: Arguments, options: S::Options) -> Self {
        Self { arguments, options }
    }
}

impl<S: Solver> RowAggregate for FitAggregate<S> {
    fn schema(&self) -> RowSchema {
        self.arguments.schema()
    }

    fn read(&self, values: &[ArrayRef]) -> Result<BatchRows> {
        let label = &values[0];
        let mut nulls = vec![label.logical_nulls()];
        let mut columns: Vec<ArrayRef> = vec![Arc::new(doubles_with_nan(S::NAME, "label", label)?)];
        if let Some(position) = self.arguments.weight {
            let (weight, counts) = read_weight(S::NAME, &values[position])?;
            columns.push(Arc::new(weight));
            nulls.push(Some(counts));
        }
        columns.extend(read_features::<S>(&self.arguments.features, &values[1])?);
        if let Some(position) = self.arguments.campaign {
            columns.push(campaign_texts(&values[position])?);
        }
        if let Some(position) = self.arguments.init {
            columns.push(Arc::clone(&values[position]));
        }
        if self.arguments.init.is_none() {
            return Ok(BatchRows::without_nulls(columns, &nulls));
        }
        let labels = with_uncounted(primitive_values::<Float64Type>(&columns, 0)?, &nulls);
        columns[0] = Arc::new(labels);
        Ok(BatchRows { columns, keep: None })
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

impl<S: Solver> SampleAggregate for FitAggregate<S> {
    fn max_rows(&self) -> usize {
        let most = self.options.shared().max_rows();
        most.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX))
    }

    fn parted_by(&self) -> Option<usize> {
        self.arguments.campaign.map(|_| self.last_column())
    }

    fn uncounted(&self) -> Option<f64> {
        self.arguments.init.map(|_| UNCOUNTED)
    }

    fn hashes(&self, columns: &[ArrayRef]) -> Result<Vec<u64>> {
        let seed = self.options.shared().seed();
        let count = columns.first().map_or(0, Array::len);
        let all: Vec<RowId> = (0..count as u32).map(|row| RowId { chunk: 0, row }).collect();
        let coded = Coded::of(&self.schema(), self.features(), columns)?;
        let columns = std::slice::from_ref(&coded.columns);
        if self.arguments.features != FeatureShape::Lists {
            let table = self.table(columns, |column| coded.levels(column), &[], &[])?;
            return Ok(Sample::hashes(&table, &all, seed));
        }
        let lists = self.lists(columns)?;
        let length = |row: &RowId| lists[0].length(row.row as usize).unwrap_or_default();
        let widths: BTreeSet<usize> = all.iter().map(length).collect();
        let mut hashes = vec![0; count];
        for width in widths {
            let names: Vec<String> = (0..width).map(numbered_name).collect();
            let table = self.table(columns, |column| coded.levels(column), &lists, &names)?;
            let rows: Vec<RowId> = all.iter().filter(|row| length(row) == width).copied().collect();
            for (row, hash) in rows.iter().zip(Sample::hashes(&table, &rows, seed)) {
                hashes[row.row as usize] = hash;
            }
        }
        Ok(hashes)
    }

    fn samples(&self, rows: &GroupedRows) -> Result<Vec<GroupSamples>> {
        let lists = self.lists(rows.chunks())?;
        let widths = Self::widths(rows, &lists)?;
        let names = names_of(&widths);
        let tables = self.tables(rows, &lists, &widths, &names)?;
        let campaigns = self.campaigns(rows)?;
        let labels = rows.numbers(0)?;
        let seed = self.options.shared().seed();
        let samples = (0..rows.groups()).into_par_iter().map(|group| {
            let all = rows.rows(group);
            let counted = counted(&labels, &all);
            let table = &tables[&widths[group]];
            match (&campaigns, counted.is_empty()) {
                // A row that does not count stands for the group.
                (_, true) => {
                    let rows = all.iter().take(1).copied().collect();
                    vec![(0, Sample { rows, bound: u64::MAX, ..Sample::default() })]
                }
                (None, _) => vec![(0, Sample::of(table, &counted, seed, self.max_rows()))],
                (Some(campaigns), _) => {
                    let codes = codes_of_rows(campaigns, &counted);
                    Sample::of_campaigns(table, &counted, &codes, seed, self.max_rows())
                }
            }
        });
        Ok(samples.collect())
    }

    fn evaluate_sample(&self, rows: &GroupedRows, seen: &[Seen]) -> Result<ArrayRef> {
        self.models(rows, Some(seen))
    }
}

/// The columns of one batch with categories as codes of its own.
struct Coded {
    columns: Vec<ArrayRef>,
    texts: Vec<(usize, StringColumn, Vec<usize>)>,
}

impl Coded {
    /// Only the columns of these indices are coded.
    fn of(schema: &RowSchema, indices: Range<usize>, columns: &[ArrayRef]) -> Result<Self> {
        let mut coded = Self { columns: columns.to_vec(), texts: Vec::new() };
        for (index, kind) in schema.kinds().enumerate() {
            if kind != ColumnKind::Category || !indices.contains(&index) {
                continue;
            }
            let strings = StringColumn::of(&columns[index]);
            let mut values = Vec::new();
            let codes = strings.codes(|value, _| {
                values.push(value);
                Ok(values.len() as u32 - 1)
            })?;
            coded.columns[index] = Arc::new(UInt32Array::from(codes));
            coded.texts.push((index, strings, values));
        }
        Ok(coded)
    }

    /// What the codes of a column stand for; several may stand for one text.
    fn levels(&self, column: usize) -> Vec<Option<&str>> {
        let Some((_, strings, values)) = self.texts.iter().find(|(index, ..)| *index == column)
        else {
            return Vec::new();
        };
        values.iter().map(|&value| strings.text(value).ok().flatten()).collect()
    }
}

fn names_of(widths: &[usize]) -> Vec<String> {
    (0..widths.iter().copied().max().unwrap_or_default()).map(numbered_name).collect()
}

impl<S: Solver> FitAggregate<S> {
    /// How many numbers the lists of each group have.
    fn widths(rows: &GroupedRows, lists: &[NumberLists]) -> Result<Vec<usize>> {
        let labels = rows.numbers(0)?;
        let width = |group: usize| match lists {
            [] => Ok(0),
            lists => width_of_group::<S>(lists, &telling(&labels, &rows.rows(group))),
        };
        (0..rows.groups()).into_par_iter().map(width).collect()
    }

    /// The buffered columns as the core reads them, for groups of each width of lists.
    fn tables<'a>(
        &'a self,
        rows: &'a GroupedRows,
        lists: &'a [NumberLists],
        widths: &[usize],
        names: &'a [String],
    ) -> Result<HashMap<usize, Table<'a>>> {
        let mut tables = HashMap::new();
        for &width in widths {
            if let Entry::Vacant(table) = tables.entry(width) {
                let levels = |column| rows.levels(column);
                table.insert(self.table(rows.chunks(), levels, lists, &names[..width])?);
            }
        }
        Ok(tables)
    }

    /// One model a group; of rows that are a sample, what was seen of each.
    fn models(&self, rows: &GroupedRows, seen: Option<&[Seen]>) -> Result<ArrayRef> {
        let lists = self.lists(rows.chunks())?;
        let labels = rows.numbers(0)?;
        let widths = Self::widths(rows, &lists)?;
        let names = names_of(&widths);
        let tables = self.tables(rows, &lists, &widths, &names)?;
        let watch = self.options.shared().begin_watch(Some(rows.groups() as u64));
        let watched = self.options.watched(&watch);
        let inits = self.inits(rows)?;
        let dates = self.dates();
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
                let table = &tables[&widths[group]];
                let model = S::fit(table, &ids, &campaigns.unwrap_or_default(), &options);
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
}

impl<S: Solver> FitAggregate<S> {
    /// The names of the features that are dates.
    fn dates(&self) -> Vec<&str> {
        let FeatureShape::Fields(fields) = &self.arguments.features else { return Vec::new() };
        fields.iter().filter(|field| field.is_date).map(|field| field.name.as_str()).collect()
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
}

/// The models that groups continue from.
struct Inits<'a> {
    /// The code of each row's model, chunk by chunk.
    codes: Vec<&'a [u32]>,
    /// The texts that codes stand for.
    texts: Vec<Option<&'a str>>,
    /// The models of the texts, read where a group needs them.
    models: Vec<OnceLock<Result<Arc<Model>, Error>>>,
}

impl Inits<'_> {
    /// The options with the model of these rows, which must be the same in all of them.
    fn options<S: Solver>(&self, options: &S::Options, rows: &[RowId]) -> Result<S::Options> {
        let codes = rows.iter().filter_map(|&row| code_of_row(&self.codes, row));
        let text_of = |code: u32| self.texts.get(code as usize).copied().flatten();
        let read = |code: u32, text: &str| {
            let model = &self.models[code as usize];
            model.get_or_init(|| Model::from_json(text).map(Arc::new)).clone()
        };
        options_of_group(options, codes, text_of, read, rows.len())
            .map_err(|error| refuse_value(S::NAME, &error))
    }
}

/// The codes of these rows, of codes chunk by chunk.
fn codes_of_rows(codes: &[&[u32]], rows: &[RowId]) -> Vec<u32> {
    rows.iter().filter_map(|&row| code_of_row(codes, row)).collect()
}

fn code_of_row(codes: &[&[u32]], row: RowId) -> Option<u32> {
    codes.get(row.chunk as usize)?.get(row.row as usize).copied()
}

/// In the place of the label of a row that does not count, of a call with a model to continue from: a NaN that nothing
/// computes. The row is kept for its model, as a group has the prior's heads even if no row of it counts.
const UNCOUNTED: f64 = f64::from_bits(0x7ff8_0000_0075_6e63);

/// Labels with [`UNCOUNTED`] where any of `nulls` has a NULL.
fn with_uncounted(labels: &[f64], nulls: &[Option<NullBuffer>]) -> Float64Array {
    let nulls = NullBuffer::union_many(nulls.iter().map(Option::as_ref));
    let counts = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    let labels = labels.iter().enumerate();
    let labels = labels.map(|(row, &label)| if counts(row) { label } else { UNCOUNTED });
    Float64Array::from_iter_values(labels)
}

/// The rows of a group that count.
fn counted(labels: &[&[f64]], rows: &[RowId]) -> Vec<RowId> {
    let label = |row: &RowId| labels.get(row.chunk as usize)?.get(row.row as usize);
    let counts = |row: &&RowId| label(row).is_none_or(|y| y.to_bits() != UNCOUNTED.to_bits());
    rows.iter().filter(counts).copied().collect()
}

/// The rows of a group that tell what they have in common, such as a model: those that count, or all if none does.
fn telling<'a>(labels: &[&[f64]], rows: &'a [RowId]) -> Cow<'a, [RowId]> {
    let counted = counted(labels, rows);
    if counted.is_empty() || counted.len() == rows.len() {
        return Cow::Borrowed(rows);
    }
    Cow::Owned(counted)
}

/// How many numbers the lists of a group have, the same in each; 0 if all are NULL.
fn width_of_group<S: Solver>(lists: &[NumberLists], rows: &[RowId]) -> Result<usize> {
    let length = |row: &RowId| lists.get(row.chunk as usize)?.length(row.row as usize);
    list_width(rows.iter().map(length)).map_err(|error| refuse_value(S::NAME, &error))
}

/// The features of one batch as the schema's columns.
fn read_features<S: Solver>(shape: &FeatureShape, features: &ArrayRef) -> Result<Vec<ArrayRef>> {
    let FeatureShape::Fields(fields) = shape else {
        return Ok(vec![number_lists(S::NAME, features)?]);
    };
    let arrays = feature_arrays(features)?;
    fields
        .iter()
        .zip(&arrays)
        .map(|(field, array)| {
            let argument = || column_argument(&field.name);
            Ok(match field.kind {
                FeatureKind::Category => Arc::clone(array),
                FeatureKind::Number => {
                    let numbers = dates_as_days(array)?;
                    Arc::new(doubles_with_nan(S::NAME, &argument(), &numbers)?)
                }
                FeatureKind::Single => Arc::new(singles_with_nan(S::NAME, &argument(), array)?),
            })
        })
        .collect()
}

impl<S: Solver> FitAggregate<S> {
    /// The models to continue from, if the call has any.
    fn inits<'a>(&self, rows: &'a GroupedRows) -> Result<Option<Inits<'a>>> {
        if self.arguments.init.is_none() {
            return Ok(None);
        }
        let column = self.last_column();
        let texts = rows.levels(column);
        let models = texts.iter().map(|_| OnceLock::new()).collect();
        Ok(Some(Inits { codes: codes_of_chunks(rows, column)?, texts, models }))
    }

    /// The code of each row's campaign, chunk by chunk, if the call has campaigns.
    fn campaigns<'a>(&self, rows: &'a GroupedRows) -> Result<Option<Vec<&'a [u32]>>> {
        let has_campaigns = self.arguments.campaign.is_some();
        has_campaigns.then(|| codes_of_chunks(rows, self.last_column())).transpose()
    }

    /// The indices of the features.
    fn features(&self) -> Range<usize> {
        let columns = match &self.arguments.features {
            FeatureShape::Fields(fields) => fields.len(),
            FeatureShape::Lists => 1,
        };
        let first = self.arguments.first_feature();
        first..first + columns
    }

    /// That of the campaign, or of the model to continue from.
    fn last_column(&self) -> usize {
        self.schema().columns().len() - 1
    }

    /// The lists of every chunk; none where features are columns already.
    fn lists(&self, chunks: &[Vec<ArrayRef>]) -> Result<Vec<NumberLists>> {
        if self.arguments.features != FeatureShape::Lists {
            return Ok(Vec::new());
        }
        let lists = chunks.iter().map(|columns| &columns[self.arguments.first_feature()]);
        lists.map(NumberLists::of_buffered).collect()
    }

    /// Columns as the core reads them.
    fn table<'a>(
        &'a self,
        chunks: &'a [Vec<ArrayRef>],
        levels: impl Fn(usize) -> Vec<Option<&'a str>>,
        lists: &'a [NumberLists],
        numbered: &'a [String],
    ) -> Result<Table<'a>> {
        let features = match &self.arguments.features {
            FeatureShape::Fields(fields) => fields
                .iter()
                .zip(self.arguments.first_feature()..)
                .map(|(field, column)| FeatureColumn {
                    name: &field.name,
                    levels: (field.kind == FeatureKind::Category).then(|| levels(column)),
                })
                .collect(),
            FeatureShape::Lists => {
                numbered.iter().map(|name| FeatureColumn { name, levels: None }).collect()
            }
        };
        let chunks = chunks
            .iter()
            .enumerate()
            .map(|(chunk, columns)| self.chunk(columns, lists.get(chunk), numbered.len()))
            .collect::<Result<Vec<_>>>()?;
        Ok(Table { features, chunks })
    }

    fn chunk<'a>(
        &self,
        columns: &'a [ArrayRef],
        lists: Option<&'a NumberLists>,
        width: usize,
    ) -> Result<Chunk<'a>> {
        let weight = self.arguments.weight.map(|_| primitive_values::<Float64Type>(columns, 1));
        let features = match &self.arguments.features {
            FeatureShape::Fields(fields) => fields
                .iter()
                .zip(self.arguments.first_feature()..)
                .map(|(field, column)| feature_values(field.kind, columns, column))
                .collect::<Result<Vec<_>>>()?,
            FeatureShape::Lists => {
                let indices =
                    lists.into_iter().flat_map(|lists| (0..width).map(move |index| (lists, index)));
                indices
                    .map(|(lists, index)| {
                        FeatureValues::Elements(ListElements {
                            values: lists.values(),
                            starts: lists.starts(),
                            index,
                        })
                    })
                    .collect()
            }
        };
        Ok(Chunk {
            label: primitive_values::<Float64Type>(columns, 0)?,
            weight: weight.transpose()?,
            features,
        })
    }
}

/// The codes in a column of categories, chunk by chunk.
fn codes_of_chunks(rows: &GroupedRows, column: usize) -> Result<Vec<&[u32]>> {
    let chunks = rows.chunks().iter();
    chunks.map(|chunk| primitive_values::<UInt32Type>(chunk, column)).collect()
}

fn feature_values(
    kind: FeatureKind,
    columns: &[ArrayRef],
    column: usize,
) -> Result<FeatureValues<'_>> {
    Ok(match kind {
        FeatureKind::Number => {
            FeatureValues::Numbers(primitive_values::<Float64Type>(columns, column)?)
        }
        FeatureKind::Single => {
            FeatureValues::Singles(primitive_values::<Float32Type>(columns, column)?)
        }
        FeatureKind::Category => {
            FeatureValues::Codes(primitive_values::<UInt32Type>(columns, column)?)
        }
    })
}
