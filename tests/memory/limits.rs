//! The memory limit of a DataFusion session beside what its queries take.

use std::sync::Arc;

use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::allocator::peak_of;

const ROWS: usize = 400_000;

/// Below this limit, what a query takes before it has a row matters.
const LEAST: usize = 8 << 20;

/// Whether the engine may write states to disk.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Disk {
    Without,
    With,
}

impl Disk {
    fn mode(self) -> DiskManagerMode {
        match self {
            Self::Without => DiskManagerMode::Disabled,
            Self::With => DiskManagerMode::OsTmpDirectory,
        }
    }
}

/// Runs a query under a limit: whether it came to an end, and the most memory on the way.
/// Whether or not, that is at most 1.2 times the limit.
fn run(sql: &str, limit: usize, disk: Disk) -> (bool, usize) {
    let pool = Arc::new(GreedyMemoryPool::new(limit));
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(pool)
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(disk.mode()))
        .build_arc()
        .unwrap();
    let config = SessionConfig::new().with_target_partitions(1);
    let mut context = SessionContext::new_with_config_rt(config, runtime);
    ziln::udf::register_all(&mut context).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (passed, peak) = peak_of(|| {
        runtime.block_on(async {
            let result = context.sql(sql).await.unwrap().collect().await;
            let refused = result.as_ref().err().map(ToString::to_string);
            assert!(refused.is_none_or(|error| error.contains("Resources exhausted")));
            result.is_ok()
        })
    });
    let holds = 10 * peak <= 12 * limit || (!passed && limit < LEAST);
    assert!(holds, "{peak} bytes under {limit}, {disk:?}, passed: {passed}: {sql}");
    (passed, peak)
}

/// Rows are made as they are read, so that what a query takes is what the aggregate does.
fn query(select: &str, group_by: &str) -> String {
    format!(
        "SELECT {select} FROM (SELECT CASE WHEN value % 3 = 0 THEN value % 101 + 1 ELSE 0 END AS y,
            value % 97 AS a, value % 89 AS b, value % 7 * 1.5 AS c, value % 83 AS d, value % 10 AS e,
            value % 401 AS f, value % 2003 AS g
         FROM generate_series(1, {ROWS})) {group_by}"
    )
}

pub(crate) fn a_limit_holds() {
    let fit = "ziln_fit_sgd(y, {a: a, b: b, c: c, d: d, e: CAST(e AS VARCHAR)}, {epochs: 1})";
    let fit_lists = "ziln_fit_sgd(y, make_array(a, b, c, d), {epochs: 1})";
    let fit_texts = "ziln_fit_sgd(y, {a: a, e: CAST(e AS VARCHAR), f: concat('a text of length ', CAST(f AS VARCHAR))},
        {epochs: 1})";
    let exact = "ziln_fit_newton(y, {a: a, f: CAST(f AS VARCHAR)}, {max_iterations: 3})";
    let prior = "ziln_fit_prior(y, {a: a, b: b}, f, {max_iterations: 3})";
    for (select, group_by, disk) in [
        (exact, "", Disk::Without),
        (exact, "GROUP BY e % 2", Disk::Without),
        (prior, "", Disk::Without),
        (fit, "", Disk::Without),
        (fit, "GROUP BY a % 2", Disk::Without),
        (fit, "GROUP BY a % 50", Disk::Without),
        (fit_lists, "", Disk::Without),
        (fit_lists, "GROUP BY a % 2", Disk::Without),
        ("ziln_evaluate(y, c, b / 40.0, 0)", "", Disk::Without),
        ("ziln_gini(y, a)", "GROUP BY a % 2", Disk::Without),
        (fit, "GROUP BY a % 2", Disk::With),
        (fit, "GROUP BY a % 5", Disk::With),
        (fit, "GROUP BY a % 50", Disk::With),
        (fit, "GROUP BY g", Disk::With),
        (fit_texts, "GROUP BY a % 2", Disk::With),
        (fit_texts, "GROUP BY a % 50", Disk::With),
        (fit_lists, "GROUP BY a % 2", Disk::With),
        ("ziln_gini(y, a)", "GROUP BY a % 50", Disk::With),
    ] {
        let sql = query(select, group_by);
        // The least limit, within 5%, with which the query comes to an end.
        let (mut refused, mut passed) = (1_usize << 20, 1_usize << 30);
        let mut peak = 0;
        while passed > refused + refused / 20 {
            let middle = refused.midpoint(passed);
            match run(&sql, middle, disk) {
                (true, most) => (passed, peak) = (middle, most),
                (false, _) => refused = middle,
            }
        }
        let ratio = peak as f64 / passed as f64;
        println!("{select} {group_by}, {disk:?}: {peak} under {passed}, {ratio:.2}");
        assert!(passed <= 2 * peak, "{peak} bytes, and {passed} have to be allowed: {sql}");
    }
}
