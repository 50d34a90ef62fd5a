//! `crps(label, params)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::params_function::compute;
use crate::call::distribution::CRPS;

pub(super) const FUNCTION: Function = Function::number(CRPS.name, crps);

/// The continuous ranked probability score of a label, in the label's unit.
///
/// `inputs` are `label` (what the customer spent) and the params in any of their three forms.
/// Float64; NULL where any input is.
///
/// # Errors
/// Where an input has a type or a length that the function does not take.
pub fn crps(inputs: &[Series]) -> PolarsResult<Series> {
    compute(&CRPS, inputs)
}
