//! `gini(label, prediction [, weight])`.

use polars::prelude::{DataType, NamedFrom, PolarsResult, Series};

use super::Function;
use super::error::wrong_arity;
use super::number::Number;
use super::result::Shape;
use super::rows::{Rows, read_weight};
use crate::metrics;

pub(super) const FUNCTION: Function = Function::aggregate("ziln_gini", gini, || DataType::Float64);

const NAME: &str = FUNCTION.name;

/// The normalised Gini coefficient of predictions, in one row.
///
/// `inputs` are `label`, `prediction`, and `weight`, which may be left out. Rows that are NULL in any input are
/// skipped. NULL where the coefficient is undefined.
///
/// # Errors
/// Where an input is no number, or a weight is negative or not finite.
pub fn gini(inputs: &[Series]) -> PolarsResult<Series> {
    let (label, prediction, weight) = match inputs {
        [label, prediction] => (label, prediction, None),
        [label, prediction, weight] => (label, prediction, Some(weight)),
        _ => {
            let usage = "ziln_gini(label, prediction [, weight])";
            return Err(wrong_arity(NAME, usage, inputs.len()));
        }
    };
    let shape = Shape::try_new(NAME, inputs)?;
    let label_number = Number::try_new(NAME, "label", label)?;
    let prediction = Number::try_new(NAME, "prediction", prediction)?;
    let weight = read_weight(NAME, weight, 0, shape.rows())?;
    let rows =
        Rows::complete(shape.rows(), [&label_number, &prediction].into_iter().chain(&weight));
    let gini = metrics::gini(
        &rows.doubles(&label_number),
        &rows.doubles(&prediction),
        weight.as_ref().map(|weight| rows.doubles(weight)).as_deref(),
    );
    Ok(Series::new(label.name().clone(), [gini]))
}
