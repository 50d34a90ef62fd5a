//! The kernels from cache: nanoseconds a row of every function, with every set of instructions.
//!
//! `cargo bench --bench kernels` for all of it, `-- loss` for one function. The column functions are measured as the
//! engines call them; the row functions once for every set of instructions that the machine has.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]
// A function's name in place of a closure is called through a shim that may not be inlined.
#![allow(clippy::redundant_closure, clippy::too_many_lines)]

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::{Rng, SeedableRng, rngs::StdRng};
use ziln::math::{self, Column, Params, Spread};

/// Rows a call: five columns of this size stay in the second-level cache.
const ROWS: usize = 8192;

/// Columns such as a table of customers has.
struct Rows {
    label: Vec<f64>,
    probability: Vec<f64>,
    logit: Vec<f64>,
    mu: Vec<f64>,
    raw_sigma: Vec<f64>,
    sigma: Vec<f64>,
    sigma_f32: Vec<f32>,
}

impl Rows {
    fn new() -> Self {
        let mut random = StdRng::seed_from_u64(1);
        let mut column =
            |low, high| -> Vec<f64> { (0..ROWS).map(|_| random.random_range(low..high)).collect() };
        let logit = column(-4.0, 4.0);
        let mu = column(0.0, 4.0);
        let raw_sigma = column(-2.0, 2.0);
        let probability = column(0.0, 1.0);
        let sigma: Vec<f64> = raw_sigma.iter().map(|&raw| math::sigma_from_raw(raw)).collect();
        let label = column(-100.0, 100.0).iter().map(|label| label.max(0.0)).collect();
        let sigma_f32 = sigma.iter().map(|&sigma| sigma as f32).collect();
        Self { label, probability, logit, mu, raw_sigma, sigma, sigma_f32 }
    }

    fn params(&self, spread: Spread<'static>) -> Params<'_> {
        Params { logit: Column::F64(&self.logit), mu: Column::F64(&self.mu), spread }
    }
}

type ColumnFunction = fn(Column<'_>, &Params<'_>, &mut [f64]);

/// The functions on columns, from each form of sigma.
fn columns(criterion: &mut Criterion) {
    let rows: &'static Rows = Box::leak(Box::new(Rows::new()));
    let functions: [(&str, ColumnFunction); 9] = [
        ("loss", math::loss),
        ("expected_ltv", |_, params, out| math::expected_ltv(params, out)),
        ("pay_prob", |_, params, out| math::pay_prob(params, out)),
        ("pay_amount", |_, params, out| math::pay_amount(params, out)),
        ("variance", |_, params, out| math::variance(params, out)),
        ("cdf", math::cdf),
        ("quantile", math::quantile),
        ("capped_ltv", math::capped_ltv),
        ("crps", math::crps),
    ];
    let spreads = [
        ("raw_sigma", Spread::RawSigma(Column::F64(&rows.raw_sigma))),
        ("sigma", Spread::Sigma(Column::F64(&rows.sigma))),
        ("sigma_f32", Spread::Sigma(Column::F32(&rows.sigma_f32))),
        ("sigma_scalar", Spread::Sigma(Column::Scalar(0.7))),
    ];
    let mut out = vec![0.0; ROWS];
    for (name, function) in functions {
        let mut group = criterion.benchmark_group(format!("columns/{name}"));
        group.throughput(Throughput::Elements(ROWS as u64));
        let first = if name == "quantile" { &rows.probability } else { &rows.label };
        for (form, spread) in spreads {
            let params = rows.params(spread);
            group.bench_function(form, |bencher| {
                bencher.iter(|| {
                    function(black_box(Column::F64(first)), black_box(&params), &mut out);
                    black_box(&mut out);
                });
            });
        }
        group.finish();
    }
}

/// The row function over columns: a loop that is vectorised for the instructions of whatever it is inlined into.
#[inline(always)]
fn run(
    first: &[f64],
    rows: &Rows,
    out: &mut [f64],
    row: impl Fn(f64, f64, f64, f64) -> f64 + Copy,
) {
    let inputs = first.iter().zip(&rows.logit).zip(&rows.mu).zip(&rows.sigma);
    for (out, (((&first, &logit), &mu), &sigma)) in out.iter_mut().zip(inputs) {
        *out = row(first, logit, mu, sigma);
    }
}

/// Measures a row function once for every set of instructions that the machine has.
fn on_every_path(
    criterion: &mut Criterion,
    name: &str,
    first: &[f64],
    rows: &Rows,
    row: impl Fn(f64, f64, f64, f64) -> f64 + Copy,
) {
    let mut group = criterion.benchmark_group(format!("rows/{name}"));
    group.throughput(Throughput::Elements(ROWS as u64));
    let mut out = vec![0.0; ROWS];
    group.bench_function("baseline", |bencher| {
        bencher.iter(|| {
            run(black_box(first), rows, &mut out, row);
            black_box(&mut out);
        });
    });
    #[cfg(target_arch = "x86_64")]
    {
        use pulp::x86::{V3, V4};
        if let Some(v3) = V3::try_new() {
            group.bench_function("avx2", |bencher| {
                bencher.iter(|| {
                    v3.vectorize(
                        #[inline(always)]
                        || run(black_box(first), rows, &mut out, row),
                    );
                    black_box(&mut out);
                });
            });
        }
        if let Some(v4) = V4::try_new() {
            group.bench_function("avx512", |bencher| {
                bencher.iter(|| {
                    v4.vectorize(
                        #[inline(always)]
                        || run(black_box(first), rows, &mut out, row),
                    );
                    black_box(&mut out);
                });
            });
        }
    }
    group.finish();
}

fn rows(criterion: &mut Criterion) {
    let rows = Rows::new();
    let (label, q, x) = (&rows.label, &rows.probability, &rows.logit);
    on_every_path(
        criterion,
        "exp",
        x,
        &rows,
        #[inline(always)]
        |x, _, _, _| math::exp(x),
    );
    on_every_path(
        criterion,
        "ln",
        label,
        &rows,
        #[inline(always)]
        |x, _, _, _| math::ln(x),
    );
    on_every_path(
        criterion,
        "softplus",
        x,
        &rows,
        #[inline(always)]
        |x, _, _, _| math::softplus(x),
    );
    on_every_path(
        criterion,
        "sigmoid",
        x,
        &rows,
        #[inline(always)]
        |x, _, _, _| math::sigmoid(x),
    );
    on_every_path(
        criterion,
        "norm_cdf",
        x,
        &rows,
        #[inline(always)]
        |x, _, _, _| math::norm_cdf(x),
    );
    on_every_path(
        criterion,
        "norm_quantile",
        q,
        &rows,
        #[inline(always)]
        |q, _, _, _| math::norm_quantile(q),
    );
    on_every_path(
        criterion,
        "loss",
        label,
        &rows,
        #[inline(always)]
        |y, l, m, s| math::loss_row(y, l, m, s),
    );
    on_every_path(
        criterion,
        "expected_ltv",
        label,
        &rows,
        #[inline(always)]
        |_, l, m, s| math::expected_ltv_row(l, m, s),
    );
    on_every_path(
        criterion,
        "variance",
        label,
        &rows,
        #[inline(always)]
        |_, l, m, s| math::variance_row(l, m, s),
    );
    on_every_path(
        criterion,
        "cdf",
        label,
        &rows,
        #[inline(always)]
        |x, l, m, s| math::cdf_row(x, l, m, s),
    );
    on_every_path(
        criterion,
        "quantile",
        q,
        &rows,
        #[inline(always)]
        |q, l, m, s| math::quantile_row(q, l, m, s),
    );
    on_every_path(
        criterion,
        "capped_ltv",
        label,
        &rows,
        #[inline(always)]
        |c, l, m, s| math::capped_ltv_row(c, l, m, s),
    );
    on_every_path(
        criterion,
        "crps",
        label,
        &rows,
        #[inline(always)]
        |y, l, m, s| math::crps_row(y, l, m, s),
    );
}

fn quick() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
}

criterion_group! { name = kernels; config = quick(); targets = columns, rows }
criterion_main!(kernels);
