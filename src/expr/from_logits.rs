//! `from_logits(logit, mu, raw_sigma)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::params::{ParamsArgument, params_type};
use super::result::{ResultShape, all_valid};
use crate::call::params::from_logits::{NAME, USAGE};
use crate::math;

pub(super) const FUNCTION: Function = Function::scalar(NAME, from_logits, params_type);

/// The params struct (`logit`, `mu`, `sigma`) of a network's three raw outputs.
///
/// `inputs` are `logit`, `mu` and `raw_sigma`, or one list of these three;
/// `sigma = max(softplus(raw_sigma), sqrt(1e-7))`. NULL where any input is.
///
/// # Errors
/// Where an input has a type or a length that the function does not take.
pub fn from_logits(inputs: &[Series]) -> PolarsResult<Series> {
    let params = ParamsArgument::try_new(NAME, USAGE, inputs)?;
    let shape = ResultShape::try_new(NAME, inputs)?;
    let validity = all_valid(shape.rows(), params.numbers());
    shape.params(validity, |out| {
        math::params_from_logits(&params.params(), out.logit, out.mu, out.sigma);
        Ok(())
    })
}
