//! `pay_prob(params)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::params_function::compute;
use crate::call::distribution::PAY_PROB;

pub(super) const FUNCTION: Function = Function::number(PAY_PROB.name, pay_prob);

/// The probability to pay, `p = sigmoid(logit)`.
///
/// `inputs` are the params in any of their three forms. Float64; NULL where any input is.
///
/// # Errors
/// Where an input has a type or a length that the function does not take.
pub fn pay_prob(inputs: &[Series]) -> PolarsResult<Series> {
    compute(&PAY_PROB, inputs)
}
