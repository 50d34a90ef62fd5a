//! The kernels against values computed with 60 digits (`data/ziln.json`).

#![allow(clippy::float_cmp, clippy::unwrap_used)]

use serde_json::Value;
use ziln::math::{self, Column, Params, Spread};

/// One column of the golden file.
fn golden(name: &str) -> Vec<f64> {
    let rows: Value = serde_json::from_str(include_str!("../data/ziln.json")).unwrap();
    let rows = rows.as_array().unwrap();
    assert!(rows.len() >= 80);
    rows.iter().map(|row| row[name].as_f64().unwrap()).collect()
}

/// Runs `function` on the golden parameters, with the raw sigma and with sigma itself, and compares.
fn check(name: &str, tolerance: f64, function: impl Fn(&Params<'_>, &mut [f64])) {
    let (logit, mu) = (golden("logit"), golden("mu"));
    let (raw_sigma, sigma) = (golden("raw_sigma"), golden("sigma"));
    let expected = golden(name);
    for spread in [Spread::RawSigma(Column::F64(&raw_sigma)), Spread::Sigma(Column::F64(&sigma))] {
        let params = Params { logit: Column::F64(&logit), mu: Column::F64(&mu), spread };
        let mut got = vec![f64::NAN; expected.len()];
        function(&params, &mut got);
        let mut worst = (0.0, 0);
        for (row, (&got, &expected)) in got.iter().zip(&expected).enumerate() {
            assert!(got.is_finite(), "{name} row {row}: {got}");
            let error = if got == expected { 0.0 } else { ((got - expected) / expected).abs() };
            if error > worst.0 {
                worst = (error, row);
            }
        }
        println!("{name}: largest relative error {:.1e} in row {}", worst.0, worst.1);
        assert!(worst.0 <= tolerance, "{name} row {}: off by {:e}", worst.1, worst.0);
    }
}

#[test]
fn loss_and_means_are_within_1e_12() {
    let label = golden("label");
    check("loss", 1e-12, |params, out| math::loss(Column::F64(&label), params, out));
    check("pay_prob", 1e-12, math::pay_prob);
    check("pay_amount", 1e-12, math::pay_amount);
    check("expected_ltv", 1e-12, math::expected_ltv);
}

#[test]
fn distribution_is_within_1e_11() {
    let (label, q, cap) = (golden("label"), golden("q"), golden("cap"));
    check("variance", 1e-11, math::variance);
    check("cdf", 1e-11, |params, out| math::cdf(Column::F64(&label), params, out));
    check("quantile", 1e-11, |params, out| math::quantile(Column::F64(&q), params, out));
    check("capped_ltv", 1e-11, |params, out| math::capped_ltv(Column::F64(&cap), params, out));
    check("crps", 1e-11, |params, out| math::crps(Column::F64(&label), params, out));
}

#[test]
fn sigma_is_within_1e_12() {
    let size = golden("sigma").len();
    check("sigma", 1e-12, |params, out| {
        math::params_from_logits(params, &mut vec![0.0; size], &mut vec![0.0; size], out);
    });
}
