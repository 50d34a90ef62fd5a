//! `evaluate(label, params [, weight])`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::error::wrong_arity;
use super::number::Number;
use super::params::ParamsArgument;
use super::record::{record_series, record_type};
use super::result::Shape;
use super::rows::{Rows, read_weight};
use crate::math::Column;
use crate::metrics::{self, Evaluation, Scored};

pub(super) const FUNCTION: Function =
    Function::aggregate("ziln_evaluate", evaluate, record_type::<Evaluation>);

const NAME: &str = FUNCTION.name;
const USAGE: &str = "ziln_evaluate(label, params [, weight]) with params one struct or list, or three numbers \
                     logit, mu, raw_sigma";

/// Every metric of predictions, as a struct in one row.
///
/// `inputs` are `label`, the params in any of their three forms, and `weight`, which may be left out. Rows that are
/// NULL in any input are skipped.
///
/// # Errors
/// Where an input is of a type that the function does not take, or a weight is negative or not finite.
pub fn evaluate(inputs: &[Series]) -> PolarsResult<Series> {
    let (label, params, weight) = match inputs {
        [label, params @ ..] if matches!(params.len(), 1 | 3) => (label, params, None),
        [label, params @ .., weight] if matches!(params.len(), 1 | 3) => {
            (label, params, Some(weight))
        }
        _ => return Err(wrong_arity(NAME, USAGE, inputs.len())),
    };
    let shape = Shape::try_new(NAME, inputs)?;
    let label_number = Number::try_new(NAME, "label", label)?;
    let params = ParamsArgument::try_new(NAME, USAGE, params)?;
    let weight = read_weight(NAME, weight, shape.rows())?;
    let numbers = std::iter::once(&label_number).chain(params.numbers()).chain(&weight);
    let rows = Rows::complete(shape.rows(), numbers);

    let label_values = rows.doubles(&label_number);
    let weight_values = weight.as_ref().map(|weight| rows.doubles(weight));
    let columns = params.numbers().each_ref().map(|number| rows.doubles(number));
    let scored = Scored {
        label: &label_values,
        params: params.params_of(columns.each_ref().map(|column| Column::F64(column))),
        weight: weight_values.as_deref(),
    };
    let evaluation = metrics::evaluate(&[scored]);
    record_series(label.name().clone(), vec![Some(evaluation)])
}
