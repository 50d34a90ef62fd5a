//! The expected amount of a paying customer.

use std::hint::select_unpredictable as select;

use super::{column::Params, exp::exp, rows::map_params};

/// The expected amount of one row; see [`pay_amount`].
#[inline(always)]
pub fn pay_amount_row(logit: f64, mu: f64, sigma: f64) -> f64 {
    let amount = exp(log_pay_amount(mu, sigma));
    select(logit.is_nan(), f64::NAN, amount)
}

/// The logarithm of the expected amount.
#[inline(always)]
pub(crate) fn log_pay_amount(mu: f64, sigma: f64) -> f64 {
    (0.5 * sigma).mul_add(sigma, mu)
}

/// The expected value of a customer who pays: the mean of the log-normal part.
///
/// # Formula
/// `exp(mu + sigma^2 / 2)`. It does not depend on `logit`, but is NaN where that is.
pub fn pay_amount(params: &Params<'_>, out: &mut [f64]) {
    map_params(
        params,
        out,
        #[inline(always)]
        |logit, mu, sigma| pay_amount_row(logit, mu, sigma),
    );
}
