//! `capped_ltv(cap, params)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::params_function::compute;
use crate::call::distribution::CAPPED_LTV;

pub(super) const FUNCTION: Function = Function::number(CAPPED_LTV.name, capped_ltv);

/// The expected lifetime value where no customer counts for more than `cap`, `E[min(Y, cap)]`.
///
/// `inputs` are `cap` (an amount) and the params in any of their three forms. Float64; NULL where
/// any input is.
///
/// # Errors
/// Where an input has a type or a length that the function does not take.
pub fn capped_ltv(inputs: &[Series]) -> PolarsResult<Series> {
    compute(&CAPPED_LTV, inputs)
}
