//! The distribution's functions far out in every direction (`data/math_extremes.json`, from mpmath).
//!
//! A function cannot be more accurate than rounding its arguments allows: an argument off by half a unit in its
//! last place moves the value by the condition number times as much. The tests ask for a few such units.

#![allow(clippy::float_cmp, clippy::unwrap_used)]

use serde_json::Value;
use ziln::math;

fn check(name: &str, row: impl Fn(f64, f64, f64, f64) -> f64) {
    let rows: Value = serde_json::from_str(include_str!("../data/math_extremes.json")).unwrap();
    let rows = rows.as_array().unwrap();
    let mut worst = 0.0_f64;
    let mut count = 0;
    for case in rows.iter().filter(|case| case["function"] == name) {
        let field = |name: &str| case[name].as_f64().unwrap();
        let got = row(field("first"), field("logit"), field("mu"), field("sigma"));
        let expected: f64 = case["value"].as_str().unwrap().parse().unwrap();
        count += 1;
        if got == expected {
            continue;
        }
        let unit = f64::EPSILON * (1.0 + field("condition"));
        // Below the normal numbers the last place itself is coarser.
        let error = (got - expected).abs() / (expected.abs() * unit + 5e-324);
        worst = worst.max(error);
        assert!(error <= 4.0, "{case}: {got:e} is off by {error:e}");
    }
    println!("{name}: at most {worst:.2} units of rounding, times the condition number");
    assert!(count >= 60);
}

#[test]
fn loss() {
    check("loss", math::loss_row);
}

#[test]
fn expected_ltv() {
    check("expected_ltv", |_, logit, mu, sigma| math::expected_ltv_row(logit, mu, sigma));
}

#[test]
fn variance() {
    check("variance", |_, logit, mu, sigma| math::variance_row(logit, mu, sigma));
}

#[test]
fn cdf() {
    check("cdf", math::cdf_row);
}

#[test]
fn quantile() {
    check("quantile", math::quantile_row);
}

#[test]
fn capped_ltv() {
    check("capped_ltv", math::capped_ltv_row);
}

#[test]
fn crps() {
    check("crps", math::crps_row);
}
