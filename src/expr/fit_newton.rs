//! `fit_newton(label, features [, weight] [, options] [, init])`.

use polars::prelude::{DataType, PolarsResult, Series};

use super::Function;
use super::fit::{FitInputs, fit, fit_with};
use crate::call::fit::{FitNewton, Solver};
use crate::fit::NewtonOptions;

pub(super) const FUNCTION: Function =
    Function::aggregate(FitNewton::NAME, fit_newton, || DataType::String);

/// Fits a model to all rows exactly, with standard errors, and returns its text, in one row.
///
/// `inputs` are those of [`fit_sgd`](super::fit_sgd). With an `init` that [`fit_prior`](super::fit_prior) made the weights
/// are drawn to the prior's, and there is a model whatever the rows; else NULL where no row is left or no label is positive.
///
/// # Errors
/// Those of [`fit_sgd`](super::fit_sgd), and where the features have more than 2,000 encoded columns.
pub fn fit_newton(inputs: &[Series]) -> PolarsResult<Series> {
    fit::<FitNewton>(inputs)
}

/// Fits a model to all rows with options that were checked before; as [`fit_newton`]. A weight or an `init` that is NULL
/// without a type is none.
///
/// # Errors
/// As [`fit_newton`].
pub fn fit_newton_with(
    label: &Series,
    features: &Series,
    weight: Option<&Series>,
    init: Option<&Series>,
    options: &NewtonOptions,
) -> PolarsResult<Series> {
    fit_with::<FitNewton>(FitInputs { label, features, campaign: None, weight, init }, options)
}
