//! The exponential function minus one.

use std::hint::select_unpredictable as select;

use super::exp::{Reduced, reduce};

/// `e^x - 1` for `x <= 0`, without the cancellation of computing it so near 0.
///
/// Within 2 ulp. `-inf` gives -1, NaN stays NaN.
#[inline(always)]
pub(crate) fn exp_m1_negative(x: f64) -> f64 {
    // Below -40 the result is -1 to the last bit. The comparison lets NaN pass.
    let Reduced { tail, n } = reduce(select(x < -40.0, -40.0, x), -0.0);
    // With e^x = 2^n e^r and tail = e^r - 1.
    let power = n.power_of_two(0);
    tail.mul_add(power, power - 1.0)
}

#[cfg(test)]
mod tests {
    use super::exp_m1_negative;

    #[test]
    fn close_to_the_standard_library() {
        for i in 0..100_000 {
            let x = -f64::from(i) * 5e-4 - 1e-9;
            let (got, expected) = (exp_m1_negative(x), x.exp_m1());
            assert!(((got - expected) / expected).abs() < 4e-16, "{x}: {got} {expected}");
        }
        for x in [-1e-300, -1e-20, -1e-8, -0.346_573_590_279_972_6] {
            let (got, expected) = (exp_m1_negative(x), x.exp_m1());
            assert!(((got - expected) / expected).abs() < 4e-16, "{x}: {got} {expected}");
        }
    }

    #[test]
    #[allow(clippy::float_cmp)]
    fn ends() {
        assert_eq!(exp_m1_negative(0.0), 0.0);
        assert_eq!(exp_m1_negative(-1e300), -1.0);
        assert_eq!(exp_m1_negative(f64::NEG_INFINITY), -1.0);
        assert!(exp_m1_negative(f64::NAN).is_nan());
    }
}
