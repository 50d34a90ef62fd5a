//! `fit_sgd(label, features [, weight] [, options])`.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use polars::prelude::{DataType, NamedFrom, PolarsResult, Series};

use super::Function;
use super::error::{refuse, wrong_argument, wrong_arity};
use super::features::{FeatureColumn, Features, ListWidth, TrainingValues};
use super::number::Number;
use super::options;
use super::result::Shape;
use super::rows::{Part, Rows, in_chunks, read_weight};
use super::text::{NO_TEXT, Texts};
use crate::culprit::{no_model_of_group, of_init, several_models};
use crate::fit::{self, Chunk, Options, RowId, Table, Values};
use crate::model::Model;

pub(super) const FUNCTION: Function =
    Function::aggregate("ziln_fit_sgd", fit_sgd, || DataType::String);

const NAME: &str = FUNCTION.name;
const USAGE: &str = "ziln_fit_sgd(label, features [, weight] [, options]) or ziln_fit_sgd(label, features, weight, options, init)";

/// Trains a model on all rows and returns its text, in one row.
///
/// `inputs` are `label`, `features` (a struct, a list of numbers or a number), and then `weight` (a number) and
/// `options` (a struct of constants), each of which may be left out; one that is NULL without a type is; and then `init`
/// (the text of a model to continue from, the same in all rows; NULL starts anew). Rows with a NULL label, or a NULL or 0 weight, are skipped. NULL where no row is left or no label is positive.
///
/// # Errors
/// Where an input is of a type that the function does not take, a weight is negative or not finite, or an option
/// is unknown or out of range.
pub fn fit_sgd(inputs: &[Series]) -> PolarsResult<Series> {
    match inputs {
        [label, features, rest @ .., last]
            if rest.len() <= 1 && matches!(last.dtype(), DataType::Struct(_)) =>
        {
            fit_sgd_with(label, features, rest.first(), None, &options::read(NAME, last)?)
        }
        [label, features] => fit_sgd_with(label, features, None, None, &Options::default()),
        [label, features, weight] => {
            fit_sgd_with(label, features, Some(weight), None, &Options::default())
        }
        [label, features, weight, options, rest @ ..] if rest.len() <= 1 => {
            let options = match options.dtype() {
                DataType::Null => Options::default(),
                _ => options::read(NAME, options)?,
            };
            fit_sgd_with(label, features, Some(weight), rest.first(), &options)
        }
        _ => Err(wrong_arity(NAME, USAGE, inputs.len())),
    }
}

/// Trains a model on all rows with options that were checked before; as [`fit_sgd`]. A weight or a model to continue
/// from that is NULL without a type is none.
///
/// # Errors
/// As [`fit_sgd`].
pub fn fit_sgd_with(
    label: &Series,
    features: &Series,
    weight: Option<&Series>,
    init: Option<&Series>,
    options: &Options,
) -> PolarsResult<Series> {
    let weight = weight.filter(|weight| !weight.dtype().is_null());
    let init = init.filter(|init| !init.dtype().is_null());
    let inputs: Vec<Series> =
        [Some(label), Some(features), weight, init].into_iter().flatten().cloned().collect();
    let rows = Shape::try_new(NAME, &inputs)?.rows();
    let width = || Ok(ListWidth::OfAll(counted_rows(label, weight, rows)?));
    let features = Features::try_new(NAME, features, width)?;
    let categories = features.categories(NAME, rows)?;

    let mut columns = vec![label.clone()];
    columns.extend(weight.cloned());
    columns.extend(features.numbers().map(|(_, column)| column.clone()));
    let pieces = in_chunks(&columns, rows);
    let read = |part: &Part| Piece::try_new(part, weight.is_some(), &features);
    let pieces = pieces.iter().map(read).collect::<PolarsResult<Vec<Piece>>>()?;
    let values: Vec<PieceValues<'_>> = pieces.iter().map(Piece::values).collect();

    let mut start = 0;
    let mut chunks = Vec::with_capacity(values.len());
    for (piece, values) in pieces.iter().zip(&values) {
        chunks.push(values.chunk(&categories, start..start + piece.rows));
        start += piece.rows;
    }
    let table = Table {
        features: features
            .names
            .iter()
            .zip(&categories)
            .map(|(name, category)| fit::FeatureColumn {
                name,
                levels: category.as_ref().and_then(FeatureColumn::levels),
            })
            .collect(),
        chunks,
    };
    let used: Vec<RowId> = (0_u32..)
        .zip(pieces.iter().zip(&values))
        .flat_map(|(chunk, (piece, values))| piece.used(values, chunk))
        .collect();
    let options = match init {
        Some(init) => Cow::Owned(continuing(options, init, &used, &pieces)?),
        None => Cow::Borrowed(options),
    };
    let model = fit::fit(&table, &used, &options).map_err(|error| {
        let error = if init.is_some() { of_init(error, used.len()) } else { error };
        refuse(NAME, &error)
    })?;
    Ok(Series::new(label.name().clone(), [model.map(|model| model.to_json())]))
}

/// The options with the model of the used rows, which must be the same in all of them.
fn continuing(
    options: &Options,
    init: &Series,
    used: &[RowId],
    pieces: &[Piece],
) -> PolarsResult<Options> {
    if options.has_init() {
        let expected = "a model to continue from either as an option or as an argument";
        return Err(wrong_argument(NAME, "init", expected, "both"));
    }
    let texts = Texts::of_models(NAME, "init", init)?;
    let starts: Vec<usize> = pieces
        .iter()
        .scan(0, |start, piece| Some(std::mem::replace(start, *start + piece.rows)))
        .collect();
    let code_of = |row: &RowId| match texts.index_of_row.as_slice() {
        [one] => *one,
        codes => {
            let place = starts.get(row.chunk as usize).map(|start| start + row.row as usize);
            place.and_then(|place| codes.get(place)).copied().unwrap_or(NO_TEXT)
        }
    };
    let codes = || used.iter().map(code_of);
    let text_of = |code: u32| texts.iter().nth(code as usize);
    let Some(first) = codes().next() else { return Ok(options.clone()) };
    if let Some(other) = codes().find(|&code| code != first) {
        let two = [first, other].map(text_of);
        return Err(refuse(NAME, &several_models(codes(), two, used.len())));
    }
    match text_of(first) {
        None => Ok(options.clone()),
        Some(text) => match Model::from_json(text) {
            Ok(model) => Ok(options.with_init(Arc::new(model))),
            Err(error) => Err(refuse(NAME, &no_model_of_group("init", text, used.len(), &error))),
        },
    }
}

/// The rows that have a label, and a weight other than 0.
fn counted_rows(label: &Series, weight: Option<&Series>, rows: usize) -> PolarsResult<Rows> {
    let label = Number::try_new(NAME, "label", label)?;
    let weight = read_weight(NAME, weight, 0, rows)?;
    let complete = Rows::complete(rows, std::iter::once(&label).chain(&weight));
    let Some(weight) = weight else { return Ok(complete) };
    let weights = Rows::complete(rows, []).doubles(&weight).into_owned();
    Ok(complete.and(|row| weights.get(row).is_some_and(|&weight| weight > 0.0)))
}

/// Label, weight and numbers in some of the rows.
struct Piece {
    rows: usize,
    label: Number,
    weight: Option<Number>,
    numbers: Vec<FeatureColumn>,
}

/// The values of a piece, copied only where the core cannot read them in place.
struct PieceValues<'a> {
    label: Cow<'a, [f64]>,
    weight: Option<Cow<'a, [f64]>>,
    numbers: Vec<TrainingValues<'a>>,
}

impl Piece {
    fn try_new(part: &Part, has_weight: bool, features: &Features) -> PolarsResult<Self> {
        let (label, rest) = part.inputs.split_first().ok_or_else(|| wrong_arity(NAME, USAGE, 0))?;
        let (weight, numbers) = rest.split_at(usize::from(has_weight));
        let numbers = features
            .numbers()
            .zip(numbers)
            .map(|((name, _), column)| FeatureColumn::try_new(NAME, name, column));
        Ok(Self {
            rows: part.rows,
            label: Number::try_new(NAME, "label", label)?,
            weight: read_weight(NAME, weight.first(), part.start, part.rows)?,
            numbers: numbers.collect::<PolarsResult<Vec<FeatureColumn>>>()?,
        })
    }

    fn values(&self) -> PieceValues<'_> {
        let everything = Rows::complete(self.rows, []);
        PieceValues {
            label: everything.doubles(&self.label),
            weight: self.weight.as_ref().map(|weight| everything.doubles(weight)),
            numbers: self.numbers.iter().map(|n| n.training_values(&everything)).collect(),
        }
    }

    /// The rows of the piece, chunk `chunk` of the table, that count.
    fn used<'a>(
        &'a self,
        values: &'a PieceValues<'a>,
        chunk: u32,
    ) -> impl Iterator<Item = RowId> + 'a {
        let complete = Rows::complete(self.rows, std::iter::once(&self.label).chain(&self.weight));
        let is_weighty = |row: usize| {
            values.weight.as_ref().is_none_or(|weights| weights.get(row).is_some_and(|&w| w > 0.0))
        };
        let rows = (0..self.rows).filter(move |&row| complete.contains(row) && is_weighty(row));
        rows.map(move |row| RowId { chunk, row: u32::try_from(row).unwrap_or(u32::MAX) })
    }
}

impl PieceValues<'_> {
    /// The piece as the core reads it, with the codes of the categories in its rows.
    fn chunk<'a>(
        &'a self,
        categories: &'a [Option<FeatureColumn>],
        rows: Range<usize>,
    ) -> Chunk<'a> {
        let mut numbers = self.numbers.iter();
        let values = |category: &'a Option<FeatureColumn>| match category {
            Some(category) => Values::Codes(category.codes().get(rows.clone()).unwrap_or_default()),
            None => numbers.next().map_or(Values::Numbers(&[]), TrainingValues::values),
        };
        Chunk {
            label: &self.label,
            weight: self.weight.as_deref(),
            features: categories.iter().map(values).collect(),
        }
    }
}
