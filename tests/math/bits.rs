//! A row has the same bits on every processor path, in every batch and from every form of column.

// A function's name in place of a closure is called through a shim that may not be inlined.
#![allow(clippy::redundant_closure, clippy::too_many_lines)]

use std::hint::black_box;

use rand::{Rng, SeedableRng, rngs::StdRng};
use ziln::math::{self, BLOCK, Column, Params, Spread};

/// Four columns of every kind of number: plausible ones, any bit pattern, and the special ones.
fn inputs(rows: usize) -> [Vec<f64>; 4] {
    const SPECIAL: [f64; 16] = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        -5e-324,
        1e-310,
        745.0,
        -745.0,
        0.5,
    ];
    let mut random = StdRng::seed_from_u64(7);
    let mut column = |low: f64, high: f64| {
        let mut value = || match random.random_range(0..10) {
            0 => SPECIAL[random.random_range(0..SPECIAL.len())],
            1 => f64::from_bits(random.random()),
            2 => random.random_range(-800.0..800.0),
            _ => random.random_range(low..high),
        };
        std::iter::repeat_with(&mut value).take(rows).collect::<Vec<f64>>()
    };
    [column(-0.5, 1.5), column(-30.0, 30.0), column(-5.0, 10.0), column(0.0, 3.0)]
}

/// Equal bits; one NaN is as good as another.
fn assert_same(what: &str, got: &[f64], expected: &[f64]) {
    assert_eq!(got.len(), expected.len());
    for (row, (got, expected)) in got.iter().zip(expected).enumerate() {
        let same = got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan();
        assert!(same, "{what}, row {row}: {got:e}, not {expected:e}");
    }
}

/// The row function over columns: a loop that is vectorised for the instructions of whatever it is inlined into.
#[inline(always)]
fn rows(inputs: &[Vec<f64>; 4], out: &mut [f64], row: impl Fn(f64, f64, f64, f64) -> f64 + Copy) {
    let [first, logit, mu, sigma] = inputs;
    let inputs = first.iter().zip(logit).zip(mu).zip(sigma);
    for (out, (((&first, &logit), &mu), &sigma)) in out.iter_mut().zip(inputs) {
        *out = row(first, logit, mu, sigma);
    }
}

/// Runs a row function over the inputs once for every set of instructions that this machine has.
fn on_every_path(name: &str, row: impl Fn(f64, f64, f64, f64) -> f64 + Copy) {
    let inputs = inputs(10_007);
    // One row at a time, which cannot be vectorised.
    let mut expected = vec![0.0; inputs[0].len()];
    for (row_number, out) in expected.iter_mut().enumerate() {
        let [first, logit, mu, sigma] = [0, 1, 2, 3].map(|i| black_box(inputs[i][row_number]));
        *out = row(first, logit, mu, sigma);
    }
    let mut out = vec![0.0; expected.len()];
    rows(&inputs, &mut out, row);
    assert_same(&format!("{name}, baseline"), &out, &expected);

    math::dispatch(
        #[inline(always)]
        || rows(&inputs, &mut out, row),
    );
    assert_same(&format!("{name}, dispatched"), &out, &expected);

    #[cfg(target_arch = "x86_64")]
    {
        use pulp::x86::{V3, V4};
        if let Some(v3) = V3::try_new() {
            out.fill(0.0);
            v3.vectorize(
                #[inline(always)]
                || rows(&inputs, &mut out, row),
            );
            assert_same(&format!("{name}, AVX2"), &out, &expected);
        }
        if let Some(v4) = V4::try_new() {
            out.fill(0.0);
            v4.vectorize(
                #[inline(always)]
                || rows(&inputs, &mut out, row),
            );
            assert_same(&format!("{name}, AVX-512"), &out, &expected);
        }
    }
}

#[test]
fn elementary_functions_on_every_path() {
    // Each is given the column that is most like its argument, and the others' are as good as any.
    for column in 0..4 {
        let pick = move |a, b, c, d| [a, b, c, d][column];
        on_every_path(
            "exp",
            #[inline(always)]
            |a, b, c, d| math::exp(pick(a, b, c, d)),
        );
        on_every_path(
            "ln",
            #[inline(always)]
            |a, b, c, d| math::ln(pick(a, b, c, d)),
        );
        on_every_path(
            "softplus",
            #[inline(always)]
            |a, b, c, d| math::softplus(pick(a, b, c, d)),
        );
        on_every_path(
            "sigmoid",
            #[inline(always)]
            |a, b, c, d| math::sigmoid(pick(a, b, c, d)),
        );
        on_every_path(
            "norm_cdf",
            #[inline(always)]
            |a, b, c, d| math::norm_cdf(pick(a, b, c, d)),
        );
        on_every_path(
            "norm_quantile",
            #[inline(always)]
            |a, b, c, d| math::norm_quantile(pick(a, b, c, d)),
        );
        on_every_path(
            "logit_from_prob",
            #[inline(always)]
            |a, b, c, d| math::logit_from_prob(pick(a, b, c, d)),
        );
        on_every_path(
            "sigma_from_raw",
            #[inline(always)]
            |a, b, c, d| math::sigma_from_raw(pick(a, b, c, d)),
        );
    }
}

#[test]
fn functions_of_the_distribution_on_every_path() {
    on_every_path(
        "loss",
        #[inline(always)]
        |y, l, m, s| math::loss_row(y, l, m, s),
    );
    on_every_path(
        "pay_prob",
        #[inline(always)]
        |_, l, m, s| math::pay_prob_row(l, m, s),
    );
    on_every_path(
        "pay_amount",
        #[inline(always)]
        |_, l, m, s| math::pay_amount_row(l, m, s),
    );
    on_every_path(
        "expected_ltv",
        #[inline(always)]
        |_, l, m, s| math::expected_ltv_row(l, m, s),
    );
    on_every_path(
        "variance",
        #[inline(always)]
        |_, l, m, s| math::variance_row(l, m, s),
    );
    on_every_path(
        "cdf",
        #[inline(always)]
        |x, l, m, s| math::cdf_row(x, l, m, s),
    );
    on_every_path(
        "quantile",
        #[inline(always)]
        |q, l, m, s| math::quantile_row(q, l, m, s),
    );
    on_every_path(
        "capped_ltv",
        #[inline(always)]
        |c, l, m, s| math::capped_ltv_row(c, l, m, s),
    );
    on_every_path(
        "crps",
        #[inline(always)]
        |y, l, m, s| math::crps_row(y, l, m, s),
    );
}

type ColumnFunction = fn(Column<'_>, &Params<'_>, &mut [f64]);
type RowFunction = fn(f64, f64, f64, f64) -> f64;

/// Every function of the distribution, on columns and on a row.
fn functions() -> Vec<(&'static str, ColumnFunction, RowFunction)> {
    vec![
        ("loss", math::loss, math::loss_row),
        ("cdf", math::cdf, math::cdf_row),
        ("quantile", math::quantile, math::quantile_row),
        ("capped_ltv", math::capped_ltv, math::capped_ltv_row),
        ("crps", math::crps, math::crps_row),
        ("pay_prob", |_, p, out| math::pay_prob(p, out), |_, l, m, s| math::pay_prob_row(l, m, s)),
        (
            "pay_amount",
            |_, p, out| math::pay_amount(p, out),
            |_, l, m, s| math::pay_amount_row(l, m, s),
        ),
        (
            "expected_ltv",
            |_, p, out| math::expected_ltv(p, out),
            |_, l, m, s| math::expected_ltv_row(l, m, s),
        ),
        ("variance", |_, p, out| math::variance(p, out), |_, l, m, s| math::variance_row(l, m, s)),
    ]
}

/// Columns of `f64` as parameters.
fn params<'a>(logit: &'a [f64], mu: &'a [f64], sigma: &'a [f64], raw: bool) -> Params<'a> {
    let sigma = Column::F64(sigma);
    let spread = if raw { Spread::RawSigma(sigma) } else { Spread::Sigma(sigma) };
    Params { logit: Column::F64(logit), mu: Column::F64(mu), spread }
}

#[test]
fn columns_are_the_rows_at_every_length_and_offset() {
    let [first, logit, mu, sigma] = inputs(3 * BLOCK + 40);
    for (name, columns, row) in functions() {
        for raw in [false, true] {
            let sigma_of = if raw { math::sigma_from_raw } else { math::floor_sigma };
            let expected: Vec<f64> = (0..first.len())
                .map(|i| row(first[i], logit[i], mu[i], sigma_of(sigma[i])))
                .collect();
            let lengths = (0..40).chain([BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 17, 3 * BLOCK]);
            for (offset, length) in lengths.enumerate() {
                let rows = offset % 40..offset % 40 + length;
                let params =
                    params(&logit[rows.clone()], &mu[rows.clone()], &sigma[rows.clone()], raw);
                let mut out = vec![0.0; length];
                columns(Column::F64(&first[rows.clone()]), &params, &mut out);
                assert_same(&format!("{name} of {rows:?}"), &out, &expected[rows]);
            }
        }
    }
}

#[test]
fn forms_of_a_column_agree() {
    let rows = BLOCK + 100;
    let [mut first, mut logit, mut mu, mut sigma] = inputs(rows);
    // What f32 can hold.
    for column in [&mut first, &mut logit, &mut mu, &mut sigma] {
        for value in column {
            *value = f64::from(*value as f32);
        }
    }
    let narrow = |column: &[f64]| column.iter().map(|&value| value as f32).collect::<Vec<f32>>();
    let narrowed = [narrow(&first), narrow(&logit), narrow(&mu), narrow(&sigma)];
    let mut lists = vec![];
    for i in 0..rows {
        lists.extend([logit[i], mu[i], sigma[i]]);
    }
    let place = |offset| Column::Strided { values: &lists, offset, stride: 3 };

    for (name, columns, _) in functions() {
        let mut expected = vec![0.0; rows];
        columns(Column::F64(&first), &params(&logit, &mu, &sigma, true), &mut expected);
        let mut out = vec![0.0; rows];

        let single = Params {
            logit: Column::F32(&narrowed[1]),
            mu: Column::F32(&narrowed[2]),
            spread: Spread::RawSigma(Column::F32(&narrowed[3])),
        };
        columns(Column::F32(&narrowed[0]), &single, &mut out);
        assert_same(&format!("{name} of f32"), &out, &expected);

        let list = Params { logit: place(0), mu: place(1), spread: Spread::RawSigma(place(2)) };
        columns(Column::F64(&first), &list, &mut out);
        assert_same(&format!("{name} of lists"), &out, &expected);

        for row in 0..rows {
            let scalars = Params {
                logit: Column::Scalar(logit[row]),
                mu: Column::Scalar(mu[row]),
                spread: Spread::RawSigma(Column::Scalar(sigma[row])),
            };
            columns(Column::Scalar(first[row]), &scalars, &mut out[..3]);
            assert_same(&format!("{name} of scalars"), &out[..3], &[expected[row]; 3]);
        }
    }
}
