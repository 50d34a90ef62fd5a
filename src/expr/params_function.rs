//! The functions of the distribution: a number or none, then `params`, to one number a row.

use polars::prelude::{PolarsResult, Series};

use super::error::refuse;
use super::number::Number;
use super::params::ParamsArgument;
use super::result::ResultShape;
use super::types::types_of;
use crate::call::distribution::DistributionCall;

/// Reads the arguments and calls the core.
pub(super) fn compute(call: &DistributionCall, inputs: &[Series]) -> PolarsResult<Series> {
    let refuse = |error| refuse(call.name, &error);
    let form = call.params_form(&types_of(inputs)).map_err(refuse)?;
    let (number, params) = call.split(inputs).map_err(refuse)?;
    let params = ParamsArgument::of_form(call.name, form, params)?;
    let number = number.map(Number::of_series).transpose()?;
    let shape = ResultShape::try_new(call.name, inputs)?;
    let numbers = number.iter().chain(params.numbers());
    Ok(shape.numbers(numbers, |out| {
        call.compute(number.as_ref().map(Number::column), &params.params(), out);
    }))
}
