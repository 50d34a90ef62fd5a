//! `decile_stats(label, prediction [, buckets])`.

use polars::prelude::{AnyValue, PolarsResult, Series};

use super::Function;
use super::error::{refuse, wrong_argument, wrong_arity};
use super::number::Number;
use super::options::constant;
use super::record::{record_list_series, record_list_type};
use super::result::Shape;
use super::rows::Rows;
use crate::metrics::{self, DEFAULT_BUCKETS, DecileStats, check_buckets};

pub(super) const FUNCTION: Function =
    Function::aggregate("ziln_decile_stats", decile_stats, record_list_type::<DecileStats>);

const NAME: &str = FUNCTION.name;

/// Means and errors by bucket of predicted rank, as a list of structs in one row.
///
/// `inputs` are `label`, `prediction`, and `buckets` (a constant; 10 where it is left out). Rows that are NULL in
/// label or prediction are skipped.
///
/// # Errors
/// Where label or prediction is no number, or `buckets` is no whole number in its range.
pub fn decile_stats(inputs: &[Series]) -> PolarsResult<Series> {
    let (label, prediction, buckets) = match inputs {
        [label, prediction] => (label, prediction, DEFAULT_BUCKETS),
        [label, prediction, buckets] => (label, prediction, read_buckets(buckets)?),
        _ => {
            let usage = "ziln_decile_stats(label, prediction [, buckets])";
            return Err(wrong_arity(NAME, usage, inputs.len()));
        }
    };
    let shape = Shape::try_new(NAME, &[label.clone(), prediction.clone()])?;
    let label_number = Number::try_new(NAME, "label", label)?;
    let prediction = Number::try_new(NAME, "prediction", prediction)?;
    let rows = Rows::complete(shape.rows(), [&label_number, &prediction]);
    let stats =
        metrics::decile_stats(&rows.doubles(&label_number), &rows.doubles(&prediction), buckets);
    record_list_series(label.name().clone(), vec![(!stats.is_empty()).then_some(stats)])
}

fn read_buckets(series: &Series) -> PolarsResult<usize> {
    let buckets = match constant(NAME, "buckets", series)? {
        AnyValue::Null => return Ok(DEFAULT_BUCKETS),
        value if value.is_integer() => value.extract::<i64>(),
        _ => None,
    };
    let Some(buckets) = buckets else {
        let got = series.dtype().to_string();
        return Err(wrong_argument(NAME, "buckets", "a whole number", got));
    };
    check_buckets(buckets).map_err(|error| refuse(NAME, &error))
}
