//! Packed numbers within bounds.

/// A packed number held between two ends; NaN stays NaN.
#[inline(always)]
pub(crate) fn hold(value: f32, [least, most]: [f32; 2]) -> f32 {
    let risen = if value < least { least } else { value };
    if risen > most { most } else { risen }
}
