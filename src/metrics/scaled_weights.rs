//! Weights in units of a power of two near the greatest, so that no sum of them overflows or vanishes.

use crate::math::dispatch;

/// A column of weights and the power of two that they are multiplied by, which rounds nothing.
///
/// The greatest weight of a usable row becomes a number from 1 to 2.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScaledWeights<'a> {
    values: &'a [f64],
    scale: f64,
}

/// A power of two that weights are multiplied by.
#[derive(Debug, Clone, Copy)]
pub(super) struct WeightScale(f64);

impl WeightScale {
    /// The scale of weights of rows with these labels, in any number of pieces; a row whose label is not finite has no
    /// say in it. 1 where there are none.
    pub(super) fn of<'a>(pieces: impl Iterator<Item = (&'a [f64], &'a [f64])>) -> Self {
        let greatest = pieces.map(|(weight, label)| {
            dispatch(
                #[inline(always)]
                || greatest_bits(weight, label),
            )
        });
        greatest.max().map_or(Self(1.0), |bits| Self(scale_of(bits)))
    }

    /// The scale of weights of which this, a positive number, is the greatest.
    pub(super) fn of_greatest(weight: f64) -> Self {
        Self(scale_of(weight.to_bits()))
    }

    /// What a scaled weight of 1 stands for.
    pub(super) fn unit(self) -> f64 {
        1.0 / self.0
    }
}

impl<'a> ScaledWeights<'a> {
    /// Weights on a scale.
    pub(super) fn new(values: &'a [f64], scale: WeightScale) -> Self {
        Self { values, scale: scale.0 }
    }

    /// The weights of rows with these labels, on the scale of their own.
    pub(super) fn of_rows(values: &'a [f64], label: &[f64]) -> Self {
        Self::new(values, WeightScale::of(std::iter::once((values, label))))
    }

    /// The weight of a row, scaled; 0 where it is not a positive finite number.
    #[inline]
    pub(super) fn get(self, row: usize) -> f64 {
        let weight = self.values.get(row).copied().unwrap_or(0.0);
        if weight > 0.0 && weight < f64::INFINITY {
            // Beside the greatest it may be nothing, but the row is still a row.
            (weight * self.scale).max(f64::MIN_POSITIVE)
        } else {
            0.0
        }
    }

    /// What a scaled weight of 1 stands for.
    #[cfg(test)]
    pub(super) fn unit(self) -> f64 {
        1.0 / self.scale
    }
}

/// The bits of the greatest usable weight: positive numbers are in the order of their bits.
#[inline(always)]
fn greatest_bits(values: &[f64], label: &[f64]) -> u64 {
    let pairs = values.iter().zip(label);
    let bits = pairs.map(|(&weight, &label)| {
        // One choice at a time, so that the loop vectorises.
        let bits = if weight > 0.0 { weight.to_bits() } else { 0 };
        let bits = if weight < f64::INFINITY { bits } else { 0 };
        if label.abs() < f64::INFINITY { bits } else { 0 }
    });
    bits.fold(0, u64::max)
}

/// The power of two that brings a number between 1 and 2; the greatest there is for one that is subnormal.
fn scale_of(bits: u64) -> f64 {
    let exponent = (bits >> 52) as i32;
    2_f64.powi(1023 - exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_is_from_one_to_two() {
        for greatest in [f64::MAX, 1e300, 3.0, 2.0, 1.0, 0.75, 1e-300, f64::MIN_POSITIVE] {
            let weights = [greatest / 4.0, greatest, 0.0];
            let scaled = ScaledWeights::of_rows(&weights, &[1.0; 3]);
            assert!((1.0..2.0).contains(&scaled.get(1)), "{greatest}");
            assert_eq!(scaled.get(0), scaled.get(1) / 4.0);
            assert_eq!(scaled.get(1) * scaled.unit(), greatest);
            assert_eq!((scaled.get(2), scaled.get(3)), (0.0, 0.0));
        }
        let smallest = ScaledWeights::of_rows(&[5e-324, 1e-323], &[1.0; 2]);
        assert_eq!(smallest.get(1), 2.0 * smallest.get(0));
    }

    #[test]
    fn only_weights_of_usable_rows_count() {
        let weights = [1e300, f64::NAN, f64::INFINITY, -5.0, 3.0];
        let label = [f64::NAN, 1.0, 1.0, 1.0, 0.0];
        let scaled = ScaledWeights::of_rows(&weights, &label);
        assert_eq!((scaled.unit(), scaled.get(4)), (2.0, 1.5));
        assert_eq!([1, 2, 3].map(|row| scaled.get(row)), [0.0; 3]);
    }

    #[test]
    fn a_weight_that_is_nothing_beside_the_greatest_is_still_one() {
        let scaled = ScaledWeights::of_rows(&[f64::MAX, 5e-324], &[1.0; 2]);
        assert!(scaled.get(1) > 0.0);
    }
}
