//! Sums that do not depend on the order of their terms.

/// Bits of a double's exponent that choose the bin; the rest is a shift within it.
const SHIFT_BITS: u32 = 5;
/// Bits from one bin to the next.
const BIN_BITS: u32 = 1 << SHIFT_BITS;
/// Bins for the 2,047 finite exponents of a double.
const BINS: usize = 64;
/// Bins after carries have moved up: the top bin's 128 bits reach four further.
const LIMBS: usize = BINS + 4;
/// What sums beyond the largest double are counted in: more than the terms that fit, so that none is beyond.
const FAR_EXPONENT: i32 = 64;
/// The exponent of the lowest bit of the lowest bin: that of the smallest subnormal.
const LOWEST: i32 = -1074;

/// A sum of doubles without any rounding until it is read.
///
/// Each finite term is an integer times a power of two, so it is added as an integer to one of 64 fixed-point bins,
/// 32 bits apart. Integer addition is associative: rows in any order, partitioned and merged in any way, give
/// the same bits. A bin holds 128 bits and a term takes up to 85, so about 2^42 terms fit before a bin could
/// overflow. The idea is that of Neal (2015), "Fast Exact Summation Using Small and Large Superaccumulators",
/// arXiv 1505.05571.
#[derive(Debug, Clone)]
pub(super) struct ExactSum {
    bins: [i128; BINS],
    /// The sum of the terms that are not finite: 0, an infinity or NaN.
    special: f64,
}

impl ExactSum {
    pub(super) const fn new() -> Self {
        Self { bins: [0; BINS], special: 0.0 }
    }

    /// The sum of `terms`, rounded once.
    #[inline]
    pub(super) fn of(terms: impl IntoIterator<Item = f64>) -> f64 {
        let mut terms = terms.into_iter();
        // Most blocks of ties are this short, and a single addition rounds only once anyway.
        let Some(first) = terms.next() else { return 0.0 };
        let Some(second) = terms.next() else { return first };
        let Some(third) = terms.next() else { return first + second };
        Self::of_many([first, second, third], terms)
    }

    /// By itself, so that the frame for the bins is not set up for short sums.
    #[inline(never)]
    fn of_many(first: [f64; 3], rest: impl Iterator<Item = f64>) -> f64 {
        let mut sum = Self::new();
        first.into_iter().chain(rest).for_each(|term| sum.add(term));
        sum.value()
    }

    /// Adds one term.
    #[inline]
    pub(super) fn add(&mut self, term: f64) {
        if term == 0.0 {
            return;
        }
        if !term.is_finite() {
            self.special += term;
            return;
        }
        let bits = term.to_bits();
        let exponent = (bits >> 52) as u32 & 0x7ff;
        let fraction = bits & ((1 << 52) - 1);
        // A subnormal has the exponent of the smallest normal number, without the implicit bit.
        let (exponent, mantissa) =
            if exponent == 0 { (0, fraction) } else { (exponent - 1, fraction | 1 << 52) };
        let shifted = i128::from(mantissa) << (exponent & (BIN_BITS - 1));
        let signed = if term < 0.0 { -shifted } else { shifted };
        // At most 2045 >> 5 = 63, so the mask changes nothing but tells the compiler.
        self.bins[(exponent >> SHIFT_BITS) as usize & (BINS - 1)] += signed;
    }

    /// Adds a term times a weight, which is less than 2: a product beyond the largest double counts too.
    #[inline]
    pub(super) fn add_weighted(&mut self, term: f64, weight: f64) {
        let product = term * weight;
        if product.is_infinite() {
            self.add_far(term, weight);
        } else {
            self.add(product);
        }
    }

    /// As [`Self::add_weighted`], for an infinite product.
    #[cold]
    fn add_far(&mut self, term: f64, weight: f64) {
        if term.is_infinite() {
            self.add(term);
            return;
        }
        let half = 0.5 * term * weight;
        self.add(half);
        self.add(half);
    }

    /// Adds every term of another sum.
    pub(super) fn merge(&mut self, other: &Self) {
        for (bin, other) in self.bins.iter_mut().zip(&other.bins) {
            *bin += other;
        }
        self.special += other.special;
    }

    /// The sum, rounded to the nearest double; infinite beyond the largest one.
    pub(super) fn value(&self) -> f64 {
        self.value_in(0)
    }

    /// The sum over a finite divisor that is not 0, also where the sum itself is beyond the largest double.
    ///
    /// A mean of finite terms is finite.
    pub(super) fn over(&self, divisor: f64) -> f64 {
        if !self.is_far() {
            return self.value() / divisor;
        }
        let far = self.value_in(FAR_EXPONENT) / divisor * 2_f64.powi(FAR_EXPONENT);
        far.clamp(-f64::MAX, f64::MAX)
    }

    /// The sum over another, also where one of them or both are beyond the largest double.
    pub(super) fn ratio(&self, other: &Self) -> f64 {
        let exponent = if self.is_far() || other.is_far() { FAR_EXPONENT } else { 0 };
        self.value_in(exponent) / other.value_in(exponent)
    }

    /// Whether finite terms have a sum beyond the largest double.
    fn is_far(&self) -> bool {
        self.special == 0.0 && self.value().is_infinite()
    }

    /// The sum in units of 2^exponent.
    fn value_in(&self, exponent: i32) -> f64 {
        if self.special != 0.0 {
            return self.special;
        }
        let (limbs, negative) = self.magnitude();
        let magnitude = round(&limbs, exponent);
        if negative { -magnitude } else { magnitude }
    }

    /// The absolute value in base 2^32, lowest limb first, and whether the sum is negative.
    fn magnitude(&self) -> ([u32; LIMBS], bool) {
        let (limbs, carry) = carry_up(self.bins.iter().copied());
        if carry >= 0 {
            return (limbs, false);
        }
        (carry_up(self.bins.iter().map(|bin| -bin)).0, true)
    }
}

/// Moves what does not fit into 32 bits upwards; a negative sum leaves a negative last carry.
fn carry_up(bins: impl Iterator<Item = i128>) -> ([u32; LIMBS], i128) {
    let mut limbs = [0; LIMBS];
    let mut carry = 0;
    for (limb, bin) in limbs.iter_mut().zip(bins.chain(std::iter::repeat(0))) {
        let sum = bin + carry;
        *limb = sum as u32;
        carry = sum >> BIN_BITS;
    }
    (limbs, carry)
}

/// The double nearest to a number in base 2^32 whose lowest limb counts in units of 2^-1074; in units of 2^unit.
fn round(limbs: &[u32; LIMBS], unit: i32) -> f64 {
    let Some(top) = limbs.iter().rposition(|&limb| limb != 0) else { return 0.0 };
    let bottom = top.saturating_sub(2);
    let (lower, upper) = limbs.split_at(bottom);
    let leading =
        upper.iter().take(3).rev().fold(0_u128, |sum, &limb| sum << BIN_BITS | u128::from(limb));
    // Whatever lies below only matters for whether the leading bits are exactly half way.
    let sticky = u128::from(lower.iter().any(|&limb| limb != 0));
    let exponent = LOWEST + bottom as i32 * BIN_BITS as i32 - unit;
    scale((leading | sticky) as f64, exponent)
}

/// `x * 2^exponent`, in two steps because 2^exponent itself may not be a double.
fn scale(x: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    x * 2_f64.powi(half) * 2_f64.powi(exponent - half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exact(terms: &[f64]) -> f64 {
        let mut sum = ExactSum::new();
        for &term in terms {
            sum.add(term);
        }
        assert_eq!(ExactSum::of(terms.iter().copied()).to_bits(), sum.value().to_bits());
        sum.value()
    }

    #[test]
    fn keeps_what_rounding_loses() {
        assert_eq!(exact(&[1e300, 1.0, -1e300]), 1.0);
        assert_eq!(exact(&[1e16, 1.0, 1.0, -1e16, 5e-324, -1.0]), 1.0);
        assert_eq!(exact(&[0.1; 10]), 1.0);
        assert_eq!(exact(&[-1e-300, 1e300, -1e300]), -1e-300);
        assert_eq!(exact(&[5e-324, 5e-324, 5e-324]), 1.5e-323);
        assert_eq!(exact(&[f64::MAX, f64::MAX, -f64::MAX]), f64::MAX);
    }

    #[test]
    fn ties_round_to_even_unless_something_lies_below() {
        let half = f64::EPSILON / 2.0;
        assert_eq!(exact(&[1.0, half, 0.0]), 1.0);
        assert_eq!(exact(&[1.0, half, 1e-300]), 1.0 + f64::EPSILON);
        assert_eq!(exact(&[-1.0, -half, -1e-300]), -1.0 - f64::EPSILON);
    }

    #[test]
    fn a_mean_of_finite_terms_is_finite() {
        let sum = |terms: &[f64]| {
            let mut sum = ExactSum::new();
            for &term in terms {
                sum.add(term);
            }
            sum
        };
        for count in 1..70 {
            let all = sum(&vec![f64::MAX; count]);
            let mean = all.over(count as f64);
            assert!(mean > 0.999_999 * f64::MAX && mean.is_finite(), "{count}: {mean}");
            assert_eq!(all.ratio(&all), 1.0);
            assert_eq!(sum(&vec![-f64::MAX; count]).over(count as f64), -mean);
        }
        assert_eq!(sum(&[1.0, 2.0]).over(2.0), 1.5);
        assert_eq!(sum(&[f64::INFINITY, 1.0]).over(2.0), f64::INFINITY);
        assert_eq!(sum(&[f64::MAX, f64::MAX]).ratio(&sum(&[f64::MAX])), 2.0);
        assert_eq!(sum(&[f64::MAX]).ratio(&sum(&[f64::MAX, f64::MAX])), 0.5);
    }

    #[test]
    fn a_product_beyond_the_largest_double_counts() {
        let mut sum = ExactSum::new();
        let far = 2_f64.powi(1023);
        sum.add_weighted(far, 1.75);
        sum.add_weighted(far, 1.25);
        assert_eq!(sum.value(), f64::INFINITY);
        sum.add_weighted(-far, 1.5);
        assert_eq!(sum.value(), 1.5 * far);
        sum.add_weighted(f64::INFINITY, 1.5);
        assert_eq!(sum.value(), f64::INFINITY);
    }

    #[test]
    fn what_is_not_finite_stays_so_in_any_order() {
        assert_eq!(exact(&[f64::MAX, f64::MAX, f64::MAX]), f64::INFINITY);
        assert_eq!(exact(&[1.0, f64::NEG_INFINITY, 2.0]), f64::NEG_INFINITY);
        assert!(exact(&[f64::INFINITY, 1.0, f64::NEG_INFINITY]).is_nan());
        assert!(exact(&[1.0, f64::NAN, 2.0]).is_nan());
        assert_eq!(exact(&[]), 0.0);
    }

    proptest! {
        /// Sums of integers below 2^53 are known exactly, so any lost or doubled carry shows.
        #[test]
        fn equals_integer_arithmetic(terms in prop::collection::vec(-1_000_000_000_000_i64..1_000_000_000_000, 0..200)) {
            let floats: Vec<f64> = terms.iter().map(|&term| term as f64).collect();
            prop_assert_eq!(exact(&floats), terms.iter().sum::<i64>() as f64);
        }

        #[test]
        fn any_split_and_order_gives_the_same_bits(
            terms in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL, 0..100),
            at in 0_usize..100,
        ) {
            let (left, right) = terms.split_at(at.min(terms.len()));
            let mut merged = ExactSum::new();
            right.iter().rev().for_each(|&term| merged.add(term));
            let mut other = ExactSum::new();
            for &term in left {
                other.add(term);
            }
            merged.merge(&other);
            prop_assert_eq!(merged.value().to_bits(), exact(&terms).to_bits());
        }
    }
}
