//! Numbers on the standardised scale: the one formula of training and prediction in single precision.

use super::huge::unit_of_scale;

/// Standardised numbers are kept within this, beyond any real one, so that single precision never overflows.
const MOST_STANDARD: f64 = 1e15;

/// `(x - mean) / scale`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standardizer {
    unit: f64,
    /// In that unit.
    mean: f64,
    per_scale: f64,
}

impl Standardizer {
    /// Of a number's moments.
    pub(crate) fn new(mean: f64, scale: f64) -> Self {
        let unit = unit_of_scale(scale);
        Self { unit, mean: mean * unit, per_scale: 1.0 / (scale * unit) }
    }

    /// What a number is packed as; one that is missing or infinite as the mean.
    #[inline(always)]
    pub(crate) fn of(self, x: f64) -> f32 {
        let standard = self.exact(x);
        let kept = if standard.abs() < f64::INFINITY { standard } else { 0.0 };
        kept.clamp(-MOST_STANDARD, MOST_STANDARD) as f32
    }

    /// What an end of a range is packed as, infinity as the greatest there is.
    pub(crate) fn end(self, x: f64) -> f32 {
        self.exact(x).clamp(-MOST_STANDARD, MOST_STANDARD) as f32
    }

    #[inline(always)]
    fn exact(self, x: f64) -> f64 {
        (x * self.unit - self.mean) * self.per_scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_standardised_whatever_their_scale() {
        for (mean, scale) in [(3.0, 2.0), (1e300, 1e299), (0.0, 1e-300)] {
            let standard = Standardizer::new(mean, scale);
            for at in [-1.5, 0.0, 0.5, 4.0] {
                let x = mean + at * scale;
                assert!((f64::from(standard.of(x)) - at).abs() < 1e-6, "{mean} {scale} {at}");
                assert_eq!(standard.of(x), standard.end(x));
            }
        }
    }

    #[test]
    fn what_is_no_number_is_the_mean_and_an_end_is_far() {
        let standard = Standardizer::new(3.0, 2.0);
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(standard.of(x), 0.0);
        }
        assert_eq!(standard.of(1e300), 1e15);
        assert_eq!([f64::INFINITY, f64::NEG_INFINITY].map(|x| standard.end(x)), [1e15, -1e15]);
    }
}
