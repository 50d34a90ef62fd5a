//! `loss(label, params)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::params_function::compute;
use crate::call::distribution::LOSS;

pub(super) const FUNCTION: Function = Function::number(LOSS.name, loss);

/// The zero-inflated log-normal loss of a label: its negative log-likelihood, in nats.
///
/// `inputs` are `label` (what the customer spent; 0 or less is not paying) and the params in any of
/// their three forms. Float64; NULL where any input is.
///
/// # Errors
/// Where an input has a type or a length that the function does not take.
pub fn loss(inputs: &[Series]) -> PolarsResult<Series> {
    compute(&LOSS, inputs)
}
