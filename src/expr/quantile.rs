//! `quantile(q, params)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::params_function::compute;
use crate::call::distribution::QUANTILE;

pub(super) const FUNCTION: Function = Function::number(QUANTILE.name, quantile);

/// The amount that the lifetime value exceeds with probability `1 - q`; 0 where `q <= 1 - p`.
///
/// `inputs` are `q` (a probability) and the params in any of their three forms. Float64; NULL where
/// any input is.
///
/// # Errors
/// Where an input has a type or a length that the function does not take.
pub fn quantile(inputs: &[Series]) -> PolarsResult<Series> {
    compute(&QUANTILE, inputs)
}
