//! The continuous ranked probability score of a prediction.

use std::hint::select_unpredictable as select;

use super::{
    capped_ltv::capped_ltv_row,
    column::{Column, Params},
    exp::exp_negative,
    expected_ltv::exp_capped_sum,
    norm_cdf::scaled_tail,
    rows::map_first_and_params,
};

/// The score of one row; see [`crps`].
#[inline(always)]
pub fn crps_row(label: f64, logit: f64, mu: f64, sigma: f64) -> f64 {
    let y = select(label < 0.0, 0.0, label);
    let negative = select(logit < 0.0, logit, 0.0);
    let below_one = 1.0 + exp_negative(-logit.abs());
    // 2 p^2 m Phi(-sigma / sqrt 2), where m Phi(-sigma / sqrt 2) = e^(mu + sigma^2/4) R(sigma / sqrt 2).
    let sharpness = 2.0
        * exp_capped_sum((0.25 * sigma).mul_add(sigma, mu), 2.0 * negative)
        * scaled_tail(sigma * std::f64::consts::FRAC_1_SQRT_2)
        / (below_one * below_one);
    // Subtracted one at a time: twice a capped value near the greatest number would overflow.
    let capped = capped_ltv_row(y, logit, mu, sigma);
    let score = ((y - capped) - capped) + sharpness;
    select(y == f64::INFINITY, y + sharpness, score)
}

/// The continuous ranked probability score of each label: the squared distance between the predicted distribution
/// function and the label's own, in the label's units. The smaller the better.
///
/// # Formula
/// With `y` the label (a negative one counts as 0), `Y` and `Y'` independent values of the predicted distribution:
/// `E|Y - y| - E|Y - Y'| / 2`, which is
/// `y - 2 E[min(Y, y)] + 2 p^2 m Phi(-sigma / sqrt 2)` with `p = sigmoid(logit)` and `m = exp(mu + sigma^2 / 2)`.
///
/// Source: Gneiting and Raftery (2007), "Strictly Proper Scoring Rules, Prediction, and Estimation", equation 21.
pub fn crps(label: Column<'_>, params: &Params<'_>, out: &mut [f64]) {
    map_first_and_params(
        label,
        params,
        out,
        #[inline(always)]
        |label, logit, mu, sigma| crps_row(label, logit, mu, sigma),
    );
}
