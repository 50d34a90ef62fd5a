//! The exponential function.

use std::hint::select_unpredictable as select;

use super::polynomial::polynomial;

/// Adding this to a number below `2^51` in magnitude rounds it to an integer, which then stands in the lowest
/// bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// `2^54` and its inverse: between the smallest normal and the smallest subnormal number.
pub(crate) const TWO_TO_54: f64 = 18_014_398_509_481_984.0;
const TWO_TO_MINUS_54: f64 = 1.0 / TWO_TO_54;

/// The exponent field of 1.
const BIAS: u64 = 1023;

/// `ln 2` in two parts; the first has so few bits that its product with an exponent is exact.
pub(crate) const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
pub(crate) const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// `(e^r - 1 - r) / r^2` on `|r| <= ln(2)/2`; minimax, 0.03 ulp of `e^r`.
const COEFFICIENTS: [f64; 10] = [
    0.500_000_000_000_001_1,
    0.166_666_666_666_664_13,
    0.041_666_666_666_530_704,
    0.008_333_333_333_494_326,
    0.001_388_888_894_350_576,
    0.000_198_412_695_065_870_96,
    2.480_149_321_436_332_8e-5,
    2.755_758_655_039_254_5e-6,
    2.763_021_080_476_358e-7,
    2.499_996_197_743_923e-8,
];

/// Below this, `e^x` is nearer to 0 than to the smallest subnormal: `ln(2^-1075)`.
const UNDERFLOW: f64 = -745.133_219_101_941_1;

/// `e^x`.
///
/// At most 1.1 ulp from the exact value (measured) over the whole range, subnormal results included.
/// `exp(-inf)` is 0, overflow is infinite, NaN stays NaN.
///
/// Cody and Waite's reduction, `x = n ln 2 + r` with `|r| <= ln(2)/2`, and a polynomial for `e^r - 1`.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    // Comparisons written so that NaN passes.
    let bounded = select(x > 710.0, 710.0, x);
    let underflow = bounded < UNDERFLOW;
    // Not left to the multiplication: processors are slow to make a number that is too small.
    let bounded = select(underflow, 0.0, bounded);
    let Reduced { tail, n } = reduce(bounded, -0.0);
    let result = scale(1.0 + tail, n);
    select(underflow, 0.0, result)
}

/// `e^x` for `x <= 0`, with the bits of [`exp`].
#[inline(always)]
pub(crate) fn exp_negative(x: f64) -> f64 {
    // Adding -0.0 changes nothing, and the compiler knows it.
    exp_negative_sum(x, -0.0)
}

/// `e^x` for `x <= 0`, with the bits of [`exp`] down to `e^-700`, and that below: for sums with numbers beside which
/// neither counts. Without results too small for normal numbers there is less to do.
#[inline(always)]
pub(crate) fn exp_negative_floored(x: f64) -> f64 {
    let Reduced { tail, n } = reduce(select(x < -700.0, -700.0, x), -0.0);
    (1.0 + tail) * n.power_of_two(0)
}

/// `e^(x + low)` for `x <= 0`, where `low` is what was rounded off when `x` was computed (at most 1e-4 in
/// magnitude).
#[inline(always)]
pub(crate) fn exp_negative_sum(x: f64, low: f64) -> f64 {
    let underflow = x < UNDERFLOW;
    let bounded = select(underflow, 0.0, x);
    let Reduced { tail, n } = reduce(bounded, low);
    // Raised by 2^54 the power of two is a normal number, however small the result.
    let result = (1.0 + tail) * n.power_of_two(54) * TWO_TO_MINUS_54;
    select(underflow, 0.0, result)
}

/// An argument of the exponential function as `n ln 2 + r`: `tail` is `e^r - 1`.
pub(crate) struct Reduced {
    pub(crate) tail: f64,
    pub(crate) n: Exponent,
}

/// Splits `x + low` for `x` within -1000 and 1000 and a small `low`.
#[inline(always)]
pub(crate) fn reduce(x: f64, low: f64) -> Reduced {
    let n = Exponent(x.mul_add(std::f64::consts::LOG2_E, ROUND));
    let r = n.value().mul_add(-LN_2_LOW, n.value().mul_add(-LN_2_HIGH, x)) + low;
    let tail = (r * r).mul_add(polynomial(r, COEFFICIENTS), r);
    Reduced { tail, n }
}

/// An integer as the lowest bits of a double: itself plus [`ROUND`].
#[derive(Clone, Copy)]
pub(crate) struct Exponent(f64);

impl Exponent {
    /// The integer.
    #[inline(always)]
    pub(crate) fn value(self) -> f64 {
        self.0 - ROUND
    }

    /// `2^(n + raise)`, which must be a normal number.
    #[inline(always)]
    pub(crate) fn power_of_two(self, raise: i64) -> f64 {
        // The shift leaves of the sum its lowest bits alone, at the place of the exponent.
        f64::from_bits(self.0.to_bits().wrapping_add(BIAS).wrapping_add_signed(raise) << 52)
    }
}

/// `x 2^n` for `n` within -1075 and 1024, rounded once.
///
/// Neither the largest nor the subnormal powers are normal numbers, so the power is moved towards 1, exactly, and
/// the product back.
#[inline(always)]
fn scale(x: f64, n: Exponent) -> f64 {
    let negative = n.value() < 0.0;
    let raise = select(negative, 54, -54);
    let back = select(negative, TWO_TO_MINUS_54, TWO_TO_54);
    x * n.power_of_two(raise) * back
}
