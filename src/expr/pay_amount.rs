//! `pay_amount(params)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::params_function::compute;
use crate::call::distribution::PAY_AMOUNT;

pub(super) const FUNCTION: Function = Function::number(PAY_AMOUNT.name, pay_amount);

/// The mean amount of a customer who pays, `exp(mu + sigma^2 / 2)`.
///
/// `inputs` are the params in any of their three forms. Float64; NULL where any input is.
///
/// # Errors
/// Where an input has a type or a length that the function does not take.
pub fn pay_amount(inputs: &[Series]) -> PolarsResult<Series> {
    compute(&PAY_AMOUNT, inputs)
}
