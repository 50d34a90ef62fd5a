//! The argument `weight` of an aggregate.

use arrow::array::{Array, ArrayRef, Float64Array};
use arrow::buffer::NullBuffer;
use datafusion_common::Result;

use super::error::refuse_value;
use super::number::doubles_with_nan;
use crate::culprit::row_of_batch;
use crate::metrics::weight::{is_weight, wrong_weight};

/// The weights of a batch, and which rows count: those whose weight is neither NULL nor 0.
///
/// # Errors
/// A weight that is negative, NaN or infinite.
pub(super) fn read_weight(function: &str, weight: &ArrayRef) -> Result<(Float64Array, NullBuffer)> {
    let nulls = weight.logical_nulls();
    let weight = doubles_with_nan(function, "weight", weight)?;
    let known = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    let mut weights = weight.values().iter().enumerate();
    if let Some((row, wrong)) = weights.find(|&(row, &w)| !is_weight(w) && known(row)) {
        let got = format!("{wrong} in {}", row_of_batch(row));
        return Err(refuse_value(function, &wrong_weight(got)));
    }
    // The place of a NULL holds NaN, which is not above 0 either.
    let counts = weight.values().iter().map(|&weight| weight > 0.0).collect();
    Ok((weight, counts))
}
