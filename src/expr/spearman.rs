//! `spearman(label, prediction)`.

use polars::prelude::{DataType, NamedFrom, PolarsResult, Series};

use super::Function;
use super::metric_function::AmountArguments;
use super::result::name_of;
use crate::call::metric::SPEARMAN;
use crate::metrics;

pub(super) const FUNCTION: Function =
    Function::aggregate(SPEARMAN.name, spearman, || DataType::Float64);

/// The rank correlation of labels and predictions, in one row.
///
/// `inputs` are `label` and `prediction`. Rows that are NULL in either are skipped. NULL where the correlation is
/// undefined.
///
/// # Errors
/// Where an input is no number.
pub fn spearman(inputs: &[Series]) -> PolarsResult<Series> {
    let arguments = AmountArguments::read(&SPEARMAN, inputs)?;
    let spearman = metrics::spearman(
        &arguments.numbers(&arguments.label),
        &arguments.numbers(&arguments.prediction),
    );
    Ok(Series::new(name_of(inputs), [spearman]))
}
