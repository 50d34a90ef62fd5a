//! Special values: zeros, infinities, NaN, subnormals, and arguments out of range.

// Special values are exact.
#![allow(clippy::float_cmp)]

use ziln::math::{
    self, Column, Params, SIGMA_FLOOR, Spread, exp, floor_sigma, ln, logit_from_prob, norm_cdf,
    norm_quantile, sigma_from_raw, sigmoid, softplus,
};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;
const SMALLEST: f64 = 5e-324;

type RowFunction = fn(f64, f64, f64, f64) -> f64;

/// The functions of `(first, logit, mu, sigma)`, and whether the first argument is one of theirs.
fn functions() -> [(&'static str, RowFunction, bool); 9] {
    [
        ("loss", math::loss_row, true),
        ("cdf", math::cdf_row, true),
        ("quantile", math::quantile_row, true),
        ("capped_ltv", math::capped_ltv_row, true),
        ("crps", math::crps_row, true),
        ("pay_prob", |_, l, m, s| math::pay_prob_row(l, m, s), false),
        ("pay_amount", |_, l, m, s| math::pay_amount_row(l, m, s), false),
        ("expected_ltv", |_, l, m, s| math::expected_ltv_row(l, m, s), false),
        ("variance", |_, l, m, s| math::variance_row(l, m, s), false),
    ]
}

#[test]
fn elementary_functions() {
    assert_eq!(exp(0.0), 1.0);
    assert_eq!(exp(-0.0), 1.0);
    assert_eq!(exp(INF), INF);
    assert_eq!(exp(-INF), 0.0);
    assert_eq!(exp(709.782_712_893_384), 1.797_693_134_862_273_2e308);
    assert_eq!(exp(709.782_712_893_384_1), INF);
    assert_eq!(exp(-745.133_219_101_941_1), SMALLEST);
    assert_eq!(exp(-745.133_219_101_941_3), 0.0);
    assert_eq!(exp(1e300), INF);
    assert_eq!(exp(-1e300), 0.0);
    assert_eq!(exp(SMALLEST), 1.0);

    assert_eq!(ln(1.0).to_bits(), 0);
    assert_eq!(ln(0.0), -INF);
    assert_eq!(ln(-0.0), -INF);
    assert_eq!(ln(INF), INF);
    assert_eq!(ln(SMALLEST), -744.440_071_921_381_2);
    assert_eq!(ln(f64::MAX), 709.782_712_893_384);
    for x in [-SMALLEST, -1.0, -INF] {
        assert!(ln(x).is_nan());
    }

    assert_eq!(softplus(0.0), std::f64::consts::LN_2);
    assert_eq!(softplus(-50.0), 1.928_749_847_963_917_8e-22);
    assert_eq!(softplus(-745.133_219_101_941_1), SMALLEST);
    assert_eq!(softplus(-INF), 0.0);
    assert_eq!(softplus(INF), INF);
    assert_eq!(softplus(1e300), 1e300);

    assert_eq!(sigmoid(0.0), 0.5);
    assert_eq!(sigmoid(-0.0), 0.5);
    assert_eq!(sigmoid(INF), 1.0);
    assert_eq!(sigmoid(-INF), 0.0);
    assert_eq!(sigmoid(-745.133_219_101_941_1), SMALLEST);

    assert_eq!(norm_cdf(0.0), 0.5);
    assert_eq!(norm_cdf(-0.0), 0.5);
    assert_eq!(norm_cdf(INF), 1.0);
    assert_eq!(norm_cdf(-INF), 0.0);
    assert_eq!(norm_cdf(-40.0), 0.0);
    assert_eq!(norm_cdf(40.0), 1.0);

    assert_eq!(norm_quantile(0.5), 0.0);
    assert_eq!(norm_quantile(0.0), -INF);
    assert_eq!(norm_quantile(-0.0), -INF);
    assert_eq!(norm_quantile(1.0), INF);
    for q in [-SMALLEST, 1.0_f64.next_up(), 2.0, -INF, INF] {
        assert!(norm_quantile(q).is_nan(), "{q}");
    }

    assert_eq!(logit_from_prob(0.5), 0.0);
    assert_eq!(logit_from_prob(0.0), -INF);
    assert_eq!(logit_from_prob(1.0), INF);
    for p in [-SMALLEST, 1.0_f64.next_up(), -INF, INF] {
        assert!(logit_from_prob(p).is_nan(), "{p}");
    }

    for function in
        [exp, ln, softplus, sigmoid, norm_cdf, norm_quantile, logit_from_prob, sigma_from_raw]
    {
        assert!(function(NAN).is_nan());
        assert!(function(-NAN).is_nan());
    }
}

#[test]
fn sigma_is_floored() {
    assert_eq!(SIGMA_FLOOR, 1e-7_f64.sqrt());
    assert_eq!(floor_sigma(2.0), 2.0);
    assert_eq!(floor_sigma(INF), INF);
    for sigma in [0.0, -0.0, SMALLEST, SIGMA_FLOOR.next_down(), SIGMA_FLOOR] {
        assert_eq!(floor_sigma(sigma), SIGMA_FLOOR);
    }
    for sigma in [-SMALLEST, -1.0, -INF, NAN] {
        assert!(floor_sigma(sigma).is_nan());
    }
    assert_eq!(sigma_from_raw(-INF), SIGMA_FLOOR);
    assert_eq!(sigma_from_raw(-20.0), SIGMA_FLOOR);
    assert_eq!(sigma_from_raw(INF), INF);
    assert_eq!(sigma_from_raw(0.0), std::f64::consts::LN_2);
}

#[test]
fn nan_in_gives_nan_out() {
    let values = [0.0, -0.0, 0.5, 1.0, 2.0, 800.0, INF, -INF, SMALLEST, -3.0, f64::MAX];
    for (name, function, takes_first) in functions() {
        for a in values {
            for b in values {
                for c in values {
                    let mut cases = vec![[a, NAN, b, c], [a, b, NAN, c], [a, b, c, NAN]];
                    if takes_first {
                        cases.push([NAN, a, b, c]);
                    }
                    for [first, logit, mu, sigma] in cases {
                        let got = function(first, logit, mu, sigma);
                        assert!(got.is_nan(), "{name}({first}, {logit}, {mu}, {sigma}) = {got}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_negative_sigma_gives_nan() {
    for (name, columns) in [
        ("loss", math::loss as fn(Column<'_>, &Params<'_>, &mut [f64])),
        ("expected_ltv", |_, params, out| math::expected_ltv(params, out)),
    ] {
        let params = Params {
            logit: Column::Scalar(0.0),
            mu: Column::Scalar(0.0),
            spread: Spread::Sigma(Column::F64(&[-1.0, -0.0])),
        };
        let mut out = [0.0; 2];
        columns(Column::Scalar(0.0), &params, &mut out);
        assert!(out[0].is_nan(), "{name}");
        assert!(out[1].is_finite(), "{name}");
    }
}

#[test]
fn params_from_other_forms() {
    const ROWS: usize = math::BLOCK + 70;
    let probability: Vec<f64> = (0..ROWS).map(|row| row as f64 / (ROWS - 1) as f64).collect();
    let sigma: Vec<f64> = (0..ROWS).map(|row| row as f64 - 3.0).collect();
    // One row fewer in one output, and the others' last row is left as it was.
    let (mut logit, mut mu, mut out_sigma) =
        (vec![7.0; ROWS], vec![7.0; ROWS - 1], vec![7.0; ROWS]);
    math::params_from_prob(
        Column::F64(&probability),
        Column::Scalar(2.0),
        Column::F64(&sigma),
        &mut logit,
        &mut mu,
        &mut out_sigma,
    );
    for row in 0..ROWS - 1 {
        assert_eq!(logit[row], logit_from_prob(probability[row]));
        assert!((sigmoid(logit[row]) - probability[row]).abs() < 2e-16);
        assert_eq!(mu[row], 2.0);
        assert_eq!(out_sigma[row].to_bits(), floor_sigma(sigma[row]).to_bits());
    }
    assert_eq!((logit[ROWS - 1], out_sigma[ROWS - 1]), (7.0, 7.0));

    let params = Params {
        logit: Column::F64(&probability),
        mu: Column::Scalar(-1.0),
        spread: Spread::RawSigma(Column::F64(&sigma)),
    };
    let mut mu = vec![0.0; ROWS];
    math::params_from_logits(&params, &mut logit, &mut mu, &mut out_sigma);
    assert_eq!(logit, probability);
    assert_eq!(mu, [-1.0; ROWS]);
    for (got, raw) in out_sigma.iter().zip(&sigma) {
        assert_eq!(*got, sigma_from_raw(*raw));
    }
}

#[test]
fn no_payment() {
    for label in [-0.0, -SMALLEST, -7.0, -INF] {
        assert_eq!(math::loss_row(label, 0.3, 1.0, 0.5), math::loss_row(0.0, 0.3, 1.0, 0.5));
        assert_eq!(math::crps_row(label, 0.3, 1.0, 0.5), math::crps_row(0.0, 0.3, 1.0, 0.5));
    }
    // The loss of not paying is that of the probability alone.
    assert_eq!(math::loss_row(0.0, 0.3, 1e300, INF), softplus(0.3));
    assert_eq!(math::loss_row(0.0, -INF, 1.0, 0.5), 0.0);
    assert_eq!(math::loss_row(0.0, INF, 1.0, 0.5), INF);
}

#[test]
fn infinite_losses() {
    for (logit, mu, sigma) in [(0.3, 1.0, 0.5), (-700.0, 700.0, 100.0), (30.0, -5.0, SIGMA_FLOOR)] {
        assert_eq!(math::loss_row(INF, logit, mu, sigma), INF);
        assert_eq!(math::crps_row(INF, logit, mu, sigma), INF);
    }
    assert_eq!(math::loss_row(1.0, -INF, 0.0, 1.0), INF);
    assert_eq!(math::loss_row(1.0, INF, 0.0, 1.0), 0.918_938_533_204_672_8);
    assert_eq!(math::loss_row(1.0, 0.0, INF, 1.0), INF);
    assert_eq!(math::loss_row(1.0, 0.0, -INF, 1.0), INF);
    assert_eq!(math::loss_row(1.0, 0.0, 0.0, INF), INF);
    assert_eq!(math::loss_row(1.0, 0.0, 1e300, 1.0), INF);
}

#[test]
fn overflow_is_infinite_and_nothing_sooner() {
    assert_eq!(math::pay_amount_row(0.0, 800.0, 1.0), INF);
    assert_eq!(math::pay_amount_row(0.0, 0.0, 1e200), INF);
    // p vanishes and the amount overflows: only their product counts.
    let close = |got: f64, exponent: f64| (got / exponent.exp() - 1.0).abs() < 1e-12;
    assert!(close(math::expected_ltv_row(-800.0, 800.0, 1.0), 0.5));
    assert!(close(math::expected_ltv_row(-800.0, 100.0, 40.0), 100.0));
    assert!(close(math::variance_row(-800.0, 400.0, 1.0), 2.0));
    assert!(close(math::variance_row(0.0, -800.0, 30.0), 200.0 - std::f64::consts::LN_2));
    // Everybody who pays is above the cap: p is subnormal, p times the cap is not.
    assert!(close(math::capped_ltv_row(1e300, -740.0, 705.0, 0.5), 300.0 * 10.0_f64.ln() - 740.0));
    // Nobody pays.
    for (mu, sigma) in [(800.0, 1.0), (INF, 1.0), (0.0, 1e200), (0.0, INF)] {
        assert_eq!(math::expected_ltv_row(-INF, mu, sigma), 0.0);
        assert_eq!(math::variance_row(-INF, mu, sigma), 0.0);
        assert_eq!(math::capped_ltv_row(3.0, -INF, mu, sigma), 0.0);
        assert_eq!(math::crps_row(3.0, -INF, mu, sigma), 3.0);
        assert_eq!(math::quantile_row(1.0, -INF, mu, sigma), 0.0);
    }
}

#[test]
fn ends_of_the_distribution() {
    let (logit, mu, sigma) = (0.4, 1.0, 0.7);
    assert_eq!(math::cdf_row(-SMALLEST, logit, mu, sigma), 0.0);
    assert_eq!(math::cdf_row(-INF, logit, mu, sigma), 0.0);
    assert_eq!(math::cdf_row(0.0, logit, mu, sigma), sigmoid(-logit));
    assert_eq!(math::cdf_row(-0.0, logit, mu, sigma), sigmoid(-logit));
    assert_eq!(math::cdf_row(INF, logit, mu, sigma), 1.0);
    assert_eq!(math::cdf_row(0.0, 50.0, mu, sigma), 1.928_749_847_963_917_8e-22);

    assert_eq!(math::quantile_row(0.0, logit, mu, sigma), 0.0);
    assert_eq!(math::quantile_row(0.4, logit, mu, sigma), 0.0);
    assert_eq!(math::quantile_row(1.0, logit, mu, sigma), INF);
    assert_eq!(math::quantile_row(1.0, -50.0, mu, sigma), INF);
    assert_eq!(math::quantile_row(0.5, 0.0, mu, sigma), 0.0);
    assert_eq!(math::quantile_row(0.0, INF, mu, sigma), 0.0);
    for q in [-SMALLEST, 1.0_f64.next_up(), INF, -INF] {
        assert!(math::quantile_row(q, logit, mu, sigma).is_nan());
    }

    let expected = math::expected_ltv_row(logit, mu, sigma);
    assert!((math::capped_ltv_row(INF, logit, mu, sigma) / expected - 1.0).abs() < 1e-15);
    for cap in [0.0, -SMALLEST, -3.0, -INF] {
        assert_eq!(math::capped_ltv_row(cap, logit, mu, sigma), cap);
    }
    assert_eq!(math::capped_ltv_row(INF, logit, 800.0, sigma), INF);
    // A mean beyond every double, a cap that is not: half the customers who pay are above it, nearly, and the
    // others are below by far, but for a share of about 1 / sigma.
    let w = 5.0_f64.ln() / 1e4;
    let near = (-0.5 * w * w).exp() / (1e4 - w) / (2.0 * std::f64::consts::PI).sqrt();
    let got = math::capped_ltv_row(5.0, 0.0, 0.0, 1e4);
    assert!((got - 2.5 * (norm_cdf(-w) + near)).abs() < 1e-11, "{got}");
}

#[test]
#[cfg_attr(debug_assertions, should_panic(expected = "shorter than the output"))]
fn rows_past_the_end_of_a_column_are_nan() {
    let long = [1.0; 3];
    let params = Params {
        logit: Column::F64(&long),
        mu: Column::F32(&[1.0, 1.0]),
        spread: Spread::Sigma(Column::Strided { values: &long, offset: 0, stride: 1 }),
    };
    let mut out = [0.0; 4];
    math::pay_amount(&params, &mut out);
    assert!(out[1].is_finite());
    assert!(out[2].is_nan() && out[3].is_nan());
}
