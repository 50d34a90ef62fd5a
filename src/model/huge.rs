//! The unit that huge numbers are computed with in.

/// A number whose scale is from here on is computed with in units of [`HUGE_UNIT`]: the differences and the inverses of
/// such numbers overflow or vanish.
pub(crate) const HUGE_SCALE: f64 = 1e150;

/// A power of two, in units of which no number is huge.
pub(crate) const HUGE_UNIT: f64 = f64::from_bits((1023 - 600) << 52);

/// The unit that a number of this scale is computed with in.
pub(crate) fn unit_of_scale(scale: f64) -> f64 {
    if scale < HUGE_SCALE { 1.0 } else { HUGE_UNIT }
}
