//! The loss of a prediction.

use std::hint::select_unpredictable as select;

use super::{
    column::{BLOCK, Blocks, Column, Convert, ParamBlocks, Params},
    constants::LN_2PI_HALF,
    dispatch::dispatch,
    exp::exp_negative,
    ln::{decompose, ln_1p_scaled, ln_positive},
    payers::Payers,
    softplus::softplus_from,
};

/// The loss of one row; see [`loss`].
#[inline(always)]
pub fn loss_row(label: f64, logit: f64, mu: f64, sigma: f64) -> f64 {
    let e = exp_negative(-logit.abs());
    let unpaid = unpaid_row(logit, e, mu, sigma);
    select(label <= 0.0, unpaid, paid_row(ln_positive(label), logit, e, mu, sigma))
}

/// The loss where nothing is paid; `e` is `e^-|logit|`, and `spread` NaN where sigma is.
#[inline(always)]
fn unpaid_row(logit: f64, e: f64, mu: f64, spread: f64) -> f64 {
    // Neither mu nor sigma matters, but a NaN among them must not pass for a loss.
    select(mu.is_nan() | spread.is_nan(), f64::NAN, softplus_from(logit, e))
}

/// The loss of a payer; `e` is `e^-|logit|`.
#[inline(always)]
fn paid_row(log_label: f64, logit: f64, e: f64, mu: f64, sigma: f64) -> f64 {
    // softplus(-logit) + ln sigma, as max(-logit, 0) and one logarithm: ln(sigma (1 + e^-|logit|)), halved lest it
    // overflow.
    let joint = decompose(0.5_f64.mul_add(e, 0.5) * sigma);
    let log = select(logit > 0.0, 0.0, -logit) + ln_1p_scaled(joint.f, joint.k + 1.0);
    let z = (log_label - mu) / sigma;
    let amount = (0.5 * z).mul_add(z, log_label + LN_2PI_HALF);
    let amount = select(sigma < f64::INFINITY, amount, log_label + sigma);
    select(mu.is_nan(), f64::NAN, log + amount)
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
    let mut label = Blocks::new(label);
    let (mut params, sigma_from_spread) = ParamBlocks::unconverted(params);
    let mut payers = Payers::new();
    let mut e = [0.0; BLOCK];
    let mut paid = PaidBlock::new();
    for (block, out) in out.chunks_mut(BLOCK).enumerate() {
        let label = label.rows(block * BLOCK, out.len());
        let (logit, mu, spread) = params.rows(block * BLOCK, out.len());
        let e = &mut e[..out.len()];
        exp_of_minus_magnitude(logit, e);
        payers.find(label);
        if payers.count() < out.len() {
            unpaid(logit, e, mu, spread, out);
        }
        if payers.count() > 0 {
            let losses = paid.loss(&payers, [label, logit, e, mu, spread], sigma_from_spread);
            payers.scatter(losses, out);
        }
    }
}

/// `e^-|logit|` of each row.
fn exp_of_minus_magnitude(logit: &[f64], out: &mut [f64]) {
    dispatch(
        #[inline(always)]
        || {
            for (to, &logit) in out.iter_mut().zip(logit) {
                *to = exp_negative(-logit.abs());
            }
        },
    );
}

/// The loss of each row as if it did not pay.
fn unpaid(logit: &[f64], e: &[f64], mu: &[f64], spread: &[f64], out: &mut [f64]) {
    dispatch(
        #[inline(always)]
        || {
            let inputs = logit.iter().zip(e).zip(mu).zip(spread);
            for (to, (((&logit, &e), &mu), &spread)) in out.iter_mut().zip(inputs) {
                *to = unpaid_row(logit, e, mu, spread);
            }
        },
    );
}

/// What is computed of the payers of a block.
#[derive(Debug)]
struct PaidBlock {
    /// Label, logit, e, mu and spread.
    gathered: [[f64; BLOCK]; 5],
    sigma: [f64; BLOCK],
}

impl PaidBlock {
    fn new() -> Self {
        Self { gathered: [[1.0; BLOCK]; 5], sigma: [1.0; BLOCK] }
    }

    /// The loss of each payer, and of what follows them.
    fn loss(
        &mut self,
        payers: &Payers,
        columns: [&[f64]; 5],
        sigma_from_spread: Option<Convert>,
    ) -> &[f64] {
        let [label, logit, e, mu, spread] = payers.gather(columns, &mut self.gathered);
        let sigma = match sigma_from_spread {
            None => spread,
            Some(convert) => {
                let sigma = &mut self.sigma[..spread.len()];
                convert(spread, sigma);
                sigma
            }
        };
        dispatch(
            #[inline(always)]
            || {
                for label in label.iter_mut() {
                    *label = ln_positive(*label);
                }
            },
        );
        dispatch(
            #[inline(always)]
            || {
                let inputs = logit.iter().zip(&*e).zip(&*mu).zip(&*sigma);
                for (label, (((&logit, &e), &mu), &sigma)) in label.iter_mut().zip(inputs) {
                    *label = paid_row(*label, logit, e, mu, sigma);
                }
            },
        );
        label
    }
}
