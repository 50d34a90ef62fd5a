//! What all functions of the distribution share: some numbers, then `params`, to one number a row.

use polars::prelude::{PolarsResult, Series};

use super::error::wrong_arity;
use super::number::Number;
use super::params::ParamsArgument;
use super::result::Shape;
use crate::math::{Column, Params};

/// Reads `params` and calls the core.
pub(super) fn of_params(
    function: &str,
    inputs: &[Series],
    compute: impl FnOnce(&Params<'_>, &mut [f64]),
) -> PolarsResult<Series> {
    let usage = format!("{function}(params) or {function}(logit, mu, raw_sigma)");
    let params = ParamsArgument::try_new(function, &usage, inputs)?;
    let shape = Shape::try_new(function, inputs)?;
    Ok(shape.numbers(params.numbers(), |out| compute(&params.params(), out)))
}

/// Reads a number named `argument`, then `params`, and calls the core.
pub(super) fn of_number_and_params(
    function: &str,
    argument: &str,
    inputs: &[Series],
    compute: impl FnOnce(Column<'_>, &Params<'_>, &mut [f64]),
) -> PolarsResult<Series> {
    let usage =
        format!("{function}({argument}, params) or {function}({argument}, logit, mu, raw_sigma)");
    let Some((first, rest)) = inputs.split_first() else {
        return Err(wrong_arity(function, &usage, 0));
    };
    let params = match rest.len() {
        1 | 3 => ParamsArgument::try_new(function, &usage, rest)?,
        _ => return Err(wrong_arity(function, &usage, inputs.len())),
    };
    let number = Number::try_new(function, argument, first)?;
    let shape = Shape::try_new(function, inputs)?;
    let numbers = std::iter::once(&number).chain(params.numbers());
    Ok(shape.numbers(numbers, |out| compute(number.column(), &params.params(), out)))
}
