//! The loss of a prediction.

use std::hint::select_unpredictable as select;

use super::{
    column::{Column, Params},
    constants::LN_2PI_HALF,
    exp::exp_negative,
    ln::{ln_1p_scaled, ln_positive, split, split_1p},
    rows::map_first_and_params_in_two,
};

/// The loss of one row; see [`loss`].
#[inline(always)]
pub fn loss_row(label: f64, logit: f64, mu: f64, sigma: f64) -> f64 {
    finish(begin(label, logit), label, logit, mu, sigma)
}

/// `e^-|logit|` and the logarithm of the label.
#[inline(always)]
fn begin(label: f64, logit: f64) -> (f64, f64) {
    (exp_negative(-logit.abs()), ln_positive(label))
}

/// The loss of one row from what [`begin`] returns.
#[inline(always)]
fn finish((e, log_label): (f64, f64), label: f64, logit: f64, mu: f64, sigma: f64) -> f64 {
    let unpaid = label <= 0.0;
    // softplus(t) = max(t, 0) + ln(1 + e^-|t|), and the logarithm takes sigma along where one is paid: ln(sigma
    // (1 + e^-|t|)), halved lest it overflow.
    let t = select(unpaid, logit, -logit);
    let alone = split_1p(e);
    let joint = split((0.5 + 0.5 * e) * sigma);
    let log =
        ln_1p_scaled(select(unpaid, alone.f, joint.f), select(unpaid, alone.k, joint.k + 1.0));
    let classification = select(t < 0.0, 0.0, t) + log;

    let z = (log_label - mu) / sigma;
    let amount = log_label + LN_2PI_HALF + 0.5 * (z * z);
    let amount = select(sigma < f64::INFINITY, amount, log_label + sigma);
    let total = classification + select(unpaid, 0.0, amount);
    // Where nothing is paid mu and sigma do not matter, but a NaN among them must not pass for a loss.
    select(mu.is_nan() | sigma.is_nan(), f64::NAN, total)
}

/// The negative log-likelihood of each label, in nats.
///
/// # Formula
/// With `y` the label:
/// - `y <= 0`, not paying: `softplus(logit)`;
/// - `y > 0`: `softplus(-logit) + ln y + ln sigma + ln(2 pi)/2 + (ln y - mu)^2 / (2 sigma^2)`.
///
/// An infinite label has an infinite loss.
///
/// Source: Wang, Liu and Miao (2019), arXiv 1912.07753, equation 4.
///
/// ```
/// use ziln::math::{Column, Params, Spread, loss};
///
/// let params = Params {
///     logit: Column::F64(&[0.1, 0.4]),
///     mu: Column::F64(&[0.2, 0.5]),
///     spread: Spread::RawSigma(Column::F64(&[0.3, 0.6])),
/// };
/// let mut out = [0.0; 2];
/// loss(Column::F64(&[0.0, 1.5]), &params, &mut out);
/// assert!((out[0] - 0.744_396_660_073_570_9).abs() < 1e-15);
/// assert!((out[1] - 1.878_372_591_259_488_4).abs() < 1e-15);
/// ```
pub fn loss(label: Column<'_>, params: &Params<'_>, out: &mut [f64]) {
    map_first_and_params_in_two(
        label,
        params,
        out,
        #[inline(always)]
        |label, logit| begin(label, logit),
        #[inline(always)]
        |begun, label, logit, mu, sigma| finish(begun, label, logit, mu, sigma),
    );
}
