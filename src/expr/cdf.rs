//! `cdf(x, params)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::params_function::compute;
use crate::call::distribution::CDF;

pub(super) const FUNCTION: Function = Function::number(CDF.name, cdf);

/// The probability of a lifetime value of `x` or less, `(1 - p) + p Phi((ln x - mu) / sigma)`.
///
/// `inputs` are `x` (an amount) and the params in any of their three forms. Float64; NULL where any
/// input is.
///
/// # Errors
/// Where an input has a type or a length that the function does not take.
pub fn cdf(inputs: &[Series]) -> PolarsResult<Series> {
    compute(&CDF, inputs)
}
