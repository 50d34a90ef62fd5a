//! The distribution function of the lifetime value.

use std::hint::select_unpredictable as select;

use super::{
    column::{Column, Params},
    ln::ln,
    norm_cdf::upper_tail,
    rows::map_first_and_params,
    sigmoid::sigmoid,
};

/// The distribution function of one row; see [`cdf`].
#[inline(always)]
pub fn cdf_row(x: f64, logit: f64, mu: f64, sigma: f64) -> f64 {
    let p = sigmoid(logit);
    let z = (ln(x) - mu) / sigma;
    let tail = p * upper_tail(z.abs());
    let at_zero = sigmoid(-logit);
    let above_zero = select(z > 0.0, 1.0 - tail, at_zero + tail);
    let value = select(x > 0.0, above_zero, at_zero);
    let value = select(x < 0.0, 0.0, value);
    let unknown = x.is_nan() | logit.is_nan() | mu.is_nan() | sigma.is_nan();
    select(unknown, f64::NAN, value)
}

/// The probability that the value is at most `x`.
///
/// # Formula
/// `(1 - p) + p Phi((ln x - mu) / sigma)` for `x >= 0` and 0 below, with `p = sigmoid(logit)`. `1 - p` and the
/// lower tail of `Phi` are accurate relative to their size, so a probability near 0 is as well.
///
/// ```
/// use ziln::math::{Column, Params, Spread, cdf};
///
/// let params = Params {
///     logit: Column::Scalar(0.0),
///     mu: Column::Scalar(1.0),
///     spread: Spread::Sigma(Column::Scalar(0.5)),
/// };
/// let mut out = [0.0; 3];
/// cdf(Column::F64(&[0.0, std::f64::consts::E, f64::INFINITY]), &params, &mut out);
/// assert_eq!(out, [0.5, 0.75, 1.0]);
/// ```
pub fn cdf(x: Column<'_>, params: &Params<'_>, out: &mut [f64]) {
    map_first_and_params(
        x,
        params,
        out,
        #[inline(always)]
        |x, logit, mu, sigma| cdf_row(x, logit, mu, sigma),
    );
}
