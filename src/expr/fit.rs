//! What the aggregates that fit a model share: a [`Solver`] is what differs from one to the next.

use std::borrow::Cow;
use std::sync::Arc;

use polars::prelude::{DataType, GroupsIndicator, NamedFrom, PlSmallStr, PolarsResult, Series};

use super::error::{refuse, wrong_arity};
use super::features::{FeatureSeries, Features, TrainingValues};
use super::lists::NumberLists;
use super::number::Number;
use super::options;
use super::result::Shape;
use super::rows::{CompleteRows, InputChunk, in_chunks, read_weight};
use super::text::Texts;
use super::types::types_of;
use crate::Error;
use crate::call::NO_CODE;
use crate::call::culprit::of_init;
use crate::call::features::{FeaturesForm, list_width, numbered_name};
use crate::call::fit::{FitArguments, FitOptions, Solver};
use crate::call::init::{check_once, options_of_group};
use crate::call::weight::counts;
use crate::fit::{self, Chunk, FeatureValues, ListElements, RowId, Sample, Table, tell_listener};
use crate::model::Model;

/// The arguments of a fit, but for its options.
#[derive(Debug, Clone, Copy)]
pub(super) struct FitInputs<'a> {
    pub(super) label: &'a Series,
    pub(super) features: &'a Series,
    /// Which campaign a row belongs to, for a solver that asks.
    pub(super) campaign: Option<&'a Series>,
    pub(super) weight: Option<&'a Series>,
    /// The model to continue from, for a solver that asks for no campaign.
    pub(super) init: Option<&'a Series>,
}

/// Fits a model to all rows, whose arguments are in the order of SQL.
pub(super) fn fit<S: Solver>(inputs: &[Series]) -> PolarsResult<Series> {
    let arguments = FitArguments::of_types::<S>(&types_of(inputs));
    let arguments = arguments.map_err(|error| refuse(S::NAME, &error))?;
    let [label, features, ..] = inputs else {
        return Err(wrong_arity(S::NAME, S::USAGE, inputs.len()));
    };
    let at = |position: Option<usize>| inputs.get(position?);
    let options = match at(arguments.options) {
        Some(options) => S::Options::of_pairs(options::read(S::NAME, options)?)
            .map_err(|error| refuse(S::NAME, &error))?,
        None => S::Options::default(),
    };
    let FitArguments { campaign, weight, init, .. } = arguments;
    let [campaign, weight, init] = [campaign, weight, init].map(at);
    fit_with::<S>(FitInputs { label, features, campaign, weight, init }, &options)
}

/// Fits a model to all rows with options that were checked before. A weight or a model to continue from that is NULL
/// without a type is none.
pub(super) fn fit_with<S: Solver>(
    inputs: FitInputs<'_>,
    options: &S::Options,
) -> PolarsResult<Series> {
    let FitInputs { label, features, campaign, weight, init } = inputs;
    let none = DataType::Null;
    let type_of = |input: Option<&Series>| input.map_or(&none, |input| input.dtype()).clone();
    let types = [Some(label), Some(features)].into_iter();
    let campaign_of = S::HAS_CAMPAIGN.then_some(campaign);
    let init_of = S::HAS_INIT.then_some(init);
    let types = types.chain(campaign_of).chain([weight, None]).chain(init_of);
    let types: Vec<DataType> = types.map(type_of).collect();
    let types: Vec<&DataType> = types.iter().collect();
    let arguments = FitArguments::of_types::<S>(&types).map_err(|error| refuse(S::NAME, &error))?;
    let campaign = campaign.filter(|_| arguments.campaign.is_some());
    let weight = weight.filter(|_| arguments.weight.is_some());
    let init = init.filter(|_| arguments.init.is_some());
    if init.is_some() {
        check_once(options).map_err(|error| refuse(S::NAME, &error))?;
    }
    let given = [Some(label), Some(features), campaign, weight, init];
    let given: Vec<Series> = given.into_iter().flatten().cloned().collect();
    let rows = Shape::try_new(S::NAME, &given)?.rows();
    let training = match arguments.features {
        FeaturesForm::Lists => Training::of_lists::<S>(label, weight, features, rows)?,
        FeaturesForm::Columns(_) => Training::of_columns::<S>(label, weight, features, rows)?,
    };
    let campaigns = campaign.map(group_of_row).transpose()?.unwrap_or_default();
    let model = training.fit::<S>(&campaigns, init, options)?;
    Ok(Series::new(label.name().clone(), [model.map(|model| model.to_json())]))
}

/// The hashes by which samples keep rows, of all rows, whether they count or not.
pub(super) fn row_hashes<S: Solver>(
    label: &Series,
    features: &Series,
    weight: Option<&Series>,
    seed: u64,
) -> PolarsResult<Vec<u64>> {
    let given: Vec<Series> =
        [Some(label), Some(features), weight].into_iter().flatten().cloned().collect();
    let rows = Shape::try_new(S::NAME, &given)?.rows();
    let form = FeaturesForm::of_type(features.dtype());
    let training = match form.map_err(|error| refuse(S::NAME, &error))? {
        FeaturesForm::Lists => Training::of_lists::<S>(label, weight, features, rows)?,
        FeaturesForm::Columns(_) => Training::of_columns::<S>(label, weight, features, rows)?,
    };
    training.hashes::<S>(seed)
}

/// For every row the number of those that are equal to it; NULL is a value.
fn group_of_row(values: &Series) -> PolarsResult<Vec<u32>> {
    let name = PlSmallStr::from_static("campaign");
    let frame = values.clone().with_name(name.clone()).into_frame();
    let groups = frame.group_by([name])?.into_groups();
    let mut group_of_row = vec![0; values.len()];
    for (group, rows) in (0_u32..).zip(groups.iter()) {
        match rows {
            GroupsIndicator::Idx((_, rows)) => {
                for &row in rows.iter() {
                    if let Some(slot) = group_of_row.get_mut(row as usize) {
                        *slot = group;
                    }
                }
            }
            GroupsIndicator::Slice([first, length]) => {
                let rows = group_of_row.iter_mut().skip(first as usize).take(length as usize);
                rows.for_each(|slot| *slot = group);
            }
        }
    }
    Ok(group_of_row)
}

/// What a model is trained on: label, weight and numbers piece by piece, categories and lists for all rows.
struct Training {
    pieces: Vec<Piece>,
    names: Vec<String>,
    /// The names of those that are dates.
    dates: Vec<String>,
    /// The columns of the categories; nothing for numbers.
    categories: Vec<Option<FeatureSeries>>,
    lists: Option<TrainingLists>,
}

/// Lists of numbers, which are read where they lie.
struct TrainingLists {
    lists: NumberLists,
    /// Where the list of each row begins.
    starts: Vec<usize>,
}

/// Label, weight and numbers in some of the rows.
struct Piece {
    /// How many rows come before.
    start: usize,
    rows: usize,
    label: Number,
    weight: Option<Number>,
    numbers: Vec<FeatureSeries>,
}

/// The numbers of a piece, copied only where the core cannot read them in place.
struct PieceNumbers<'a> {
    label: Cow<'a, [f64]>,
    weight: Option<Cow<'a, [f64]>>,
    features: Vec<TrainingValues<'a>>,
}

impl Training {
    fn of_columns<S: Solver>(
        label: &Series,
        weight: Option<&Series>,
        features: &Series,
        rows: usize,
    ) -> PolarsResult<Self> {
        let features = Features::try_new(S::NAME, features, || 0)?;
        let pieces = Self::pieces::<S>(label, weight, Some(&features), rows)?;
        let categories = features.categories(S::NAME, rows)?;
        let dates = features.dates();
        Ok(Self { pieces, names: features.names, dates, categories, lists: None })
    }

    fn of_lists<S: Solver>(
        label: &Series,
        weight: Option<&Series>,
        features: &Series,
        rows: usize,
    ) -> PolarsResult<Self> {
        let pieces = Self::pieces::<S>(label, weight, None, rows)?;
        let lists = NumberLists::try_new(features)?;
        let starts = lists.starts(rows);
        let lists = Some(TrainingLists { lists, starts });
        let (names, dates) = (Vec::new(), Vec::new());
        Ok(Self { pieces, names, dates, categories: Vec::new(), lists })
    }

    fn pieces<S: Solver>(
        label: &Series,
        weight: Option<&Series>,
        features: Option<&Features>,
        rows: usize,
    ) -> PolarsResult<Vec<Piece>> {
        let numbers = || features.iter().flat_map(|features| features.numbers());
        let mut columns = vec![label.clone()];
        columns.extend(weight.cloned());
        columns.extend(numbers().map(|(_, column)| column.clone()));
        let names: Vec<&str> = numbers().map(|(name, _)| name).collect();
        let parts = in_chunks(&columns, rows);
        parts.iter().map(|part| Piece::try_new::<S>(part, weight.is_some(), &names)).collect()
    }

    /// Trains a model on the rows that count.
    fn fit<S: Solver>(
        mut self,
        campaigns: &[u32],
        init: Option<&Series>,
        options: &S::Options,
    ) -> PolarsResult<Option<Model>> {
        let refuse = |error| refuse(S::NAME, &error);
        let numbers: Vec<PieceNumbers<'_>> = self.pieces.iter().map(Piece::read).collect();
        let pieces = (0_u32..).zip(self.pieces.iter().zip(&numbers));
        let used: Vec<RowId> =
            pieces.flat_map(|(chunk, (piece, numbers))| piece.used(numbers, chunk)).collect();
        let index_of = |row: &RowId| {
            self.pieces.get(row.chunk as usize).map_or(0, |piece| piece.start) + row.row as usize
        };
        // Model and list length come from the rows that count, or from all if none does: with a prior there is a model even so.
        let telling: Vec<usize> = match used.as_slice() {
            _ if init.is_none() && self.lists.is_none() => Vec::new(),
            [] => {
                self.pieces.iter().flat_map(|piece| piece.start..piece.start + piece.rows).collect()
            }
            used => used.iter().map(index_of).collect(),
        };
        let telling = telling.iter().copied();
        if let Some(TrainingLists { lists, .. }) = &self.lists {
            let lengths = telling.clone().map(|row| lists.length(row));
            let width = list_width(lengths).map_err(refuse)?;
            self.names = (0..width).map(numbered_name).collect();
        }
        let options = match init {
            Some(init) => Cow::Owned(options_with::<S>(options, init, telling.clone())?),
            None => Cow::Borrowed(options),
        };
        let table = self.table(&numbers);
        let campaigns = match campaigns {
            [] => Vec::new(),
            // One alone is that of every row.
            &[one] => vec![one; used.len()],
            all => used.iter().filter_map(|row| all.get(index_of(row)).copied()).collect(),
        };
        let model = S::fit(&table, &used, &campaigns, &options).map_err(|error| {
            if error == Error::Interrupted {
                tell_listener();
            }
            refuse(if init.is_some() { of_init(error, telling.len()) } else { error })
        })?;
        let dates: Vec<&str> = self.dates.iter().map(String::as_str).collect();
        Ok(model.map(|model| model.with_dates(&dates)))
    }

    /// The hashes of all rows.
    fn hashes<S: Solver>(mut self, seed: u64) -> PolarsResult<Vec<u64>> {
        let numbers: Vec<PieceNumbers<'_>> = self.pieces.iter().map(Piece::read).collect();
        let rows: usize = self.pieces.iter().map(|piece| piece.rows).sum();
        if let Some(TrainingLists { lists, .. }) = &self.lists {
            let width = list_width((0..rows).map(|row| lists.length(row)));
            let width = width.map_err(|error| refuse(S::NAME, &error))?;
            self.names = (0..width).map(numbered_name).collect();
        }
        let table = self.table(&numbers);
        let pieces = (0_u32..).zip(&self.pieces);
        let rows = pieces.flat_map(|(chunk, piece)| {
            let rows = 0..u32::try_from(piece.rows).unwrap_or(u32::MAX);
            rows.map(move |row| RowId { chunk, row })
        });
        Ok(Sample::hashes(&table, &rows.collect::<Vec<RowId>>(), seed))
    }

    /// The rows as the core reads them.
    fn table<'a>(&'a self, numbers: &'a [PieceNumbers<'a>]) -> Table<'a> {
        let levels = |index: usize| self.categories.get(index)?.as_ref()?.levels();
        let features = self.names.iter().enumerate();
        let features =
            features.map(|(index, name)| fit::FeatureColumn { name, levels: levels(index) });
        let pieces = self.pieces.iter().zip(numbers);
        Table {
            features: features.collect(),
            chunks: pieces.map(|(piece, numbers)| self.chunk(piece, numbers)).collect(),
        }
    }

    fn chunk<'a>(&'a self, piece: &Piece, numbers: &'a PieceNumbers<'a>) -> Chunk<'a> {
        let rows = piece.start..piece.start + piece.rows;
        let mut columns = numbers.features.iter();
        let of_column = |category: &'a Option<FeatureSeries>| match category {
            Some(category) => {
                FeatureValues::Codes(category.codes().get(rows.clone()).unwrap_or_default())
            }
            None => columns.next().map_or(FeatureValues::Numbers(&[]), TrainingValues::values),
        };
        let features = match &self.lists {
            None => self.categories.iter().map(of_column).collect(),
            Some(TrainingLists { lists, starts }) => {
                let values = lists.numbers();
                let starts = starts.get(rows).unwrap_or_default();
                let of_index =
                    |index| FeatureValues::Elements(ListElements { values, starts, index });
                (0..self.names.len()).map(of_index).collect()
            }
        };
        Chunk { label: &numbers.label, weight: numbers.weight.as_deref(), features }
    }
}

/// The options with the model of the rows of these indices, which must be the same in all of them.
fn options_with<S: Solver>(
    options: &S::Options,
    init: &Series,
    rows: impl ExactSizeIterator<Item = usize> + Clone,
) -> PolarsResult<S::Options> {
    let texts = Texts::try_new(init)?;
    let codes = texts.code_of_row();
    let code_of = |row: usize| match codes {
        [one] => *one,
        codes => codes.get(row).copied().unwrap_or(NO_CODE),
    };
    let distinct: Vec<&str> = texts.iter().collect();
    let text_of = |code: u32| distinct.get(code as usize).copied();
    let read = |_, text: &str| Model::from_json(text).map(Arc::new);
    let count = rows.len();
    options_of_group(options, rows.map(code_of), text_of, read, count)
        .map_err(|error| refuse(S::NAME, &error))
}

impl Piece {
    fn try_new<S: Solver>(
        part: &InputChunk,
        has_weight: bool,
        names: &[&str],
    ) -> PolarsResult<Self> {
        let (label, rest) =
            part.inputs.split_first().ok_or_else(|| wrong_arity(S::NAME, S::USAGE, 0))?;
        let (weight, numbers) = rest.split_at(usize::from(has_weight));
        let numbers = names.iter().zip(numbers);
        let numbers = numbers.map(|(name, column)| FeatureSeries::try_new(S::NAME, name, column));
        Ok(Self {
            start: part.start,
            rows: part.rows,
            label: Number::of_series(label)?,
            weight: read_weight(S::NAME, weight.first(), part.start, part.rows)?,
            numbers: numbers.collect::<PolarsResult<Vec<FeatureSeries>>>()?,
        })
    }

    fn read(&self) -> PieceNumbers<'_> {
        let all = CompleteRows::complete(self.rows, []);
        PieceNumbers {
            label: all.doubles(&self.label),
            weight: self.weight.as_ref().map(|weight| all.doubles(weight)),
            features: self.numbers.iter().map(|number| number.training_values(&all)).collect(),
        }
    }

    /// The rows of the piece, chunk `chunk` of the table, that count.
    fn used(&self, numbers: &PieceNumbers<'_>, chunk: u32) -> Vec<RowId> {
        let complete =
            CompleteRows::complete(self.rows, std::iter::once(&self.label).chain(&self.weight));
        let is_weighty = |row: usize| {
            numbers
                .weight
                .as_ref()
                .is_none_or(|weights| weights.get(row).is_some_and(|&w| counts(w)))
        };
        let rows = (0..self.rows).filter(|&row| complete.contains(row) && is_weighty(row));
        rows.map(|row| RowId { chunk, row: u32::try_from(row).unwrap_or(u32::MAX) }).collect()
    }
}
