//! The probability to pay.

use std::hint::select_unpredictable as select;

use super::{column::Params, rows::map_params, sigmoid::sigmoid};

/// The probability to pay of one row; see [`pay_prob`].
#[inline(always)]
pub fn pay_prob_row(logit: f64, mu: f64, sigma: f64) -> f64 {
    let p = sigmoid(logit);
    select(mu.is_nan() | sigma.is_nan(), f64::NAN, p)
}

/// The probability that a customer pays at all.
///
/// # Formula
/// `p = sigmoid(logit)`. It does not depend on `mu` and `sigma`, but is NaN where one of them is.
pub fn pay_prob(params: &Params<'_>, out: &mut [f64]) {
    map_params(
        params,
        out,
        #[inline(always)]
        |logit, mu, sigma| pay_prob_row(logit, mu, sigma),
    );
}
