//! What must hold between the functions of the distribution, whatever the parameters.

use proptest::prelude::*;
use ziln::math;

/// Parameters that people have, and then some.
fn params() -> impl Strategy<Value = (f64, f64, f64)> {
    (-30.0..30.0, -10.0..15.0, prop_oneof![0.05..3.0, 0.000_32..0.05, 3.0..12.0])
}

/// Parameters with which `e^(2 t)` does not overflow where the density counts, nor a sum lose its digits.
fn moderate_params() -> impl Strategy<Value = (f64, f64, f64)> {
    (-30.0..30.0, -10.0..15.0, prop_oneof![0.05..4.0, 0.01..0.05])
}

/// Where to look at the amount: standard deviations of its logarithm from the middle.
fn place() -> impl Strategy<Value = f64> {
    -9.0..9.0
}

/// The integral of `f` from `low` to `high` by Simpson's rule.
fn integral(low: f64, high: f64, f: impl Fn(f64) -> f64) -> f64 {
    const STEPS: usize = 4_000;
    let step = (high - low) / STEPS as f64;
    let term = |i: usize| {
        let weight = if i == 0 || i == STEPS { 1.0 } else { 2.0 + 2.0 * (i % 2) as f64 };
        weight * f(low + step * i as f64)
    };
    (0..=STEPS).map(term).sum::<f64>() * step / 3.0
}

/// The density of paying `e^t`, over `t`, from the loss.
fn density(t: f64, (logit, mu, sigma): (f64, f64, f64)) -> f64 {
    (t - math::loss_row(t.exp(), logit, mu, sigma)).exp()
}

fn close(got: f64, expected: f64, tolerance: f64) -> bool {
    (got - expected).abs() <= tolerance * expected.abs() + 1e-300
}

proptest! {
    #[test]
    fn loss_is_a_density_with_these_moments((logit, mu, sigma) in moderate_params()) {
        let params = (logit, mu, sigma);
        let around = |shift: f64| {
            let centre = mu + shift * sigma * sigma;
            (centre - 12.0 * sigma, centre + 12.0 * sigma)
        };
        let (low, high) = around(0.0);
        let paying = integral(low, high, |t| density(t, params));
        prop_assert!(close(paying, math::pay_prob_row(logit, mu, sigma), 1e-9));
        let not_paying = (-math::loss_row(0.0, logit, mu, sigma)).exp();
        prop_assert!(close(paying + not_paying, 1.0, 1e-9));

        let (low, high) = around(1.0);
        let mean = integral(low, high, |t| t.exp() * density(t, params));
        prop_assert!(close(math::expected_ltv_row(logit, mu, sigma), mean, 1e-9));
        let (low, high) = around(2.0);
        let square = integral(low, high, |t| (2.0 * t).exp() * density(t, params));
        let variance = math::variance_row(logit, mu, sigma);
        prop_assert!(close(variance + mean * mean, square, 1e-9));
        prop_assert!(variance >= 0.0);
    }

    #[test]
    fn cdf_and_capped_ltv_are_integrals_of_the_density(
        (logit, mu, sigma) in moderate_params(),
        place in place(),
    ) {
        let params = (logit, mu, sigma);
        let t = mu + place * sigma;
        let low = mu - 14.0 * sigma;
        let up_to = integral(low, t, |t| density(t, params));
        let cdf = math::cdf_row(t.exp(), logit, mu, sigma);
        let not_paying = math::cdf_row(0.0, logit, mu, sigma);
        prop_assert!(close(cdf, not_paying + up_to, 1e-8));

        let below = integral(low.min(t - sigma), t, |t| t.exp() * density(t, params));
        let above = integral(t, t.max(mu) + 14.0 * sigma, |t| density(t, params));
        let capped = math::capped_ltv_row(t.exp(), logit, mu, sigma);
        prop_assert!(close(capped, below + t.exp() * above, 1e-8));
    }

    #[test]
    fn crps_is_the_area_between_the_distribution_functions(
        (logit, mu, sigma) in (-30.0..30.0, -10.0..15.0, 0.01..2.0),
        place in place(),
    ) {
        let t = mu + place * sigma;
        let cdf = |t: f64| math::cdf_row(t.exp(), logit, mu, sigma);
        let above = |t: f64| 1.0 - cdf(t);
        let (low, high) = (mu - 9.0 * sigma, mu + (9.0 + 2.0 * sigma) * sigma);
        // Below `low` nobody pays so little, and the distribution function is what it is at 0.
        let flat = low.min(t).exp() * math::cdf_row(0.0, logit, mu, sigma).powi(2);
        let below = flat + integral(low.min(t), t, |t| t.exp() * cdf(t).powi(2));
        let over = integral(t, high.max(t), |t| t.exp() * above(t).powi(2));
        let crps = math::crps_row(t.exp(), logit, mu, sigma);
        // 1 - cdf loses digits of its own where few pay.
        prop_assert!(
            (crps - below - over).abs() <= 1e-8 * crps + 1e-11 * t.exp(),
            "{crps} {below} {over}"
        );
        prop_assert!(crps >= 0.0);
        // Not paying at all: the area is below every amount.
        let flat = low.exp() * math::pay_prob_row(logit, mu, sigma).powi(2);
        let zero = flat + integral(low, high, |t| t.exp() * above(t).powi(2));
        let crps = math::crps_row(0.0, logit, mu, sigma);
        prop_assert!((crps - zero).abs() <= 1e-8 * crps + 1e-11 * mu.exp(), "{crps} {zero}");
    }

    #[test]
    fn quantile_inverts_cdf((logit, mu, sigma) in params(), q in 0.0..1.0_f64) {
        let x = math::quantile_row(q, logit, mu, sigma);
        let not_paying = math::cdf_row(0.0, logit, mu, sigma);
        prop_assert_eq!(x == 0.0, q <= not_paying);
        if x > 0.0 {
            let back = math::cdf_row(x, logit, mu, sigma);
            prop_assert!((back - q).abs() <= 1e-13 / sigma.min(1.0), "{} {} {}", x, back, q);
        }
    }

    #[test]
    fn cdf_and_quantile_are_monotone(
        (logit, mu, sigma) in params(),
        places in (place(), place()),
        probabilities in (0.0..1.0_f64, 0.0..1.0_f64),
    ) {
        let (low, high) = (places.0.min(places.1), places.0.max(places.1));
        let cdf = |place: f64| math::cdf_row((mu + place * sigma).exp(), logit, mu, sigma);
        // Rounding may disturb the last places, no more.
        prop_assert!(cdf(low) <= cdf(high) * (1.0 + 8.0 * f64::EPSILON));
        prop_assert!((0.0..=1.0).contains(&cdf(low)));
        let (low, high) = (probabilities.0.min(probabilities.1), probabilities.0.max(probabilities.1));
        let quantile = |q: f64| math::quantile_row(q, logit, mu, sigma);
        prop_assert!(quantile(low) <= quantile(high) * (1.0 + 64.0 * f64::EPSILON));
    }

    #[test]
    fn capped_ltv_is_below_cap_and_mean_and_grows((logit, mu, sigma) in params(), place in place()) {
        let cap = (mu + place * sigma).exp();
        let capped = math::capped_ltv_row(cap, logit, mu, sigma);
        let mean = math::expected_ltv_row(logit, mu, sigma);
        let room = 1.0 + 64.0 * f64::EPSILON;
        prop_assert!(capped >= 0.0);
        prop_assert!(capped <= cap * room);
        prop_assert!(capped <= mean * room);
        prop_assert!(capped <= math::capped_ltv_row(cap * 1.5, logit, mu, sigma) * room);
        let all = math::capped_ltv_row(f64::INFINITY, logit, mu, sigma);
        prop_assert!(close(all, mean, 4.0 * f64::EPSILON));
    }

    #[test]
    fn logit_inverts_pay_prob(logit in -700.0..36.0_f64) {
        let p = math::sigmoid(logit);
        let back = math::logit_from_prob(p);
        // Near 1 a probability has few digits of its distance from 1.
        let lost = f64::EPSILON / (1.0 - p);
        prop_assert!((back - logit).abs() <= 4.0 * f64::EPSILON * logit.abs() + 2.0 * f64::EPSILON + lost);
    }
}
