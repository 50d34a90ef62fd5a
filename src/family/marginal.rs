//! The marginal fit that training starts from: the best model that ignores the features.

use crate::math::{LN_2PI_HALF, exp, exp_m1_negative, ln, softplus};

/// What is known of sigma before the payers are seen: as if there were so many more, whose ln(label) lie this far from mu.
///
/// One payer, or equal amounts, say nothing of how amounts spread.
pub(crate) const IMAGINED_PAYERS: f64 = 1.5;
pub(crate) const IMAGINED_SPREAD: f64 = 1.0;

/// Intercepts of the three heads, and which terms of the loss there is anything to learn in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Marginal {
    pub(crate) logit: f64,
    pub(crate) mu: f64,
    pub(crate) raw_sigma: f64,
    /// The standard deviation of the logarithm of the amount, imagined payers included.
    pub(crate) sigma: f64,
    /// The mean amount of a payer, in units of `exp(mu)`.
    pub(crate) mean_amount: f64,
    /// Whether some rows pay and some do not.
    pub(crate) mixed: bool,
    /// Whether the amounts differ.
    pub(crate) amounts_differ: bool,
    /// The mean loss of these intercepts alone.
    pub(crate) loss: f64,
}

/// How many rows there are, and how much they weigh.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SampleSize {
    pub(crate) rows: usize,
    pub(crate) payers: usize,
    /// What the weights of the rows sum to.
    pub(crate) weight: f64,
    /// What the weights of the payers sum to.
    pub(crate) payer_weight: f64,
    /// How many observations a row with the weight 1 stands for.
    pub(crate) repeats: f64,
}

/// The marginal fit of rows whose payers have these logarithms of amounts, each with its weight.
///
/// Where every row pays the paying rate is `1 - 1/(2(n+1))` for `n` rows. The variance of the logarithm of the amount is
/// that of the payers and the imagined ones.
pub(crate) fn marginal(
    size: SampleSize,
    log_amounts: impl Iterator<Item = (f64, f64)> + Clone,
) -> Marginal {
    let clip = 0.5 / (size.rows as f64 + 1.0);
    let rate = (size.payer_weight / size.weight).clamp(1e-9, 1.0 - clip);
    let (mu, variance) = moments(size.payer_weight, &log_amounts);
    let count = size.payer_weight * size.repeats;
    let imagined = IMAGINED_PAYERS * IMAGINED_SPREAD * IMAGINED_SPREAD;
    let sigma = ((variance * count + imagined) / (count + IMAGINED_PAYERS)).sqrt();
    let mut mean_amount = 0.0;
    log_amounts.for_each(|(log_amount, weight)| mean_amount += weight * exp(log_amount - mu));
    let logit = ln(rate / (1.0 - rate));
    let amount = mu + ln(sigma) + LN_2PI_HALF + 0.5 * variance / (sigma * sigma);
    let paying_share = size.payer_weight / size.weight;
    let unpaid = (1.0 - paying_share) * softplus(logit);
    Marginal {
        logit,
        mu,
        raw_sigma: inverse_softplus(sigma),
        sigma,
        mean_amount: mean_amount / size.payer_weight,
        mixed: size.payers < size.rows,
        amounts_differ: variance > 0.0,
        loss: paying_share * (softplus(-logit) + amount) + unpaid,
    }
}

/// The weighted mean and variance of the logarithm of the amount; the variance is 0 only if all are equal.
fn moments(
    weight_sum: f64,
    log_amounts: &(impl Iterator<Item = (f64, f64)> + Clone),
) -> (f64, f64) {
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    log_amounts.clone().for_each(|(log_amount, _)| {
        least = least.min(log_amount);
        most = most.max(log_amount);
    });
    if least >= most {
        return (if least.is_finite() { least } else { 0.0 }, 0.0);
    }
    let middle = 0.5 * (least + most);
    let (mut sum, mut squares) = (0.0, 0.0);
    log_amounts.clone().for_each(|(value, weight)| sum += weight * (value - middle));
    let mean = middle + sum / weight_sum;
    log_amounts.clone().for_each(|(value, weight)| {
        squares += weight * (value - mean) * (value - mean);
    });
    (mean, squares / weight_sum)
}

/// The number whose softplus is `y > 0`.
pub(crate) fn inverse_softplus(y: f64) -> f64 {
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

    #[test]
    fn equal_amounts_leave_the_imagined_spread() {
        let size = SampleSize { rows: 4, payers: 2, weight: 4.0, payer_weight: 2.0, repeats: 1.0 };
        let fit = marginal(size, [(3.0, 1.0), (3.0, 1.0)].into_iter());
        assert_eq!((fit.logit, fit.mu, fit.amounts_differ), (0.0, 3.0, false));
        assert!((fit.sigma - (1.5_f64 / 3.5).sqrt()).abs() < 1e-15);
    }
}
