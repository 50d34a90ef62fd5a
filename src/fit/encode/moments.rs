//! The mean and the spread of a number's values, taken a block after the other.

use std::borrow::Cow;

use crate::fit::rows::MOMENT_ROWS;
use crate::math::dispatch;
use crate::model::{HUGE_UNIT, Range};

/// Lanes of a sum over rows: fixed, so that the bits do not depend on the processor.
const SUMS: usize = 8;

/// The squares of numbers within this and its inverse neither overflow nor vanish, nor do sums of them.
const FAR_SPREAD: f64 = 1e140;

/// A smaller scale is that of a constant.
const LEAST_SCALE: f64 = 1e-290;

/// A greatest weight within this and its inverse is ordinary: no product with one overflows or vanishes.
const FAR_WEIGHT: f64 = 1e100;

/// Learns how a number is standardised from values that are added in their order; NaN and infinite ones are left out.
#[derive(Debug)]
pub(in crate::fit) struct NumberLearner<'a> {
    weights: Option<&'a [f64]>,
    /// How many values have been added.
    rows: usize,
    /// What the moments are taken around, near the mean: far from it, distances would be rounded more than they need be.
    center: Option<f64>,
    moments: Moments,
    range: Range,
}

impl<'a> NumberLearner<'a> {
    /// For values with these weights, of which sums neither overflow nor vanish; see [`in_safe_units`].
    pub(in crate::fit) fn new(weights: Option<&'a [f64]>) -> Self {
        Self { weights, rows: 0, center: None, moments: Moments::default(), range: Range::EMPTY }
    }

    /// Adds values; a multiple of [`MOMENT_ROWS`] unless they are the last.
    pub(in crate::fit) fn add(&mut self, values: &[f64]) {
        dispatch(
            #[inline(always)]
            || {
                for block in values.chunks(MOMENT_ROWS) {
                    self.add_block(block);
                }
            },
        );
    }

    #[inline(always)]
    fn add_block(&mut self, values: &[f64]) {
        let end = self.rows + values.len();
        let weights = self.weights.and_then(|weights| weights.get(self.rows..end));
        self.rows = end;
        widen(&mut self.range, values);
        if self.center.is_none() {
            self.center = center(values, weights);
        }
        if let Some(center) = self.center {
            self.moments.add(Moments::of_block(values, weights, center));
        }
    }

    /// A learner of other values of the same rows, to which they were added.
    pub(in crate::fit) fn again(&self, values: &[f64]) -> Self {
        let mut learner = NumberLearner::new(self.weights);
        learner.add(values);
        learner
    }

    /// The range of the values that were added; empty if none was finite.
    pub(in crate::fit) fn range(&self) -> Range {
        self.range
    }

    /// The mean and the standard deviation of the values that were added; they are looked at again if they are of unusual
    /// size. What never varies has the scale 1.
    pub(in crate::fit) fn moments(&self, values: &[f64]) -> (f64, f64) {
        let Range { least, most } = self.range;
        if least >= most {
            return (if least.is_finite() { least } else { 0.0 }, 1.0);
        }
        let unit = unit_of(self.range);
        let (mean, scale) = if unit == 1.0 {
            self.mean_and_scale()
        } else {
            let scaled: Vec<f64> = values.iter().map(|value| value * unit).collect();
            let (mean, scale) = self.again(&scaled).mean_and_scale();
            // Neither is greater than the greatest number, whatever was rounded.
            let finite = |value: f64| (value / unit).clamp(-f64::MAX, f64::MAX);
            (finite(mean), finite(scale))
        };
        let usable = mean.is_finite() && scale.is_finite() && scale > LEAST_SCALE;
        if usable { (mean, scale) } else { (0.5 * least + 0.5 * most, 1.0) }
    }

    fn mean_and_scale(&self) -> (f64, f64) {
        let Moments { weight, mean, squares } = self.moments;
        (self.center.unwrap_or(0.0) + mean, (squares / weight).sqrt())
    }
}

/// The power of two that brings numbers to a size at which their squares neither overflow nor vanish.
fn unit_of(range: Range) -> f64 {
    if range.most.max(-range.least) > FAR_SPREAD {
        HUGE_UNIT
    } else if range.most - range.least < 1.0 / FAR_SPREAD {
        1.0 / HUGE_UNIT
    } else {
        1.0
    }
}

/// The mean of a block, or what is near it.
#[inline(always)]
fn center(values: &[f64], weights: Option<&[f64]>) -> Option<f64> {
    let first = values.iter().copied().find(|value| value.is_finite())?;
    let near = first + Moments::of_block(values, weights, first).mean;
    // Again, since the first value may lie far off, and distances from it are rounded.
    Some(near + Moments::of_block(values, weights, near).mean)
}

/// Widens a range to hold the finite values.
#[inline(always)]
fn widen(range: &mut Range, values: &[f64]) {
    let (mut least, mut most) = ([range.least; SUMS], [range.most; SUMS]);
    let mut widen = |block: &[f64]| {
        for ((least, most), &value) in least.iter_mut().zip(&mut most).zip(block) {
            // Comparisons are false for NaN, and an infinite value is on one side of them only.
            *least = if value < *least && value > f64::NEG_INFINITY { value } else { *least };
            *most = if value > *most && value < f64::INFINITY { value } else { *most };
        }
    };
    let (blocks, rest) = values.as_chunks::<SUMS>();
    for block in blocks {
        widen(block);
    }
    widen(rest);
    range.least = least.into_iter().fold(f64::INFINITY, f64::min);
    range.most = most.into_iter().fold(f64::NEG_INFINITY, f64::max);
}

/// The range of the finite values; empty if there is none.
pub(in crate::fit) fn range_of(values: &[f64]) -> Range {
    let mut range = Range::EMPTY;
    dispatch(
        #[inline(always)]
        || widen(&mut range, values),
    );
    range
}

/// The weight of values, their mean, and the weighted sum of their squared distances from it.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    weight: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// The moments of the distances of few values from `center`.
    #[inline(always)]
    fn of_block(values: &[f64], weights: Option<&[f64]>, center: f64) -> Self {
        let [weight, sum] = weighted_sums(values, weights, |value| [1.0, value - center]);
        if weight == 0.0 {
            return Self::default();
        }
        let rough = sum / weight;
        let [off, squares] = weighted_sums(values, weights, |value| {
            let distance = value - center - rough;
            [distance, distance * distance]
        });
        // What the first mean was off by rounding is taken from both: Chan, Golub, LeVeque (1983), "Algorithms for
        // Computing the Sample Variance".
        let off = off / weight;
        Self { weight, mean: rough + off, squares: (squares - weight * off * off).max(0.0) }
    }

    /// Adds the moments of other values (the same paper).
    fn add(&mut self, other: Self) {
        if other.weight == 0.0 {
            return;
        }
        let share = other.weight / (self.weight + other.weight);
        let apart = other.mean - self.mean;
        self.squares += other.squares + apart * apart * self.weight * share;
        self.mean += apart * share;
        self.weight += other.weight;
    }
}

/// The weighted sums of `terms` over the finite values, in a fixed order.
#[inline(always)]
fn weighted_sums(
    values: &[f64],
    weights: Option<&[f64]>,
    terms: impl Fn(f64) -> [f64; 2],
) -> [f64; 2] {
    let (mut firsts, mut seconds) = ([0.0; SUMS], [0.0; SUMS]);
    let mut add = |values: &[f64], weights: &[f64]| {
        let sums = firsts.iter_mut().zip(&mut seconds);
        for (((first, second), &value), &weight) in sums.zip(values).zip(weights) {
            let terms = terms(value);
            let is_finite = value.abs() < f64::INFINITY;
            *first += if is_finite { weight * terms[0] } else { 0.0 };
            *second += if is_finite { weight * terms[1] } else { 0.0 };
        }
    };
    let (blocks, rest) = values.as_chunks::<SUMS>();
    match weights.map(<[f64]>::as_chunks::<SUMS>) {
        None => {
            for block in blocks {
                add(block, &[1.0; SUMS]);
            }
            add(rest, &[1.0; SUMS]);
        }
        Some((weight_blocks, weight_rest)) => {
            for (block, weights) in blocks.iter().zip(weight_blocks) {
                add(block, weights);
            }
            add(rest, weight_rest);
        }
    }
    [firsts.iter().sum(), seconds.iter().sum()]
}

/// Weights, in units of the greatest where a sum of them could overflow or vanish.
pub(in crate::fit) fn in_safe_units(weights: &[f64]) -> Cow<'_, [f64]> {
    let greatest = weights.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    if (1.0 / FAR_WEIGHT..FAR_WEIGHT).contains(&greatest) {
        return weights.into();
    }
    weights.iter().map(|weight| weight / greatest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(values: &[f64], weights: Option<&[f64]>) -> (f64, f64) {
        let weights = weights.map(in_safe_units);
        let mut learner = NumberLearner::new(weights.as_deref());
        learner.add(values);
        learner.moments(values)
    }

    const VALUES: [f64; 11] =
        [0.5, -0.25, 0.75, f64::NAN, 0.125, f64::INFINITY, -0.875, 0.5, 0.25, -0.5, 0.0];

    #[test]
    fn mean_and_scale_are_those_of_the_textbook() {
        let values: Vec<f64> = (0..10_000).map(|row| f64::from(row % 137) + 1e9).collect();
        let weights: Vec<f64> = (0..10_000).map(|row| 0.5 + f64::from(row % 7)).collect();
        let total: f64 = weights.iter().sum();
        let pairs = || values.iter().zip(&weights);
        let mean = 1e9 + pairs().map(|(x, w)| (x - 1e9) * w).sum::<f64>() / total;
        let square = pairs().map(|(x, w)| (x - mean) * (x - mean) * w).sum::<f64>() / total;
        let (learnt, scale) = learn(&values, Some(&weights));
        assert!((learnt - mean).abs() < 1e-6, "{learnt} {mean}");
        assert!((scale / square.sqrt() - 1.0).abs() < 1e-12, "{scale}");
    }

    /// A first value that counts for nothing and lies far off does not spoil the rest.
    #[test]
    fn a_first_value_far_off_changes_what_its_weight_makes_it_change() {
        let mut values = [1.0, 2.0, 3.0, 4.0].repeat(1000);
        let mut weights = vec![1.0; values.len()];
        let (mean, scale) = learn(&values, Some(&weights));
        values[0] = 1e18;
        weights[0] = 1e-60;
        let (other, other_scale) = learn(&values, Some(&weights));
        assert!((other - mean).abs() < 1e-3 && (other_scale - scale).abs() < 1e-3, "{other}");
    }

    /// Powers of two round nothing, so the encoding is that of the numbers near 1 times the same.
    #[test]
    fn numbers_of_any_size_have_the_same_encoding() {
        let (mean, scale) = learn(&VALUES, None);
        for power in [-900, -500, -300, 300, 490, 505, 1000, 1023] {
            let factor = 2_f64.powi(power);
            let far = VALUES.map(|value| value * factor);
            assert_eq!(learn(&far, None), (mean * factor, scale * factor), "{power}");
        }
    }

    #[test]
    fn the_greatest_numbers_have_a_finite_encoding() {
        assert_eq!(learn(&[f64::MAX, -f64::MAX], None), (0.0, f64::MAX));
        let (mean, scale) = learn(&[f64::MAX, f64::MAX, f64::MAX, 0.5 * f64::MAX], None);
        assert!((mean / f64::MAX - 0.875).abs() < 1e-15, "{mean}");
        assert!((scale / f64::MAX - 0.046_875_f64.sqrt()).abs() < 1e-15, "{scale}");
        assert_eq!(learn(&[f64::MAX; 3], None), (f64::MAX, 1.0));
    }

    #[test]
    fn what_never_varies_has_the_scale_1() {
        assert_eq!(learn(&[f64::NAN; 3], None), (0.0, 1.0));
        assert_eq!(learn(&vec![0.1; 3000], None), (0.1, 1.0));
        let (mean, scale) = learn(&[f64::from_bits(1), f64::from_bits(2)], None);
        assert!(mean < 1e-300 && scale == 1.0, "{mean} {scale}");
    }

    #[test]
    fn weights_of_any_size_have_the_same_encoding() {
        let weights = [0.5, 1.0, 0.25, 1.0, 0.75, 0.5, 1.5, 1.25, 1.0, 0.125, 1.0];
        let (mean, scale) = learn(&VALUES, Some(&weights));
        for power in [-1022, -400, -300, 300, 400, 1023] {
            let weights = weights.map(|weight| weight * 2_f64.powi(power));
            let (other, other_scale) = learn(&VALUES, Some(&weights));
            assert!((other - mean).abs() < 1e-15 && (other_scale - scale).abs() < 1e-15, "{power}");
        }
    }
}
