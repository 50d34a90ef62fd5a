//! The expected lifetime value.

use std::hint::select_unpredictable as select;

use super::{
    column::Params,
    exp::{exp, exp_negative_floored},
    pay_amount::log_pay_amount,
    rows::map_params,
};

/// The expected lifetime value of one row; see [`expected_ltv`].
#[inline(always)]
pub fn expected_ltv_row(logit: f64, mu: f64, sigma: f64) -> f64 {
    // p = e^min(logit, 0) / (1 + e^-|logit|): one exponential for p's numerator and the amount, so that a
    // vanishing p and an overflowing amount meet as exponents.
    let numerator = exp_capped_sum(log_pay_amount(mu, sigma), select(logit < 0.0, logit, 0.0));
    numerator / (1.0 + exp_negative_floored(-logit.abs()))
}

/// `e^(a + b)` for `b <= 0`, and 0 where `b = -inf`, whatever `a`.
#[inline(always)]
pub(crate) fn exp_capped_sum(a: f64, b: f64) -> f64 {
    let a = select(a > f64::MAX, f64::MAX, a);
    exp(a + b)
}

/// The expected lifetime value: the mean of the distribution.
///
/// # Formula
/// `p exp(mu + sigma^2 / 2)` with `p = sigmoid(logit)`.
///
/// Source: Wang, Liu and Miao (2019), arXiv 1912.07753, section 3.
///
/// ```
/// use ziln::math::{Column, Params, Spread, expected_ltv};
///
/// let params = Params {
///     logit: Column::Scalar(0.0),
///     mu: Column::F64(&[0.0, f64::NAN]),
///     spread: Spread::Sigma(Column::Scalar(1.0)),
/// };
/// let mut out = [0.0; 2];
/// expected_ltv(&params, &mut out);
/// assert!((out[0] - 0.5 * 0.5_f64.exp()).abs() < 1e-15);
/// assert!(out[1].is_nan());
/// ```
pub fn expected_ltv(params: &Params<'_>, out: &mut [f64]) {
    map_params(
        params,
        out,
        #[inline(always)]
        |logit, mu, sigma| expected_ltv_row(logit, mu, sigma),
    );
}
