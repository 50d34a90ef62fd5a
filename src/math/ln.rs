//! The natural logarithm.

use std::hint::select_unpredictable as select;

use super::{
    exp::{LN_2_HIGH, LN_2_LOW, TWO_TO_54},
    polynomial::polynomial,
};

/// `(2 atanh(s) - 2 s) / s^3` as a polynomial of `s^2` on `|s| <= 1/5`; minimax, 0.003 ulp of the logarithm.
const COEFFICIENTS: [f64; 8] = [
    0.666_666_666_666_666,
    0.400_000_000_000_548_14,
    0.285_714_285_561_609_55,
    0.222_222_242_670_577_1,
    0.181_816_673_026_972_05,
    0.153_910_732_514_764_56,
    0.131_741_493_971_097_88,
    0.138_398_466_044_897_86,
];

/// `ln x`.
///
/// At most 0.92 ulp from the exact value (measured) over the whole range, subnormal arguments included. `ln 0`
/// is `-inf` for either zero, a negative number gives NaN, `ln(inf)` is infinite, NaN stays NaN.
///
/// `x = 2^k m` with `m` from 3/4 to 3/2, and `ln m = 2 atanh((m - 1) / (m + 1))`, summed as in Sun's fdlibm.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    let result = ln_positive(x);
    let outside = select(x == 0.0, f64::NEG_INFINITY, f64::NAN);
    select(x > 0.0, result, outside)
}

/// `ln x` for `x > 0` or NaN, with the bits of [`ln`]; any number for `x <= 0`.
#[inline(always)]
pub(crate) fn ln_positive(x: f64) -> f64 {
    let subnormal = x < f64::MIN_POSITIVE;
    let normal = select(subnormal, x * TWO_TO_54, x);
    let Decomposed { f, k } = decompose(normal);
    let result = ln_1p_scaled(f, k - select(subnormal, 54.0, 0.0));
    // Infinity, and NaN, are their own logarithm.
    select(x < f64::INFINITY, result, x)
}

/// A number as `2^k (1 + f)`, with `k` an integer and `f` from -1/4 to 1/2.
#[derive(Clone, Copy)]
pub(crate) struct Decomposed {
    pub(crate) f: f64,
    pub(crate) k: f64,
}

/// Decomposes a positive, normal number.
#[inline(always)]
pub(crate) fn decompose(x: f64) -> Decomposed {
    const TWO_TO_52: f64 = 4_503_599_627_370_496.0;
    const FRACTION: u64 = (1 << 52) - 1;
    const THREE_QUARTERS: u64 = 0.75_f64.to_bits();
    const SHIFT: u64 = 1.0_f64.to_bits() - THREE_QUARTERS;
    let bits = x.to_bits().wrapping_add(SHIFT);
    // The exponent field as the lowest bits of a double is an integer's value.
    let k = f64::from_bits((bits >> 52) | TWO_TO_52.to_bits()) - (TWO_TO_52 + 1023.0);
    let f = f64::from_bits((bits & FRACTION) + THREE_QUARTERS) - 1.0;
    Decomposed { f, k }
}

/// Decomposes `1 + u` for `u` from 0 to 1, exactly.
#[inline(always)]
pub(crate) fn decompose_1p(u: f64) -> Decomposed {
    let high = u > 0.5;
    // 1 + u = 2 (1 + (u - 1) / 2), and both operations are exact.
    let f = select(high, (u - 1.0) * 0.5, u);
    Decomposed { f, k: select(high, 1.0, 0.0) }
}

/// `ln(2^k (1 + f))` for an integer `k` and `f` from -1/3 to 1/2.
#[inline(always)]
pub(crate) fn ln_1p_scaled(f: f64, k: f64) -> f64 {
    let s = f / (2.0 + f);
    let z = s * s;
    let half_square = 0.5 * (f * f);
    let rest = z.mul_add(polynomial(z, COEFFICIENTS), half_square);
    let low = s.mul_add(rest, k * LN_2_LOW);
    k.mul_add(LN_2_HIGH, f - (half_square - low))
}
