//! `gini(label, prediction [, weight])`.

use polars::prelude::{DataType, NamedFrom, PolarsResult, Series};

use super::Function;
use super::metric_function::AmountArguments;
use super::result::name_of;
use crate::call::metric::GINI;
use crate::metrics;

pub(super) const FUNCTION: Function = Function::aggregate(GINI.name, gini, || DataType::Float64);

/// The normalised Gini coefficient of predictions, in one row.
///
/// `inputs` are `label`, `prediction`, and `weight`, which may be left out. Rows that are NULL in any input are
/// skipped. NULL where the coefficient is undefined.
///
/// # Errors
/// Where an input is no number, or a weight is negative or not finite.
pub fn gini(inputs: &[Series]) -> PolarsResult<Series> {
    let arguments = AmountArguments::read(&GINI, inputs)?;
    let weight = arguments.weight.as_ref();
    let gini = metrics::gini(
        &arguments.numbers(&arguments.label),
        &arguments.numbers(&arguments.prediction),
        weight.map(|weight| arguments.numbers(weight)).as_deref(),
    );
    Ok(Series::new(name_of(inputs), [gini]))
}
