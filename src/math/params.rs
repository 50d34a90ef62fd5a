//! Parameters from other forms of them.

use std::hint::select_unpredictable as select;

use super::{
    column::{BLOCK, Column, ParamBlocks, Params, Spread},
    dispatch::dispatch,
    ln::{ln, ln_1p_scaled},
};

/// The logit of a probability, `ln(p / (1 - p))`: the inverse of [`sigmoid`](super::sigmoid).
///
/// 0 gives `-inf` and 1 gives `inf`; outside `[0, 1]` it is NaN.
#[inline(always)]
pub fn logit_from_prob(p: f64) -> f64 {
    let rest = 1.0 - p;
    let difference = p - rest;
    // Near 1/2 the ratio is near 1, and its logarithm would lose what rounding it took away.
    let near = ln_1p_scaled(difference / rest, 0.0);
    let far = ln(p / rest);
    select(difference.abs() <= 0.2, near, far)
}

/// Parameters from a probability to pay, mu and sigma: `logit = ln(p / (1 - p))`, sigma floored at `sqrt(1e-7)`.
///
/// A probability outside `[0, 1]` gives a NaN logit, a negative sigma a NaN sigma. Rows are as many as the
/// shortest output has.
///
/// ```
/// use ziln::math::{Column, params_from_prob};
///
/// let (mut logit, mut mu, mut sigma) = ([0.0; 2], [0.0; 2], [0.0; 2]);
/// params_from_prob(
///     Column::F64(&[0.5, 1.5]),
///     Column::Scalar(3.0),
///     Column::Scalar(0.7),
///     &mut logit,
///     &mut mu,
///     &mut sigma,
/// );
/// assert_eq!((logit[0], mu[0], sigma[0]), (0.0, 3.0, 0.7));
/// assert!(logit[1].is_nan());
/// ```
pub fn params_from_prob(
    pay_prob: Column<'_>,
    mu: Column<'_>,
    sigma: Column<'_>,
    out_logit: &mut [f64],
    out_mu: &mut [f64],
    out_sigma: &mut [f64],
) {
    let params = Params { logit: pay_prob, mu, spread: Spread::Sigma(sigma) };
    params_from_logits(&params, out_logit, out_mu, out_sigma);
    let rows = out_logit.len().min(out_mu.len()).min(out_sigma.len());
    logits_from_probs(&mut out_logit[..rows]);
}

/// Replaces each probability by its logit.
fn logits_from_probs(values: &mut [f64]) {
    dispatch(
        #[inline(always)]
        || {
            for value in values {
                *value = logit_from_prob(*value);
            }
        },
    );
}

/// Parameters written out: logit and mu as they are, sigma after softplus (if it was raw) and floor.
///
/// Rows are as many as the shortest output has.
pub fn params_from_logits(
    params: &Params<'_>,
    out_logit: &mut [f64],
    out_mu: &mut [f64],
    out_sigma: &mut [f64],
) {
    let mut params = ParamBlocks::new(params);
    let outputs =
        out_logit.chunks_mut(BLOCK).zip(out_mu.chunks_mut(BLOCK)).zip(out_sigma.chunks_mut(BLOCK));
    for (block, ((out_logit, out_mu), out_sigma)) in outputs.enumerate() {
        let rows = out_logit.len().min(out_mu.len()).min(out_sigma.len());
        let (logit, mu, sigma) = params.rows(block * BLOCK, rows);
        out_logit[..rows].copy_from_slice(logit);
        out_mu[..rows].copy_from_slice(mu);
        out_sigma[..rows].copy_from_slice(sigma);
    }
}
