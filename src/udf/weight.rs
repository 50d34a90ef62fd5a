//! The argument `weight` of an aggregate.

use arrow::array::{Array, ArrayRef, Float64Array};
use arrow::buffer::NullBuffer;
use datafusion_common::Result;

use super::error::refuse_value;
use super::number::doubles_with_nan;
use crate::call::weight::{check_weights, counts};

/// The weights of a batch, and which rows count: those whose weight is neither NULL nor 0.
///
/// # Errors
/// A weight that is negative, NaN or infinite.
pub(super) fn read_weight(function: &str, weight: &ArrayRef) -> Result<(Float64Array, NullBuffer)> {
    let nulls = weight.logical_nulls();
    let weight = doubles_with_nan(function, "weight", weight)?;
    let is_known = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    check_weights(weight.values(), is_known, Some)
        .map_err(|error| refuse_value(function, &error))?;
    let counts = weight.values().iter().map(|&weight| counts(weight)).collect();
    Ok((weight, counts))
}
