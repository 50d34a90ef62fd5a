//! The quantiles of the lifetime value.

use std::hint::select_unpredictable as select;

use super::{
    column::{Column, Params},
    exp::exp,
    norm_quantile::norm_quantile,
    rows::map_first_and_params,
    sigmoid::sigmoid,
};

/// The quantile of one row; see [`quantile`].
#[inline(always)]
pub fn quantile_row(q: f64, logit: f64, mu: f64, sigma: f64) -> f64 {
    let p = sigmoid(logit);
    let above = 1.0 - q;
    // q - (1 - p), from whichever of p and 1 - p is the smaller and so the more accurate.
    let within = select(logit < 0.0, p - above, q - sigmoid(-logit));
    let upper = above / p;
    // The nearer tail of the log-normal part, so that neither end of it loses digits.
    let from_above = upper <= 0.5;
    let z = norm_quantile(select(from_above, upper, within / p));
    let value = exp(sigma.mul_add(select(from_above, -z, z), mu));
    let value = select(within <= 0.0, 0.0, value);
    let value = select((0.0..=1.0).contains(&q), value, f64::NAN);
    select(logit.is_nan() | mu.is_nan() | sigma.is_nan(), f64::NAN, value)
}

/// The value that the customer stays at or below with probability `q`.
///
/// # Formula
/// 0 where `q <= 1 - p`, else `exp(mu + sigma Phi^-1((q - 1 + p) / p))`, with `p = sigmoid(logit)`. `q = 1`
/// gives `inf` where `p > 0`; `q` outside `[0, 1]` gives NaN.
///
/// ```
/// use ziln::math::{Column, Params, Spread, quantile};
///
/// let params = Params {
///     logit: Column::Scalar(0.0),
///     mu: Column::Scalar(1.0),
///     spread: Spread::Sigma(Column::Scalar(0.5)),
/// };
/// // Half of the customers do not pay, and half of those who do pay at most e.
/// let mut out = [0.0; 2];
/// quantile(Column::F64(&[0.5, 0.75]), &params, &mut out);
/// assert_eq!(out[0], 0.0);
/// assert!((out[1] - std::f64::consts::E).abs() < 1e-15);
/// ```
pub fn quantile(q: Column<'_>, params: &Params<'_>, out: &mut [f64]) {
    map_first_and_params(
        q,
        params,
        out,
        #[inline(always)]
        |q, logit, mu, sigma| quantile_row(q, logit, mu, sigma),
    );
}
