//! `expected_ltv(params)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::params_function::compute;
use crate::call::distribution::EXPECTED_LTV;

pub(super) const FUNCTION: Function = Function::number(EXPECTED_LTV.name, expected_ltv);

/// The expected lifetime value, `p * exp(mu + sigma^2 / 2)`.
///
/// `inputs` are the params in any of their three forms. Float64; NULL where any input is.
///
/// # Errors
/// Where an input has a type or a length that the function does not take.
pub fn expected_ltv(inputs: &[Series]) -> PolarsResult<Series> {
    compute(&EXPECTED_LTV, inputs)
}
