//! `decile_stats(label, prediction [, buckets])`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::error::refuse;
use super::metric_function::AmountArguments;
use super::options::{constant, option_value};
use super::record::{record_list_series, record_list_type};
use super::result::name_of;
use crate::call::buckets::{self, no_constant};
use crate::call::metric::DECILE_STATS;
use crate::fit::OptionValue;
use crate::metrics::{self, DecileStats};

pub(super) const FUNCTION: Function =
    Function::aggregate(DECILE_STATS.name, decile_stats, record_list_type::<DecileStats>);

/// Means and errors by bucket of predicted rank, as a list of structs in one row.
///
/// `inputs` are `label`, `prediction`, and `buckets` (a constant; 10 where it is left out). Rows that are NULL in
/// label or prediction are skipped.
///
/// # Errors
/// Where label or prediction is no number, or `buckets` is no whole number in its range.
pub fn decile_stats(inputs: &[Series]) -> PolarsResult<Series> {
    let arguments = AmountArguments::read(&DECILE_STATS, inputs)?;
    let value = match arguments.buckets.and_then(|position| inputs.get(position)) {
        Some(series) => constant(series, || no_constant("values that differ"))
            .map(|value| {
                option_value(&value).ok_or_else(|| no_constant(series.dtype().to_string()))
            })
            .and_then(|value| value),
        None => Ok(OptionValue::Null),
    };
    let value = value.map_err(|error| refuse(FUNCTION.name, &error))?;
    of_arguments(inputs, &arguments, &value)
}

/// As [`decile_stats`], with a number of buckets that is no column.
///
/// # Errors
/// As [`decile_stats`].
pub fn decile_stats_with(
    label: &Series,
    prediction: &Series,
    buckets: &OptionValue,
) -> PolarsResult<Series> {
    let inputs = [label.clone(), prediction.clone()];
    of_arguments(&inputs, &AmountArguments::read(&DECILE_STATS, &inputs)?, buckets)
}

fn of_arguments(
    inputs: &[Series],
    arguments: &AmountArguments,
    buckets: &OptionValue,
) -> PolarsResult<Series> {
    let buckets = buckets::read(buckets).map_err(|error| refuse(FUNCTION.name, &error))?;
    let stats = metrics::decile_stats(
        &arguments.numbers(&arguments.label),
        &arguments.numbers(&arguments.prediction),
        buckets,
    );
    record_list_series(name_of(inputs), vec![(!stats.is_empty()).then_some(stats)])
}
