//! `fit_prior(label, features, campaign [, weight] [, options])`.

use polars::prelude::{DataType, PolarsResult, Series};

use super::Function;
use super::fit::{FitInputs, fit, fit_with};
use crate::call::fit::{FitPrior, Solver};
use crate::fit::NewtonOptions;

pub(super) const FUNCTION: Function =
    Function::aggregate(FitPrior::NAME, fit_prior, || DataType::String);

/// Fits the heads common to all campaigns, and how much those of campaigns differ, and returns a model's text, in one row.
///
/// `inputs` are `label`, `features` (a struct, a list of numbers or a number), `campaign` (of any type that can be grouped
/// by; NULL is a campaign), and then `weight` (a number) and `options` (a struct of constants), each of which may be left
/// out; one that is NULL without a type is. NULL where no row is left or no label is positive.
///
/// # Errors
/// Those of [`fit_newton`](super::fit_newton).
pub fn fit_prior(inputs: &[Series]) -> PolarsResult<Series> {
    fit::<FitPrior>(inputs)
}

/// Fits the heads common to campaigns with options that were checked before; as [`fit_prior`]. A weight that is NULL
/// without a type is none.
///
/// # Errors
/// As [`fit_prior`].
pub fn fit_prior_with(
    label: &Series,
    features: &Series,
    campaign: &Series,
    weight: Option<&Series>,
    options: &NewtonOptions,
) -> PolarsResult<Series> {
    let campaign = Some(campaign);
    fit_with::<FitPrior>(FitInputs { label, features, campaign, weight, init: None }, options)
}
