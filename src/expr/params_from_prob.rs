//! `params(pay_prob, mu, sigma)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::error::{refuse, wrong_arity};
use super::number::Number;
use super::params::params_type;
use super::result::{ResultShape, all_valid};
use super::types::types_of;
use crate::call::params::from_prob::{self, NAME, USAGE};
use crate::math;

pub(super) const FUNCTION: Function = Function::scalar(NAME, params, params_type);

/// The params struct (`logit`, `mu`, `sigma`) of a distribution given by its parameters.
///
/// `inputs` are `pay_prob` (outside 0 to 1: NaN), `mu` and `sigma` (negative: NaN). NULL where any input is.
///
/// # Errors
/// Where an input is no number, or there are not three.
pub fn params(inputs: &[Series]) -> PolarsResult<Series> {
    from_prob::check(&types_of(inputs)).map_err(|error| refuse(NAME, &error))?;
    let [pay_prob, mu, sigma] = inputs else {
        return Err(wrong_arity(NAME, USAGE, inputs.len()));
    };
    let numbers = [Number::of_series(pay_prob)?, Number::of_series(mu)?, Number::of_series(sigma)?];
    let shape = ResultShape::try_new(NAME, inputs)?;
    let validity = all_valid(shape.rows(), &numbers);
    let [pay_prob, mu, sigma] = numbers.each_ref().map(Number::column);
    shape.params(validity, |out| {
        math::params_from_prob(pay_prob, mu, sigma, out.logit, out.mu, out.sigma);
        Ok(())
    })
}
