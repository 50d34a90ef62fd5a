//! Whole queries in DataFusion on one thread: what a function costs beside reading its columns and beside the same
//! formula in built-in SQL. `cargo bench --bench queries`; the time is a query's, of ten million rows.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use datafusion::prelude::{SessionConfig, SessionContext};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::runtime::Runtime;

const ROWS: usize = 10_000_000;
const BATCH: usize = 8192;
const CAMPAIGNS: i64 = 100;

/// Of a hundred customers, how many pay: built-in SQL skips work for those who do not.
const PAYERS: [u32; 2] = [30, 90];

/// The loss as it is usually written.
const LOSS: &str =
    "CASE WHEN y > 0 THEN ln(1 + exp(-z)) + ln(y) + ln(ln(1 + exp(s))) + 0.918938533204672742
    + power(ln(y) - mu, 2) / (2 * power(ln(1 + exp(s)), 2)) ELSE ln(1 + exp(z)) END";
/// The same without overflow for large logits, and with the floor of sigma.
const STABLE_LOSS: &str = "CASE WHEN y > 0
    THEN greatest(-z, 0.0) + ln(1.0 + exp(-abs(z))) + ln(y)
        + ln(greatest(greatest(s, 0.0) + ln(1.0 + exp(-abs(s))), 3.162e-4)) + 0.918938533204672742
        + power((ln(y) - mu) / greatest(greatest(s, 0.0) + ln(1.0 + exp(-abs(s))), 3.162e-4), 2) / 2
    ELSE greatest(z, 0.0) + ln(1.0 + exp(-abs(z))) END";
const EXPECTED_LTV: &str = "1 / (1 + exp(-z)) * exp(mu + power(ln(1 + exp(s)), 2) / 2)";
const STABLE_EXPECTED_LTV: &str = "exp(mu
    + greatest(greatest(s, 0.0) + ln(1.0 + exp(-abs(s))), 3.162e-4)
        * greatest(greatest(s, 0.0) + ln(1.0 + exp(-abs(s))), 3.162e-4) / 2) / (1.0 + exp(-z))";

/// Name and text of every query.
fn queries() -> Vec<(&'static str, String)> {
    let mean = |what: &str| format!("SELECT avg({what}) FROM t");
    let by_campaign = |what: &str| format!("SELECT campaign, avg({what}) FROM t GROUP BY campaign");
    let ours = "ziln_loss(y, z, mu, s)";
    vec![
        ("read four columns", mean("y + z + mu + s")),
        ("loss", mean(ours)),
        ("loss, built-in SQL", mean(LOSS)),
        ("loss, built-in SQL without overflow", mean(STABLE_LOSS)),
        ("loss by campaign", by_campaign(ours)),
        ("loss by campaign, built-in SQL", by_campaign(LOSS)),
        ("loss by campaign, built-in SQL without overflow", by_campaign(STABLE_LOSS)),
        ("read three columns", mean("z + mu + s")),
        ("expected_ltv", mean("ziln_expected_ltv(z, mu, s)")),
        ("expected_ltv, built-in SQL", mean(EXPECTED_LTV)),
        ("expected_ltv, built-in SQL without overflow", mean(STABLE_EXPECTED_LTV)),
        ("evaluate", "SELECT ziln_evaluate(y, z, mu, s) FROM t".to_owned()),
    ]
}

fn session(payers: u32) -> SessionContext {
    let mut ctx = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    ziln::udf::register_all(&mut ctx).expect("functions register");
    let batches: Vec<RecordBatch> =
        (0..ROWS / BATCH).map(|seed| batch(seed as u64, payers)).collect();
    let schema = batches[0].schema();
    let table = datafusion::datasource::MemTable::try_new(schema, vec![batches]).expect("a table");
    ctx.register_table("t", Arc::new(table)).expect("the table registers");
    ctx
}

fn batch(seed: u64, payers: u32) -> RecordBatch {
    let mut random = StdRng::seed_from_u64(seed);
    let label = (0..BATCH).map(|_| {
        let pays = random.random_ratio(payers, 100);
        if pays { random.random_range(1.0..50.0) } else { 0.0 }
    });
    let y: ArrayRef = Arc::new(Float64Array::from_iter_values(label.collect::<Vec<_>>()));
    let mut column = |low: f64, high: f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(
            (0..BATCH).map(|_| random.random_range(low..high)).collect::<Vec<_>>(),
        ))
    };
    let (z, mu, s) = (column(-4.0, 4.0), column(-2.0, 5.0), column(-3.0, 3.0));
    let campaign = Int64Array::from_iter_values((0..BATCH as i64).map(|row| row % CAMPAIGNS));
    RecordBatch::try_from_iter([
        ("y", y),
        ("z", z),
        ("mu", mu),
        ("s", s),
        ("campaign", Arc::new(campaign)),
    ])
    .expect("columns of one length")
}

fn run_queries(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    for payers in PAYERS {
        let ctx = session(payers);
        let mut group = criterion.benchmark_group(format!("{payers} of 100 pay"));
        group.sample_size(10).throughput(Throughput::Elements(ROWS as u64));
        for (name, sql) in &queries() {
            let run = || async { ctx.sql(sql).await.expect(sql).collect().await.expect(sql) };
            group.bench_function(*name, |bencher| bencher.iter(|| runtime.block_on(run())));
        }
        group.finish();
    }
}

criterion_group!(benches, run_queries);
criterion_main!(benches);
