//! The standard deviation of the logarithm of the amount.

use std::hint::select_unpredictable as select;

use super::{
    constants::SIGMA_FLOOR, dispatch::dispatch, exp::exp_negative_floored, softplus::softplus_from,
};

/// The sigma that is used where `sigma` is given: `max(sigma, sqrt(1e-7))`.
///
/// A negative sigma is no standard deviation and gives NaN; NaN stays NaN.
#[inline(always)]
pub fn floor_sigma(sigma: f64) -> f64 {
    let floored = select(sigma < SIGMA_FLOOR, SIGMA_FLOOR, sigma);
    select(sigma < 0.0, f64::NAN, floored)
}

/// The sigma of a model's raw output: `max(softplus(raw_sigma), sqrt(1e-7))`.
#[inline(always)]
pub fn sigma_from_raw(raw_sigma: f64) -> f64 {
    finish(raw_sigma, begin(raw_sigma))
}

/// `e^-|raw_sigma|`.
#[inline(always)]
fn begin(raw_sigma: f64) -> f64 {
    // What differs from the exponential is far below the floor, or beside a large number nothing.
    exp_negative_floored(-raw_sigma.abs())
}

/// Sigma from what [`begin`] returns.
#[inline(always)]
fn finish(raw_sigma: f64, begun: f64) -> f64 {
    // Never negative, so that there is no NaN to make.
    let sigma = softplus_from(raw_sigma, begun);
    select(sigma < SIGMA_FLOOR, SIGMA_FLOOR, sigma)
}

/// [`floor_sigma`] of each value.
pub(crate) fn floor_sigmas(sigma: &[f64], out: &mut [f64]) {
    dispatch(
        #[inline(always)]
        || {
            for (to, &sigma) in out.iter_mut().zip(sigma) {
                *to = floor_sigma(sigma);
            }
        },
    );
}

/// [`sigma_from_raw`] of each value, in two loops, which are faster than one: a processor looks only so far ahead, and sees
/// more rows of a short loop.
pub(crate) fn sigmas_from_raw(raw_sigma: &[f64], out: &mut [f64]) {
    dispatch(
        #[inline(always)]
        || {
            for (to, &raw) in out.iter_mut().zip(raw_sigma) {
                *to = begin(raw);
            }
            for (to, &raw) in out.iter_mut().zip(raw_sigma) {
                *to = finish(raw, *to);
            }
        },
    );
}
