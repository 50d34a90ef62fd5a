//! Rows that do not count, and are kept for the model that they name.

use std::borrow::Cow;

use arrow::array::Float64Array;
use arrow::buffer::NullBuffer;

use crate::fit::RowId;

/// In the place of the label of a row that does not count, of a call with a model to continue from: a NaN that nothing
/// computes. The row is kept for its model, as a group has the prior's heads even if no row of it counts.
pub(super) const UNCOUNTED: f64 = f64::from_bits(0x7ff8_0000_0075_6e63);

/// Labels with [`UNCOUNTED`] where any of `nulls` has a NULL.
pub(super) fn with_uncounted(labels: &[f64], nulls: &[Option<NullBuffer>]) -> Float64Array {
    let nulls = NullBuffer::union_many(nulls.iter().map(Option::as_ref));
    let counts = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    let labels = labels.iter().enumerate();
    let labels = labels.map(|(row, &label)| if counts(row) { label } else { UNCOUNTED });
    Float64Array::from_iter_values(labels)
}

/// The rows of a group that count.
pub(super) fn counted(labels: &[&[f64]], rows: &[RowId]) -> Vec<RowId> {
    let label = |row: &RowId| labels.get(row.chunk as usize)?.get(row.row as usize);
    let counts = |row: &&RowId| label(row).is_none_or(|y| y.to_bits() != UNCOUNTED.to_bits());
    rows.iter().filter(counts).copied().collect()
}

/// The rows of a group that tell what they have in common, such as a model: those that count, or all if none does.
pub(super) fn telling<'a>(labels: &[&[f64]], rows: &'a [RowId]) -> Cow<'a, [RowId]> {
    let counted = counted(labels, rows);
    if counted.is_empty() || counted.len() == rows.len() {
        return Cow::Borrowed(rows);
    }
    Cow::Owned(counted)
}
