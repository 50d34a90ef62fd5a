//! `cdf(x, params)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::params_function::of_number_and_params;
use crate::math;

pub(super) const FUNCTION: Function = Function::number("ziln_cdf", cdf);

/// The probability of a lifetime value of `x` or less, `(1 - p) + p Phi((ln x - mu) / sigma)`.
///
/// `inputs` are `x` (an amount) and the params in any of their three forms. Float64; NULL where any
/// input is.
///
/// # Errors
/// Where an input has a type or a length that the function does not take.
pub fn cdf(inputs: &[Series]) -> PolarsResult<Series> {
    of_number_and_params(FUNCTION.name, "x", inputs, math::cdf)
}
