//! `fit_sgd(label, features [, weight] [, options] [, init])`.

use polars::prelude::{DataType, PolarsResult, Series};

use super::Function;
use super::fit::{FitInputs, fit, fit_with};
use crate::call::fit::{FitSgd, Solver};
use crate::fit::Options;

pub(super) const FUNCTION: Function =
    Function::aggregate(FitSgd::NAME, fit_sgd, || DataType::String);

/// Trains a model on all rows and returns its text, in one row.
///
/// `inputs` are `label`, `features` (a struct, a list of numbers or a number), and then `weight` (a number) and
/// `options` (a struct of constants), each of which may be left out; one that is NULL without a type is; and then `init`
/// (the text of a model to continue from, the same in all rows; NULL starts anew). Rows with a NULL label, or a NULL or 0 weight, are skipped. NULL where no row is left or no label is positive.
///
/// # Errors
/// Where an input is of a type that the function does not take, a weight is negative or not finite, or an option
/// is unknown or out of range.
pub fn fit_sgd(inputs: &[Series]) -> PolarsResult<Series> {
    fit::<FitSgd>(inputs)
}

/// Trains a model on all rows with options that were checked before; as [`fit_sgd`]. A weight or a model to continue
/// from that is NULL without a type is none.
///
/// # Errors
/// As [`fit_sgd`].
pub fn fit_sgd_with(
    label: &Series,
    features: &Series,
    weight: Option<&Series>,
    init: Option<&Series>,
    options: &Options,
) -> PolarsResult<Series> {
    fit_with::<FitSgd>(FitInputs { label, features, campaign: None, weight, init }, options)
}
