//! `fit_sgd(label, features [, weight] [, options])`.

use polars::prelude::{DataType, NamedFrom, PolarsResult, Series};

use super::Function;
use super::error::{refuse, wrong_arity};
use super::features::{Features, TrainingValues};
use super::number::Number;
use super::options;
use super::result::Shape;
use super::rows::{Rows, read_weight};
use crate::fit::{self, Chunk, Options, RowId, Table};

pub(super) const FUNCTION: Function =
    Function::aggregate("ziln_fit_sgd", fit_sgd, || DataType::String);

const NAME: &str = FUNCTION.name;
const USAGE: &str = "ziln_fit_sgd(label, features [, weight] [, options])";

/// Trains a model on all rows and returns its text, in one row.
///
/// `inputs` are `label`, `features` (a struct, a list of numbers or a number), and then `weight` (a number) and
/// `options` (a struct of constants), each of which may be left out; one that is NULL without a type is. Rows with a
/// NULL label, or a NULL or 0 weight, are skipped. NULL where no row is left or no label is positive.
///
/// # Errors
/// Where an input is of a type that the function does not take, a weight is negative or not finite, or an option
/// is unknown or out of range.
pub fn fit_sgd(inputs: &[Series]) -> PolarsResult<Series> {
    match inputs {
        [label, features, rest @ .., last]
            if rest.len() <= 1 && matches!(last.dtype(), DataType::Struct(_)) =>
        {
            fit_sgd_with(label, features, rest.first(), &options::read(NAME, last)?)
        }
        [label, features] => fit_sgd_with(label, features, None, &Options::default()),
        [label, features, weight] => {
            fit_sgd_with(label, features, Some(weight), &Options::default())
        }
        [label, features, weight, options] if options.dtype().is_null() => {
            fit_sgd_with(label, features, Some(weight), &Options::default())
        }
        _ => Err(wrong_arity(NAME, USAGE, inputs.len())),
    }
}

/// Trains a model on all rows with options that were checked before; as [`fit_sgd`]. A weight that is NULL without a
/// type is none.
///
/// # Errors
/// As [`fit_sgd`].
pub fn fit_sgd_with(
    label: &Series,
    features: &Series,
    weight: Option<&Series>,
    options: &Options,
) -> PolarsResult<Series> {
    let weight = weight.filter(|weight| !weight.dtype().is_null());
    let inputs: Vec<Series> =
        [Some(label), Some(features), weight].into_iter().flatten().cloned().collect();
    let rows = Shape::try_new(NAME, &inputs)?.rows();
    let label_number = Number::try_new(NAME, "label", label)?;
    let weight = read_weight(NAME, weight, rows)?;
    let complete = Rows::complete(rows, std::iter::once(&label_number).chain(&weight));

    let features = Features::try_new(NAME, features)?;
    let mut columns = features.read_all(NAME)?;
    for column in &mut columns {
        column.broadcast(rows);
    }
    let everything = Rows::complete(rows, []);
    let label_values = everything.doubles(&label_number);
    let weight_values = weight.as_ref().map(|weight| everything.doubles(weight));
    let values: Vec<TrainingValues<'_>> =
        columns.iter().map(|column| column.training_values(&everything)).collect();

    let table = Table {
        features: features
            .names
            .iter()
            .zip(&columns)
            .map(|(name, column)| fit::FeatureColumn { name, levels: column.levels() })
            .collect(),
        chunks: vec![Chunk {
            label: &label_values,
            weight: weight_values.as_deref(),
            features: values.iter().map(TrainingValues::values).collect(),
        }],
    };
    let is_weighty = |row: usize| {
        weight_values.as_ref().is_none_or(|weights| weights.get(row).is_some_and(|&w| w > 0.0))
    };
    let used: Vec<RowId> = (0..rows)
        .filter(|&row| complete.contains(row) && is_weighty(row))
        .map(|row| RowId { chunk: 0, row: u32::try_from(row).unwrap_or(u32::MAX) })
        .collect();
    let model = fit::fit(&table, &used, options).map_err(|error| refuse(NAME, &error))?;
    Ok(Series::new(label.name().clone(), [model.map(|model| model.to_json())]))
}
