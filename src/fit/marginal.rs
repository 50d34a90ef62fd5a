//! The marginal fit that training starts from: the best model that ignores the features.

use super::pack::Packed;
use crate::math::{LN_2PI_HALF, exp, exp_m1_negative, ln, softplus};

/// What is known of sigma before the payers are seen: as if there were so many more, whose ln(label) lie this far from mu.
///
/// One payer, or equal amounts, say nothing of how amounts spread.
pub(super) const IMAGINED_PAYERS: f64 = 1.5;
pub(super) const IMAGINED_SPREAD: f64 = 1.0;

/// Intercepts of the three heads, and which parts there is anything to learn in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Marginal {
    pub(super) logit: f64,
    pub(super) mu: f64,
    pub(super) raw_sigma: f64,
    /// The standard deviation of the logarithm of the amount, imagined payers included.
    pub(super) sigma: f64,
    /// The mean amount of a payer, in units of `exp(mu)`.
    pub(super) mean_amount: f64,
    /// Whether some rows pay and some do not.
    pub(super) mixed: bool,
    /// Whether the amounts differ.
    pub(super) amounts_differ: bool,
    /// The mean loss of these intercepts alone.
    pub(super) loss: f64,
}

/// The marginal fit.
///
/// Where every row pays the paying rate is `1 - 1/(2(n+1))` for `n` rows. The variance of the logarithm of the amount is
/// that of the payers and the imagined ones.
pub(super) fn marginal(packed: &Packed, rows: usize, payers: usize) -> Marginal {
    let clip = 0.5 / (rows as f64 + 1.0);
    let rate = (packed.payer_weight_sum / packed.weight_sum).clamp(1e-9, 1.0 - clip);
    let (mu, variance) = log_amount_moments(packed);
    let count = packed.payer_weight_sum * packed.repeats;
    let imagined = IMAGINED_PAYERS * IMAGINED_SPREAD * IMAGINED_SPREAD;
    let sigma = ((variance * count + imagined) / (count + IMAGINED_PAYERS)).sqrt();
    let mut mean_amount = 0.0;
    for_each_payer(packed, |log_amount, weight| mean_amount += weight * exp(log_amount - mu));
    let logit = ln(rate / (1.0 - rate));
    let amount = mu + ln(sigma) + LN_2PI_HALF + 0.5 * variance / (sigma * sigma);
    let paying_share = packed.payer_weight_sum / packed.weight_sum;
    let unpaid = (1.0 - paying_share) * softplus(logit);
    Marginal {
        logit,
        mu,
        raw_sigma: inverse_softplus(sigma),
        sigma,
        mean_amount: mean_amount / packed.payer_weight_sum,
        mixed: payers < rows,
        amounts_differ: variance > 0.0,
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
    use crate::math::SIGMA_FLOOR;

    #[test]
    fn inverse_softplus_inverts() {
        for y in [SIGMA_FLOOR, 1e-2, 0.5, 1.0, 5.0, 29.0, 31.0, 100.0] {
            assert!((softplus(inverse_softplus(y)) / y - 1.0).abs() < 1e-12, "{y}");
        }
    }
}
