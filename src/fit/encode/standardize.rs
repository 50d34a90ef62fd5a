//! Writing standardised numbers into packed columns.

use super::layout::BatchLayout;
use crate::math::dispatch;
use crate::model::{HUGE_SCALE, HUGE_UNIT};

/// Standardised values are kept within this, beyond any real one, so that single precision never overflows.
const MOST_STANDARD: f64 = 1e15;

/// A value as [`write_standardized`] writes it.
pub(in crate::fit) fn standardized(value: f64, mean: f64, scale: f64) -> f32 {
    let unit = if scale < HUGE_SCALE { 1.0 } else { HUGE_UNIT };
    let standard = (value * unit - mean * unit) * (1.0 / (scale * unit));
    standard.clamp(-MOST_STANDARD, MOST_STANDARD) as f32
}

/// A standardised value held between two ends.
#[inline(always)]
pub(in crate::fit) fn hold_standardized(value: f32, [least, most]: [f32; 2]) -> f32 {
    let risen = if value < least { least } else { value };
    if risen > most { most } else { risen }
}

/// Writes standardised values, batch by batch, into the pieces of a packed column.
pub(in crate::fit) fn write_standardized(
    values: &[f64],
    mean: f64,
    scale: f64,
    layout: &BatchLayout,
    out: &mut [&mut [f32]],
) {
    dispatch(
        #[inline(always)]
        || {
            if scale < HUGE_SCALE {
                write_batches(values, 1.0, mean, scale, layout, out);
            } else {
                write_batches(values, HUGE_UNIT, mean * HUGE_UNIT, scale * HUGE_UNIT, layout, out);
            }
        },
    );
}

/// Writes values times `unit`, which `mean` and `scale` are in.
#[inline(always)]
fn write_batches(
    values: &[f64],
    unit: f64,
    mean: f64,
    scale: f64,
    layout: &BatchLayout,
    out: &mut [&mut [f32]],
) {
    let per_scale = 1.0 / scale;
    let mut rest = values;
    for (batch, out) in layout.batches.iter().zip(out) {
        let (values, after) = rest.split_at(batch.rows.min(rest.len()));
        rest = after;
        for (slot, &value) in out.iter_mut().zip(values) {
            let standard = (value * unit - mean) * per_scale;
            let kept = if standard.abs() < f64::INFINITY { standard } else { 0.0 };
            *slot = kept.clamp(-MOST_STANDARD, MOST_STANDARD) as f32;
        }
    }
}
