//! The exponential function minus one.

use std::hint::select_unpredictable as select;

use super::exp::{Reduced, reduce, scale};

/// `e^x - 1`, without the cancellation of computing it so near `x = 0`.
///
/// Within 2 ulp over the whole range. `exp_m1(-inf)` is -1, overflow is infinite, NaN stays NaN, zero keeps its sign.
#[inline(always)]
pub fn exp_m1(x: f64) -> f64 {
    // Below -40 the result is -1 to the last bit. Comparisons written so that NaN passes.
    let bounded = select(x > 710.0, 710.0, x);
    let bounded = select(bounded < -40.0, -40.0, bounded);
    let Reduced { tail, n } = reduce(bounded, -0.0);
    // e^x - 1 = 2^n (tail + 1 - 2^-n), where tail = e^r - 1.
    let result = scale(tail + (1.0 - n.inverse_power_of_two()), n);
    select(x == 0.0, x, result)
}
