//! Dates and timestamps as features.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use datafusion_common::Result;

use crate::call::date::{MICROSECONDS, MILLISECONDS, NANOSECONDS, SECONDS, days};

/// A column of dates or timestamps as days; any other as it is. A timestamp with a time zone is the instant, one without
/// is read as if it were of UTC.
pub(super) fn dates_as_days(array: &ArrayRef) -> Result<ArrayRef> {
    let per_day = match array.data_type() {
        DataType::Date32 => 1,
        DataType::Timestamp(TimeUnit::Second, _) => SECONDS,
        DataType::Date64 | DataType::Timestamp(TimeUnit::Millisecond, _) => MILLISECONDS,
        DataType::Timestamp(TimeUnit::Microsecond, _) => MICROSECONDS,
        DataType::Timestamp(TimeUnit::Nanosecond, _) => NANOSECONDS,
        _ => return Ok(Arc::clone(array)),
    };
    let ticks = match array.data_type() {
        DataType::Date32 => cast(&cast(array, &DataType::Int32)?, &DataType::Int64)?,
        _ => cast(array, &DataType::Int64)?,
    };
    let ticks = ticks.as_primitive::<Int64Type>();
    let days: Float64Array = ticks.unary(|ticks| days(ticks, per_day));
    Ok(Arc::new(days))
}
