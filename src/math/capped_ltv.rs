//! The expected lifetime value, each customer's counted up to a cap.

use std::hint::select_unpredictable as select;

use super::{
    column::{Column, Params},
    exp::exp_negative,
    expected_ltv::exp_capped_sum,
    ln::ln,
    norm_cdf::{gaussian, scaled_tail},
    pay_amount::log_pay_amount,
    rows::map_first_and_params,
};

/// The capped value of one row; see [`capped_ltv`].
#[inline(always)]
pub fn capped_ltv_row(cap: f64, logit: f64, mu: f64, sigma: f64) -> f64 {
    let unlikely = logit < 0.0;
    // p is root_p^2 / (1 + root^2): a p too small for a double can still be multiplied by a large cap.
    let root = exp_negative(-0.5 * logit.abs());
    let root_p = select(unlikely, root, 1.0);
    // p m, but for the same denominator.
    let mean = exp_capped_sum(log_pay_amount(mu, sigma), select(unlikely, logit, 0.0));

    let w = (ln(cap) - mu) / sigma;
    let v = w - sigma;
    // m phi(v) = c phi(w): the mean times its tail is finite even where the mean is not, and a difference of tails is
    // taken before either is rounded to the size of a mean.
    let density = cap * gaussian(w.abs()) * root_p * root_p;
    let (mean_tail, cap_tail) = (scaled_tail(v.abs()), scaled_tail(w.abs()));
    let tails = select(v > 0.0, -mean_tail, mean_tail) + select(w > 0.0, cap_tail, -cap_tail);
    let whole = select(v > 0.0, mean, select(w > 0.0, 0.0, cap * root_p * root_p));

    let sum = select(cap == f64::INFINITY, mean, density.mul_add(tails, whole));
    let value = sum / root.mul_add(root, 1.0);
    // Nothing is below a cap of 0 or less, but a NaN must not pass for something.
    select((cap <= 0.0) & !mean.is_nan() & !logit.is_nan(), cap, value)
}

/// The expectation of the smaller of the value and a cap: what a customer is worth to a bidder who counts at most
/// `cap`.
///
/// # Formula
/// `E[min(Y, c)] = p (m Phi((ln c - mu - sigma^2) / sigma) + c Phi(-(ln c - mu) / sigma))` with `p =
/// sigmoid(logit)` and `m = exp(mu + sigma^2 / 2)`. An infinite cap gives the expected lifetime value; a cap of
/// 0 or less is always the smaller and gives itself.
///
/// Computed from the scaled tail `R(a) = e^(a^2/2) Phi(-a)`, because `m phi(w - sigma) = c phi(w)` with
/// `w = (ln c - mu) / sigma`: no product of an overflowing mean and a vanishing tail.
///
/// ```
/// use ziln::math::{Column, Params, Spread, capped_ltv, expected_ltv};
///
/// let params = Params {
///     logit: Column::Scalar(0.0),
///     mu: Column::Scalar(1.0),
///     spread: Spread::Sigma(Column::Scalar(0.5)),
/// };
/// let (mut mean, mut capped) = ([0.0], [0.0; 2]);
/// expected_ltv(&params, &mut mean);
/// capped_ltv(Column::F64(&[3.0, f64::INFINITY]), &params, &mut capped);
/// assert!(capped[0] < mean[0]);
/// assert!((capped[1] - mean[0]).abs() < 1e-15);
/// ```
pub fn capped_ltv(cap: Column<'_>, params: &Params<'_>, out: &mut [f64]) {
    map_first_and_params(
        cap,
        params,
        out,
        #[inline(always)]
        |cap, logit, mu, sigma| capped_ltv_row(cap, logit, mu, sigma),
    );
}
