//! The marginal fit that training starts from: the best model that ignores the features.

use super::pack::Packed;
use crate::math::{LN_2PI_HALF, SIGMA_FLOOR, exp_m1_negative, ln, softplus};

/// Intercepts of the three heads, and which parts there is anything to learn in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Marginal {
    pub(super) logit: f64,
    pub(super) mu: f64,
    pub(super) raw_sigma: f64,
    /// The standard deviation of the logarithm of the amount.
    pub(super) sigma: f64,
    /// Whether some rows pay and some do not.
    pub(super) mixed: bool,
    /// Whether the amounts differ.
    pub(super) amounts_differ: bool,
    /// The mean loss of these intercepts alone.
    pub(super) loss: f64,
}

/// The marginal fit.
///
/// Where every row pays the paying rate is `1 - 1/(2(n+1))` for `n` rows. Where all amounts are equal their spread
/// is unknown: the variance of the logarithm is then that of the payers and one imagined payer a distance 1 away,
/// `1/(k+1)` for `k` payers.
pub(super) fn marginal(packed: &Packed, rows: usize, payers: usize) -> Marginal {
    let clip = 0.5 / (rows as f64 + 1.0);
    let rate = (packed.payer_weight_sum / packed.weight_sum).clamp(1e-9, 1.0 - clip);
    let (mu, variance) = log_amount_moments(packed);
    let amounts_differ = variance > 0.0;
    let sigma = if amounts_differ { variance } else { 1.0 / (payers as f64 + 1.0) }.sqrt();
    let logit = ln(rate / (1.0 - rate));
    let floored = sigma.max(SIGMA_FLOOR);
    let half_square = 0.5 * variance / (floored * floored);
    let amount = mu + ln(floored) + LN_2PI_HALF + half_square;
    let paying_share = packed.payer_weight_sum / packed.weight_sum;
    let unpaid = (1.0 - paying_share) * softplus(logit);
    Marginal {
        logit,
        mu,
        raw_sigma: inverse_softplus(floored),
        sigma,
        mixed: payers < rows,
        amounts_differ,
        loss: paying_share * (softplus(-logit) + amount) + unpaid,
    }
}

/// The weighted mean and variance of the logarithm of the amount; the variance is 0 only if all are equal.
fn log_amount_moments(packed: &Packed) -> (f64, f64) {
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for_each_payer(packed, |log_amount, _| {
        least = least.min(log_amount);
        most = most.max(log_amount);
    });
    if least >= most {
        return (if least.is_finite() { least } else { 0.0 }, 0.0);
    }
    let middle = 0.5 * (least + most);
    let total = packed.payer_weight_sum;
    let (mut sum, mut squares) = (0.0, 0.0);
    for_each_payer(packed, |log_amount, weight| sum += weight * (log_amount - middle));
    let mean = middle + sum / total;
    for_each_payer(packed, |log_amount, weight| {
        squares += weight * (log_amount - mean) * (log_amount - mean);
    });
    (mean, squares / total)
}

fn for_each_payer(packed: &Packed, mut f: impl FnMut(f64, f64)) {
    for batch in &packed.batches {
        for payer in 0..batch.payers {
            let log_amount = packed.log_amount.get(batch.first_payer + payer).copied();
            let weight = match &packed.weight {
                Some(weights) => weights.get(batch.start + payer).copied(),
                None => Some(1.0),
            };
            if let (Some(log_amount), Some(weight)) = (log_amount, weight) {
                f(log_amount, weight);
            }
        }
    }
}

/// The number whose softplus is `y > 0`.
pub(super) fn inverse_softplus(y: f64) -> f64 {
    // ln(e^y - 1), in a form that does not overflow.
    y + ln(-exp_m1_negative(-y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_softplus_inverts() {
        for y in [SIGMA_FLOOR, 1e-2, 0.5, 1.0, 5.0, 29.0, 31.0, 100.0] {
            assert!((softplus(inverse_softplus(y)) / y - 1.0).abs() < 1e-12, "{y}");
        }
    }
}
