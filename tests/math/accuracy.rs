//! How far the elementary functions are from the truth, in units of the last place.
//!
//! The bounds are those that the documentation states; the printed maxima (`--nocapture`) are what was measured.
//! More points: `ZILN_ACCURACY_POINTS=10000000`.

#![allow(clippy::float_cmp, clippy::panic, clippy::unwrap_used)]

use crate::oracle::{self, Dd, Scaled};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::Value;
use ziln::math;

/// How many points a function is measured at.
fn points() -> usize {
    std::env::var("ZILN_ACCURACY_POINTS").ok().and_then(|n| n.parse().ok()).unwrap_or(50_000)
}

/// A grid from `low` to `high`, moved by a random fraction of its step so that its points have no round digits.
fn grid(low: f64, high: f64, count: usize) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(count as u64);
    let step = (high - low) / count as f64;
    (0..count).map(|i| low + step * (i as f64 + random.random::<f64>())).collect()
}

/// Doubles of random bits that `keep` lets through.
fn random_bits(count: usize, keep: impl Fn(f64) -> bool) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(1);
    let bits = std::iter::repeat_with(move || f64::from_bits(random.random()));
    bits.filter(|&x| keep(x)).take(count).collect()
}

/// The doubles next to some values.
fn neighbours(values: &[f64]) -> Vec<f64> {
    let around = |&x: &f64| {
        let mut near = vec![x];
        let (mut up, mut down) = (x, x);
        for _ in 0..50 {
            (up, down) = (up.next_up(), down.next_down());
            near.extend([up, down]);
        }
        near
    };
    values.iter().flat_map(around).collect()
}

/// Measures one function and checks the bound.
fn measure(name: &str, bound: f64, at: &[Vec<f64>], error: impl Fn(f64) -> f64) {
    let mut worst = (0.0, f64::NAN);
    for &x in at.iter().flatten() {
        let error = error(x);
        assert!(error <= bound, "{name}({x:e}) is off by {error} ulp");
        if error > worst.0 {
            worst = (error, x);
        }
    }
    let count: usize = at.iter().map(Vec::len).sum();
    println!("{name}: at most {:.3} ulp, at {:e}, of {count} points", worst.0, worst.1);
}

#[test]
fn exp_within_2_ulp() {
    let n = points();
    let at = [
        grid(-746.0, 710.0, n),
        grid(-745.2, -707.0, n / 4),
        grid(-1.0, 1.0, n),
        random_bits(n, |x| x.abs() < 746.0),
        neighbours(&[
            0.0,
            1.0,
            -1.0,
            709.78,
            -708.4,
            -745.13,
            f64::MIN_POSITIVE,
            0.346_573_590_279_972_6,
        ]),
    ];
    measure("exp", 2.0, &at, |x| oracle::exp(Dd::new(x)).ulps(math::exp(x)));
}

#[test]
fn ln_within_2_ulp() {
    let n = points();
    let at = [
        grid(0.5, 2.0, n),
        grid(1e-300, 1e300, n / 4),
        random_bits(n, |x| x > 0.0 && x.is_finite()),
        random_bits(n, |x| x > 0.0 && x.is_finite())
            .iter()
            .map(|x| x * 1e-310)
            .filter(|&x| x > 0.0)
            .collect(),
        neighbours(&[1.0, 0.75, 1.5, 2.0, f64::MIN_POSITIVE, 1e-310, 1e308]),
    ];
    measure("ln", 2.0, &at, |x| oracle::ln(x).ulps(math::ln(x)));
}

#[test]
fn softplus_within_4_ulp() {
    let at = logits();
    measure("softplus", 4.0, &at, |x| oracle::softplus(x).ulps(math::softplus(x)));
}

#[test]
fn sigmoid_within_4_ulp() {
    let at = logits();
    measure("sigmoid", 4.0, &at, |x| oracle::sigmoid(x).ulps(math::sigmoid(x)));
}

/// Where functions of a logit are measured.
fn logits() -> [Vec<f64>; 4] {
    let n = points();
    [
        grid(-746.0, 746.0, n),
        grid(-40.0, 40.0, n),
        random_bits(n, |x| x.abs() < 746.0),
        neighbours(&[
            0.0,
            std::f64::consts::LN_2,
            -std::f64::consts::LN_2,
            1.0,
            -1.0,
            36.7,
            -708.4,
        ]),
    ]
}

#[test]
fn norm_cdf_within_8_ulp() {
    let n = points() / 10;
    let at = [
        grid(-38.6, 9.0, n),
        grid(-3.0, 3.0, n),
        random_bits(n, |x| x.abs() < 38.5),
        neighbours(&[0.0, 3.0, -3.0, -37.5, -38.4]),
    ];
    measure("norm_cdf", 8.0, &at, |x| oracle::norm_cdf(x).ulps(math::norm_cdf(x)));
}

#[test]
fn norm_quantile_within_8_ulp() {
    let n = points() / 10;
    let at = [
        grid(0.0, 1.0, n),
        grid(0.499_999, 0.500_001, n),
        random_bits(n, |q| q > 0.0 && q < 1.0),
        random_bits(n, |q| q > 0.0 && q < 1e-17)
            .iter()
            .map(|q| 1.0 - q.powf(0.05))
            .filter(|&q| q < 1.0)
            .collect(),
        neighbours(&[0.1, 0.9, 0.25, 0.5, 0.75, 1e-300, f64::MIN_POSITIVE, 1e-320]),
        vec![1.0_f64.next_down(), 5e-324],
    ];
    let error = |q: f64| oracle::norm_quantile_ulps(q, math::norm_quantile(q));
    measure("norm_quantile", 8.0, &at, error);
}

#[test]
fn oracle_agrees_with_mpmath() {
    let rows: Value = serde_json::from_str(include_str!("../data/math_oracle.json")).unwrap();
    let rows = rows.as_array().unwrap();
    assert!(rows.len() > 500);
    for row in rows {
        let field = |name: &str| row[name].as_f64().unwrap();
        let (x, hi, lo) = (field("x"), field("hi"), field("lo"));
        let name = row["function"].as_str().unwrap();
        let Scaled { value, exponent } = match name {
            "exp" => oracle::exp(Dd::new(x)),
            "ln" => oracle::ln(x),
            "softplus" => oracle::softplus(x),
            "sigmoid" => oracle::sigmoid(x),
            "norm_cdf" => oracle::norm_cdf(x),
            other => panic!("no oracle for {other}"),
        };
        // The table's values are scaled by a power of two, too.
        let shift = exponent - row["exponent"].as_i64().unwrap() as i32;
        let difference = value.shift(shift).sub(Dd { hi, lo }).hi.abs();
        assert!(difference <= 1e-25 * hi.abs(), "{name}({x:e}): off by {:e}", difference / hi);
    }
}
