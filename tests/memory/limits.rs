//! The memory limit of a DataFusion session beside what its queries take.

use std::sync::Arc;

use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::allocator::peak_of;

const ROWS: usize = 400_000;

/// In tenths of the limit, what a query may take: groups that are trained side by side take more than is counted.
const ALONE: usize = 12;
const SIDE_BY_SIDE: usize = 15;

/// Runs a query under a limit: whether it came to an end, and the most memory on the way.
fn run(sql: &str, limit: usize) -> (bool, usize) {
    let pool = Arc::new(GreedyMemoryPool::new(limit));
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc().unwrap();
    let config = SessionConfig::new().with_target_partitions(1);
    let mut context = SessionContext::new_with_config_rt(config, runtime);
    ziln::udf::register_all(&mut context).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    peak_of(|| {
        runtime.block_on(async {
            let result = context.sql(sql).await.unwrap().collect().await;
            let refused = result.as_ref().err().map(ToString::to_string);
            assert!(refused.is_none_or(|error| error.contains("Resources exhausted")));
            result.is_ok()
        })
    })
}

/// Rows are made as they are read, so that what a query takes is what the aggregate does.
fn query(select: &str, group_by: &str) -> String {
    format!(
        "SELECT {select} FROM (SELECT CASE WHEN value % 3 = 0 THEN value % 101 + 1 ELSE 0 END AS y,
            value % 97 AS a, value % 89 AS b, value % 7 * 1.5 AS c, value % 83 AS d, value % 10 AS e
         FROM generate_series(1, {ROWS})) {group_by}"
    )
}

pub(crate) fn a_limit_holds() {
    let fit = "ziln_fit_sgd(y, {a: a, b: b, c: c, d: d, e: CAST(e AS VARCHAR)}, {epochs: 1})";
    for (select, group_by, most) in [
        (fit, "", ALONE),
        (fit, "GROUP BY a % 2", SIDE_BY_SIDE),
        (fit, "GROUP BY a % 50", SIDE_BY_SIDE),
        ("ziln_fit_sgd(y, make_array(a, b, c, d), {epochs: 1})", "", ALONE),
        ("ziln_evaluate(y, c, b / 40.0, 0)", "", ALONE),
        ("ziln_gini(y, a)", "GROUP BY a % 2", SIDE_BY_SIDE),
    ] {
        let sql = query(select, group_by);
        // The least limit, within 5%, with which the query comes to an end.
        let (mut refused, mut passed) = (1_usize << 20, 1_usize << 30);
        let mut peak = 0;
        while passed > refused + refused / 20 {
            let middle = refused.midpoint(passed);
            match run(&sql, middle) {
                (true, most) => (passed, peak) = (middle, most),
                (false, _) => refused = middle,
            }
        }
        println!("{select} {group_by}: {peak} under {passed}, {:.2}", peak as f64 / passed as f64);
        assert!(10 * peak <= most * passed, "{peak} bytes under a limit of {passed}: {sql}");
        assert!(passed <= 2 * peak, "{peak} bytes, and {passed} have to be allowed: {sql}");
    }
}
