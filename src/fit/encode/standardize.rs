//! Writing standardised numbers into packed columns.

use super::layout::BatchLayout;
use crate::math::dispatch;
use crate::model::Standardizer;

/// Writes standardised values, batch by batch, into the pieces of a packed column.
pub(in crate::fit) fn write_standardized(
    values: &[f64],
    standard: Standardizer,
    layout: &BatchLayout,
    out: &mut [&mut [f32]],
) {
    dispatch(
        #[inline(always)]
        || {
            let mut rest = values;
            for (batch, out) in layout.batches.iter().zip(out) {
                let (values, after) = rest.split_at(batch.rows.min(rest.len()));
                rest = after;
                for (slot, &value) in out.iter_mut().zip(values) {
                    *slot = standard.of(value);
                }
            }
        },
    );
}
