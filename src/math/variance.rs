//! The variance of the lifetime value.

use std::hint::select_unpredictable as select;

use super::{
    column::Params, exp::exp_negative, exp_m1::exp_m1_negative, expected_ltv::exp_capped_sum,
    rows::map_params,
};

/// The variance of one row; see [`variance`].
#[inline(always)]
pub fn variance_row(logit: f64, mu: f64, sigma: f64) -> f64 {
    let square = sigma * sigma;
    let e = exp_negative(-logit.abs());
    let unlikely = logit < 0.0;
    let p = select(unlikely, e, 1.0) / (1.0 + e);
    let not_p = select(unlikely, 1.0, e) / (1.0 + e);
    // 1 - p e^(-sigma^2), as a sum of positive terms.
    let spread = p.mul_add(-exp_m1_negative(-square), not_p);
    // p e^(2 mu + 2 sigma^2), p's numerator in the exponent.
    let second_moment =
        exp_capped_sum(2.0 * sigma.mul_add(sigma, mu), select(unlikely, logit, 0.0));
    second_moment / (1.0 + e) * spread
}

/// The variance of the distribution.
///
/// # Formula
/// `p exp(2 mu + 2 sigma^2) - expected_ltv^2` with `p = sigmoid(logit)`, computed as
/// `p exp(2 mu + 2 sigma^2) ((1 - p) + p (1 - exp(-sigma^2)))`, where nothing cancels and nothing overflows before
/// the result does.
pub fn variance(params: &Params<'_>, out: &mut [f64]) {
    map_params(
        params,
        out,
        #[inline(always)]
        |logit, mu, sigma| variance_row(logit, mu, sigma),
    );
}
