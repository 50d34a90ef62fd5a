//! `newton_step(label, features, model [, weight])`.

use std::sync::Arc;

use polars::prelude::{DataType, NamedFrom, PlSmallStr, PolarsResult, Series, polars_bail};

use super::Function;
use super::customer::with_columns;
use super::error::{refuse, wrong_arity};
use super::number::Number;
use super::result::ResultShape;
use super::rows::{CompleteRows, read_weight};
use super::text::Texts;
use super::types::types_of;
use crate::call::NO_CODE;
use crate::call::culprit::no_model_of_group;
use crate::call::newton_step::{NAME, USAGE, one_model, weight_of_types};
use crate::call::weight::counts;
use crate::fit::{Pass, PassColumns, PassSums};
use crate::model::{FeatureInput, Models, Scorer};

pub(super) const FUNCTION: Function = Function::aggregate(NAME, newton_step, || DataType::String);

/// Goes one step on with a training that [`newton_start`](super::newton_start) began, and returns the next model's text, in
/// one row.
///
/// `inputs` are `label`, `features` (a struct, a list of numbers or a number), `model` (the text of a model, the same in
/// all rows) and, if there is one, `weight` (a number). NULL where no row is left, or the model is NULL.
///
/// # Errors
/// Where the rows have several models, a text is no model of `newton_start`, a feature of it is missing or of another kind,
/// or a weight is negative, NaN or infinite.
pub fn newton_step(inputs: &[Series]) -> PolarsResult<Series> {
    let next = summed(inputs)?.map(Summed::next);
    Ok(Series::new(name_of(inputs), [next]))
}

/// What a pass over some of the rows has summed, as bytes, in one row; as [`newton_step`], which it is with [`newton_next`].
///
/// # Errors
/// Those of [`newton_step`].
pub fn newton_sums(inputs: &[Series]) -> PolarsResult<Series> {
    let sums = summed(inputs)?.map(|Summed { pass, sums, .. }| pass.sums_bytes(&sums));
    Ok(Series::new(name_of(inputs), [sums.as_deref()]))
}

/// What was summed over parts of the rows as one, in one row; NULL of no sums.
///
/// # Errors
/// As [`newton_next`].
pub fn newton_merged(model: &Series, sums: &Series) -> PolarsResult<Series> {
    let merged = merged(model, sums)?.map(|Summed { pass, sums, .. }| pass.sums_bytes(&sums));
    Ok(Series::new(sums.name().clone(), [merged.as_deref()]))
}

/// The next model's text, in one row, of a model and of what was summed over parts of the rows; NULL of no sums.
///
/// # Errors
/// Where the text is no model of `newton_start`, or the sums are none of it.
pub fn newton_next(model: &Series, sums: &Series) -> PolarsResult<Series> {
    let next = merged(model, sums)?.map(Summed::next);
    Ok(Series::new(model.name().clone(), [next]))
}

fn merged(model: &Series, sums: &Series) -> PolarsResult<Option<Summed>> {
    let texts = Texts::try_new(model)?;
    let given: Vec<&[u8]> = sums.binary()?.iter().flatten().collect();
    let Some(text) = texts.iter().next().filter(|_| !given.is_empty()) else { return Ok(None) };
    let pass = Pass::of_text(text).map_err(|error| refuse(NAME, &error))?;
    let mut sums = pass.sums();
    for bytes in given {
        if !pass.merge_bytes(bytes, &mut sums) {
            polars_bail!(ComputeError: "{NAME}: sums that are none of the model");
        }
    }
    Ok(Some(Summed { text: text.to_owned(), pass, sums }))
}

fn name_of(inputs: &[Series]) -> PlSmallStr {
    inputs.first().map_or(PlSmallStr::EMPTY, |label| label.name().clone())
}

/// A model, and what its pass has summed.
struct Summed {
    text: String,
    pass: Pass,
    sums: PassSums,
}

impl Summed {
    /// The next model; the same if nothing is left to do.
    fn next(self) -> String {
        let Self { text, pass, sums } = self;
        if pass.is_open() { pass.finish(&sums).to_json() } else { text }
    }
}

/// Sums the rows; nothing where none is left, or the model is NULL.
fn summed(inputs: &[Series]) -> PolarsResult<Option<Summed>> {
    let weight_at = weight_of_types(&types_of(inputs)).map_err(|error| refuse(NAME, &error))?;
    let [label, features, model, ..] = inputs else {
        return Err(wrong_arity(NAME, USAGE, inputs.len()));
    };
    let rows = ResultShape::try_new(NAME, inputs)?.rows();
    let all = CompleteRows::complete(rows, []);
    let number = Number::of_series(label)?;
    let weight = read_weight(NAME, weight_at.and_then(|at| inputs.get(at)), 0, rows)?;
    let weights = weight.as_ref().map(|weight| all.doubles(weight));
    let labels = all.doubles(&number);
    let complete = CompleteRows::complete(rows, std::iter::once(&number).chain(&weight));
    let counts = |row: &u32| {
        let row = *row as usize;
        let is_weighty = |weights: &[f64]| weights.get(row).is_some_and(|&weight| counts(weight));
        complete.contains(row) && weights.as_deref().is_none_or(is_weighty)
    };
    let used: Vec<u32> = (0..u32::try_from(rows).unwrap_or(u32::MAX)).filter(counts).collect();

    let texts = Texts::try_new(model)?;
    let codes = texts.code_of_row();
    let code_of = |row: &u32| match codes {
        [one] => *one,
        codes => codes.get(*row as usize).copied().unwrap_or(NO_CODE),
    };
    let distinct: Vec<&str> = texts.iter().collect();
    let text_of = |code: u32| distinct.get(code as usize).copied();
    let code = one_model(used.iter().map(code_of), text_of, used.len());
    let code = code.map_err(|error| refuse(NAME, &error))?;
    let Some(text) = code.and_then(text_of) else { return Ok(None) };
    let wrong = |error| refuse(NAME, &no_model_of_group("model", text, used.len(), &error));
    let pass = Pass::of_text(text).map_err(wrong)?;
    let scorer = Arc::new(Scorer::new(pass.model()));
    with_columns(NAME, Models::One(scorer), features, rows, |_, names, inputs| {
        let positions = pass.match_features(names).map_err(|error| refuse(NAME, &error))?;
        let inputs: Vec<FeatureInput<'_>> =
            positions.iter().filter_map(|index| inputs.get(*index).copied()).collect();
        let mut sums = pass.sums();
        let columns = PassColumns { label: &labels, weight: weights.as_deref(), features: &inputs };
        pass.add(&columns, &used, &mut sums);
        Ok(sums)
    })
    .map(|sums| Some(Summed { text: text.to_owned(), pass, sums }))
}
