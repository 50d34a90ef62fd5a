//! Which argument of a metric is which.

use std::ops::Range;

use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};

use super::function::MetricFunction;
use super::predicted::Predicted;
use crate::error::quoted;
use crate::metrics::check_buckets;
use crate::udf::error::{refuse_plan, wrong_arity, wrong_type};
use crate::udf::number::check_number;

/// What may follow the label and what is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::udf) enum Trailing {
    /// Nothing.
    Nothing,
    /// How often a row counts.
    Weight,
    /// How many buckets there are: a constant.
    Buckets,
}

/// The positions of the arguments behind the label, which is the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arguments {
    /// What is predicted.
    pub predicted: Range<usize>,
    /// The weight, if there is one.
    pub weight: Option<usize>,
    /// The number of buckets, if there is one.
    pub buckets: Option<usize>,
}

impl Arguments {
    /// Reads the types of a call.
    pub fn of_types<F: MetricFunction>(types: &[DataType]) -> Result<Self> {
        let wrong = || wrong_arity(F::NAME, F::USAGE, types.len());
        let [label, rest @ ..] = types else { return Err(wrong()) };
        let count = F::Predicted::argument_count(rest.len());
        let (predicted, trailing) = rest.split_at_checked(count).ok_or_else(wrong)?;
        check_number(F::NAME, "label", label)?;
        F::Predicted::check(F::named(), predicted)?;
        let mut arguments = Self { predicted: 1..1 + count, weight: None, buckets: None };
        match (F::TRAILING, trailing) {
            // An untyped NULL is none.
            (_, []) | (Trailing::Weight, [DataType::Null]) => {}
            (Trailing::Weight, [weight]) => {
                check_number(F::NAME, "weight", weight)?;
                arguments.weight = Some(1 + count);
            }
            (Trailing::Buckets, [_]) => arguments.buckets = Some(1 + count),
            _ => return Err(wrong()),
        }
        Ok(arguments)
    }
}

/// How many buckets a constant asks for; `None` where it is NULL.
pub(super) fn read_buckets(
    function: &str,
    value: Result<ScalarValue, String>,
) -> Result<Option<usize>> {
    let wrong = |got: String| wrong_type(function, "buckets", "a constant integer, 1 or more", got);
    let value = value.map_err(wrong)?;
    if value.is_null() {
        return Ok(None);
    }
    let integer = value.data_type().is_integer().then(|| value.cast_to(&DataType::Int64));
    let Some(Ok(ScalarValue::Int64(Some(integer)))) = integer else {
        return Err(wrong(quoted(&value.to_string())));
    };
    check_buckets(integer).map(Some).map_err(|error| refuse_plan(function, &error))
}
