//! Whole queries in DataFusion on one thread: what a function costs beside reading its columns and beside the same
//! formula in built-in SQL. `cargo bench --bench queries`; the time is a query's, of a million rows.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use datafusion::prelude::{SessionConfig, SessionContext};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::runtime::Runtime;

const ROWS: usize = 1_000_000;
const BATCH: usize = 8192;
const CAMPAIGNS: i64 = 100;

const QUERIES: [(&str, &str); 7] = [
    ("read the columns", "SELECT avg(y + z + mu + s) FROM t"),
    (
        "loss, built-in SQL",
        "SELECT avg(CASE WHEN y > 0 THEN ln(1 + exp(-z)) + ln(y) + ln(ln(1 + exp(s))) + 0.918938533204672
                 + power(ln(y) - mu, 2) / (2 * power(ln(1 + exp(s)), 2)) ELSE ln(1 + exp(z)) END) FROM t",
    ),
    ("loss", "SELECT avg(ziln_loss(y, z, mu, s)) FROM t"),
    ("loss by campaign", "SELECT campaign, avg(ziln_loss(y, z, mu, s)) FROM t GROUP BY campaign"),
    (
        "expected_ltv, built-in SQL",
        "SELECT avg(1 / (1 + exp(-z)) * exp(mu + power(ln(1 + exp(s)), 2) / 2)) FROM t",
    ),
    ("expected_ltv", "SELECT avg(ziln_expected_ltv(z, mu, s)) FROM t"),
    ("evaluate", "SELECT ziln_evaluate(y, z, mu, s) FROM t"),
];

fn session() -> SessionContext {
    let mut ctx = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    ziln::udf::register_all(&mut ctx).expect("functions register");
    let batches: Vec<RecordBatch> = (0..ROWS / BATCH).map(|seed| batch(seed as u64)).collect();
    let schema = batches[0].schema();
    let table = datafusion::datasource::MemTable::try_new(schema, vec![batches]).expect("a table");
    ctx.register_table("t", Arc::new(table)).expect("the table registers");
    ctx
}

fn batch(seed: u64) -> RecordBatch {
    let mut random = StdRng::seed_from_u64(seed);
    let mut column = |low: f64, high: f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(
            (0..BATCH).map(|_| random.random_range(low..high)).collect::<Vec<_>>(),
        ))
    };
    let (z, mu, s) = (column(-4.0, 4.0), column(-2.0, 5.0), column(-3.0, 3.0));
    let y = column(-5.0, 50.0);
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

fn queries(criterion: &mut Criterion) {
    let ctx = session();
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("queries");
    group.sample_size(10);
    for (name, sql) in QUERIES {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                runtime
                    .block_on(async { ctx.sql(sql).await.expect(sql).collect().await.expect(sql) })
            });
        });
    }
    group.finish();
}

criterion_group!(benches, queries);
criterion_main!(benches);
