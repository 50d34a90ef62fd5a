//! `pay_prob(params)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::params_function::of_params;
use crate::math;

pub(super) const FUNCTION: Function = Function::number("ziln_pay_prob", pay_prob);

/// The probability to pay, `p = sigmoid(logit)`.
///
/// `inputs` are the params in any of their three forms. Float64; NULL where any input is.
///
/// # Errors
/// Where an input has a type or a length that the function does not take.
pub fn pay_prob(inputs: &[Series]) -> PolarsResult<Series> {
    of_params(FUNCTION.name, inputs, math::pay_prob)
}
