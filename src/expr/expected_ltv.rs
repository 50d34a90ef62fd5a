//! `expected_ltv(params)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::params_function::of_params;
use crate::math;

pub(super) const FUNCTION: Function = Function::number("ziln_expected_ltv", expected_ltv);

/// The expected lifetime value, `p * exp(mu + sigma^2 / 2)`.
///
/// `inputs` are the params in any of their three forms. Float64; NULL where any input is.
///
/// # Errors
/// Where an input has a type or a length that the function does not take.
pub fn expected_ltv(inputs: &[Series]) -> PolarsResult<Series> {
    of_params(FUNCTION.name, inputs, math::expected_ltv)
}
