//! `variance(params)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::params_function::compute;
use crate::call::distribution::VARIANCE;

pub(super) const FUNCTION: Function = Function::number(VARIANCE.name, variance);

/// The variance of the lifetime value, `p exp(2 mu + 2 sigma^2) - expected_ltv^2`.
///
/// `inputs` are the params in any of their three forms. Float64; NULL where any input is.
///
/// # Errors
/// Where an input has a type or a length that the function does not take.
pub fn variance(inputs: &[Series]) -> PolarsResult<Series> {
    compute(&VARIANCE, inputs)
}
