//! `newton_start(label, features [, weight] [, options])`.

use polars::prelude::{DataType, NamedFrom, PolarsResult, Series};

use super::Function;
use super::fit::{self as fits, FitInputs, fit, fit_with};
use crate::call::fit::{NewtonStart, Solver};
use crate::fit::PassOptions;

pub(super) const FUNCTION: Function =
    Function::aggregate(NewtonStart::NAME, newton_start, || DataType::String);

/// Begins the exact training of a model over any number of rows, and returns its text, in one row.
///
/// `inputs` are those of [`fit_newton`](super::fit_newton) but for `init`. NULL where no row is left or no label of the sample
/// is positive.
///
/// # Errors
/// Those of [`fit_newton`](super::fit_newton), and where the features have more than 2,000 encoded columns.
pub fn newton_start(inputs: &[Series]) -> PolarsResult<Series> {
    fit::<NewtonStart>(inputs)
}

/// Begins a training with options that were checked before; as [`newton_start`]. A weight that is NULL without a type is
/// none.
///
/// # Errors
/// As [`newton_start`].
pub fn newton_start_with(
    label: &Series,
    features: &Series,
    weight: Option<&Series>,
    options: &PassOptions,
) -> PolarsResult<Series> {
    let inputs = FitInputs { label, features, campaign: None, weight, init: None };
    fit_with::<NewtonStart>(inputs, options)
}

/// For each row the hash of its content: the sample of [`newton_start`] is the rows with the smallest. An engine that holds
/// no more than some rows at a time draws the same sample by it.
///
/// # Errors
/// As [`newton_start`].
pub fn row_hashes(
    label: &Series,
    features: &Series,
    weight: Option<&Series>,
) -> PolarsResult<Series> {
    let weight = weight.filter(|weight| !weight.dtype().is_null());
    let seed = PassOptions::default().shared().seed();
    let hashes = fits::row_hashes::<NewtonStart>(label, features, weight, seed)?;
    Ok(Series::new(label.name().clone(), hashes))
}
