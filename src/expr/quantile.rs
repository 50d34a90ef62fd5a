//! `quantile(q, params)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::params_function::of_number_and_params;
use crate::math;

pub(super) const FUNCTION: Function = Function::number("ziln_quantile", quantile);

/// The amount that the lifetime value exceeds with probability `1 - q`; 0 where `q <= 1 - p`.
///
/// `inputs` are `q` (a probability) and the params in any of their three forms. Float64; NULL where
/// any input is.
///
/// # Errors
/// Where an input has a type or a length that the function does not take.
pub fn quantile(inputs: &[Series]) -> PolarsResult<Series> {
    of_number_and_params(FUNCTION.name, "q", inputs, math::quantile)
}
