//! However a query is run.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use datafusion::common::ScalarValue;
use datafusion::datasource::MemTable;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, GreedyMemoryPool, MemoryPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use datafusion::prelude::{SessionContext, col};
use proptest::prelude::*;

use super::{
    AGGREGATES, FIT, ROWS, assert_same, batch, by_campaign, expected, simple, with_customers,
};
use crate::customers::{dealt, shuffled, sorted, table};
use crate::session::{config, error, rows, rows_of, run, session, session_with};

#[tokio::test]
async fn partitions_and_batch_sizes() {
    let sql = by_campaign();
    let expected = expected(&sql).await;
    for partitions in [1, 2, 8] {
        for batch_size in [1, 7, 8192, 65_536] {
            let customers = table(dealt(&batch(), batch_size.min(400), partitions));
            let context = with_customers(session(partitions, batch_size), customers);
            let what = format!("with {partitions} partitions and batches of {batch_size}");
            assert_same(&rows(&context, &sql).await, &expected, &what);
        }
    }
}

/// The same without GROUP BY, where DataFusion uses another kind of accumulator.
#[tokio::test]
async fn partitions_and_batch_sizes_of_one_group() {
    let sql = format!("SELECT {AGGREGATES} FROM customers");
    let expected = expected(&sql).await;
    for partitions in [1, 2, 8] {
        for batch_size in [1, 7, 8192] {
            let customers = table(dealt(&batch(), batch_size.min(400), partitions));
            let context = with_customers(session(partitions, batch_size), customers);
            let what = format!("with {partitions} partitions and batches of {batch_size}");
            assert_same(&rows(&context, &sql).await, &expected, &what);
        }
    }
    let grouped = format!("SELECT {AGGREGATES} FROM customers GROUP BY id < 0");
    assert_same(&rows(&simple(), &grouped).await, &expected, "as the one group of a GROUP BY");
}

#[tokio::test]
async fn shuffled_rows() {
    let sql = by_campaign();
    let expected = expected(&sql).await;
    for seed in 1..4 {
        let customers = table(dealt(&shuffled(&batch(), seed), 100, 3));
        let context = with_customers(session(3, 64), customers);
        assert_same(&rows(&context, &sql).await, &expected, "of shuffled rows");
    }
}

#[tokio::test]
async fn shuffled_rows_in_sql() {
    let sql = format!("SELECT {FIT}, ziln_evaluate(ltv, logit, mu, raw_sigma) FROM customers");
    let expected = expected(&sql).await;
    for order in ["md5(CAST(id AS VARCHAR))", "id DESC", "ltv, weight, id"] {
        let sql = sql.replace(
            "customers",
            &format!("(SELECT * FROM customers ORDER BY {order} LIMIT {ROWS})"),
        );
        assert_same(&rows(&simple(), &sql).await, &expected, &sql);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Any order of the rows, cut anywhere into batches, dealt in any way to partitions and merged.
    #[test]
    fn any_split_of_the_rows(
        seed in 0_u64..1000,
        cuts in prop::collection::vec((1_usize..120, 0_usize..4), 1..30),
        batch_size in 1_usize..300,
        grouped in any::<bool>(),
    ) {
        static EXPECTED: OnceLock<[Vec<Vec<ScalarValue>>; 2]> = OnceLock::new();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let queries = [format!("SELECT {AGGREGATES} FROM customers"), by_campaign()];
        let expected = EXPECTED.get_or_init(|| {
            queries.each_ref().map(|sql| runtime.block_on(expected(sql)))
        });
        let customers = shuffled(&batch(), seed);
        let mut partitions = vec![Vec::new(); 4];
        let mut start = 0;
        for (turn, &(length, partition)) in cuts.iter().enumerate() {
            let rest = ROWS - start;
            let length = if turn + 1 == cuts.len() { rest } else { length.min(rest) };
            partitions[partition].push(customers.slice(start, length));
            start += length;
        }
        let context = with_customers(session(4, batch_size), table(partitions));
        let which = usize::from(grouped);
        let actual = runtime.block_on(rows(&context, &queries[which]));
        assert_same(&actual, &expected[which], "of another split");
    }
}

/// Where nearly every row is a group of its own, DataFusion stops aggregating before it repartitions and turns rows
/// into states directly.
#[tokio::test]
async fn partial_aggregation_skipped() {
    let sql =
        format!("SELECT id % 300 AS part, {AGGREGATES} FROM customers GROUP BY part ORDER BY part");
    let expected = expected(&sql).await;
    let mut config = config(4, 16);
    config.options_mut().execution.skip_partial_aggregation_probe_rows_threshold = 20;
    config.options_mut().execution.skip_partial_aggregation_probe_ratio_threshold = 0.0;
    let context = session_with(config, Arc::new(RuntimeEnv::default()));
    let context = with_customers(context, table(dealt(&batch(), 16, 4)));
    let (actual, plan) = run_plan(&context, &sql).await.expect("a result");
    let skipped = metric(&plan, "skipped_aggregation_rows");
    assert!(skipped > ROWS / 2, "only {skipped} rows skipped partial aggregation");
    assert_same(&actual, &expected, "without partial aggregation");
    // With FILTER too.
    let filtered = "SELECT id % 300 AS part, ziln_fit_sgd(ltv, recency, {epochs: 1}) FILTER (WHERE weight > 0),
        ziln_gini(ltv, mu) FILTER (WHERE recency > 30) FROM customers GROUP BY part ORDER BY part";
    let expected = rows(&simple(), filtered).await;
    let (actual, plan) = run_plan(&context, filtered).await.expect("a result");
    assert!(metric(&plan, "skipped_aggregation_rows") > ROWS / 2);
    assert_same(&actual, &expected, "with FILTER, without partial aggregation");
}

/// On a table that is sorted by the groups, DataFusion emits each group as soon as the next begins.
#[tokio::test]
async fn ordered_input() {
    let sql = by_campaign();
    let expected = expected(&sql).await;
    let by_campaign = sorted(&batch(), "campaign");
    for batch_size in [1, 10, 200] {
        let customers = MemTable::try_new(by_campaign.schema(), dealt(&by_campaign, batch_size, 1));
        let order = vec![vec![col("campaign").sort(true, true)]];
        let customers = Arc::new(customers.expect("a table").with_sort_order(order));
        let context = with_customers(session(1, batch_size), customers);
        let plan = physical_plan(&context, &sql).await;
        assert!(plan.contains("ordering_mode=Sorted"), "{plan}");
        assert_same(&rows(&context, &sql).await, &expected, "of ordered rows");

        // Sorted by a part of the groups only.
        let sql = format!(
            "SELECT campaign, channel, {FIT} FROM customers GROUP BY campaign, channel
            ORDER BY campaign, channel"
        );
        let plan = physical_plan(&context, &sql).await;
        assert!(plan.contains("ordering_mode=PartiallySorted"), "{plan}");
        assert_same(&rows(&context, &sql).await, &rows(&simple(), &sql).await, &sql);
    }
}

/// With more groups than DataFusion has states in a batch: of fewer, none would be left out of memory.
#[tokio::test]
async fn spilled_groups() {
    let sql = "SELECT part, count(*), md5(ziln_fit_sgd(y, {a: a, b: CAST(b AS VARCHAR)}, {epochs: 1})), ziln_gini(y, a)
        FROM (SELECT value % 12000 AS part, value % 7 AS y, value % 11 AS a, value % 13 AS b FROM generate_series(1, 60000))
        GROUP BY part ORDER BY part";
    let expected = rows(&session(1, 8192), sql).await;
    let mut spilled = 0;
    let mut refused = 0;
    let mut limit = 200 << 10;
    while limit < 64 << 20 {
        for partitions in [1, 2] {
            let pool = Arc::new(FairSpillPool::new(limit));
            let mut config = config(partitions, 256);
            config.options_mut().execution.sort_spill_reservation_bytes = 64 << 10;
            let context = session_with(config, runtime(pool.clone(), true));
            let what = format!("with {partitions} partitions and {limit} bytes");
            match run_plan(&context, sql).await {
                Ok((actual, plan)) => {
                    spilled += usize::from(spills(&plan) > 0);
                    assert_same(&actual, &expected, &what);
                }
                Err(error) => {
                    refused += 1;
                    let message = error.to_string();
                    assert!(message.contains("Resources exhausted"), "{what}: {message}");
                }
            }
            released(&*pool, &what).await;
        }
        limit *= 2;
    }
    assert!(spilled > 0, "no query spilled and came to an end");
    assert!(refused > 0, "no limit was too small");
}

/// Rows are kept until training. What they take is counted, so that DataFusion refuses the query and lives on.
#[tokio::test]
async fn memory_limit() {
    let wide = "ziln_fit_sgd(value % 7,
        {a: value, b: value % 10, c: value % 100, d: CAST(value % 9 AS VARCHAR)}, {epochs: 0})";
    let evaluate = "ziln_evaluate(value % 7, value % 3, value % 5, value % 2, value % 4)";
    let metrics = "ziln_gini(value % 7, value % 11), ziln_spearman(value % 7, value % 11),
        ziln_decile_stats(value % 7, value % 11)";
    // 3 million rows of at least 16 bytes, in every query.
    for aggregate in [wide, evaluate, metrics] {
        for rest in ["", "GROUP BY value % 2", "GROUP BY value % 2 HAVING count(*) > 5"] {
            let pool = Arc::new(GreedyMemoryPool::new(24 << 20));
            let context = session_with(config(2, 8192), runtime(pool.clone(), false));
            let sql = format!("SELECT {aggregate} FROM generate_series(1, 3000000) {rest}");
            let message = error(&context, &sql).await;
            assert!(message.contains("Resources exhausted"), "{sql}\n{message}");
            released(&*pool, &sql).await;
            let small = sql.replace("3000000", "3000");
            assert!(run(&context, &small).await.is_ok(), "{small}");
        }
    }
    // As a window over the whole partition.
    let pool = Arc::new(GreedyMemoryPool::new(24 << 20));
    let context = session_with(config(2, 8192), runtime(pool, false));
    let sql = format!(
        "SELECT count(*) FROM (SELECT {wide} OVER () AS m FROM generate_series(1, 3000000)) WHERE m IS NULL"
    );
    let message = error(&context, &sql).await;
    assert!(message.contains("Resources exhausted"), "{message}");
}

/// All memory is given back, once the tasks of the query have seen that it is over.
async fn released(pool: &dyn MemoryPool, what: &str) {
    for _ in 0..10_000 {
        if pool.reserved() == 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
        tokio::task::yield_now().await;
    }
    panic!("{} bytes are still reserved: {what}", pool.reserved());
}

fn runtime(pool: Arc<dyn MemoryPool>, disk: bool) -> Arc<RuntimeEnv> {
    let mode = if disk { DiskManagerMode::OsTmpDirectory } else { DiskManagerMode::Disabled };
    RuntimeEnvBuilder::new()
        .with_memory_pool(pool)
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(mode))
        .build_arc()
        .expect("a runtime")
}

/// The rows of a query's result, and the plan with what it measured.
async fn run_plan(
    context: &SessionContext,
    sql: &str,
) -> datafusion::error::Result<(Vec<Vec<ScalarValue>>, Arc<dyn ExecutionPlan>)> {
    let plan = context.sql(sql).await?.create_physical_plan().await?;
    let batches = collect(plan.clone(), context.task_ctx()).await?;
    Ok((rows_of(&batches), plan))
}

/// A metric, summed over a plan.
fn metric(plan: &Arc<dyn ExecutionPlan>, name: &str) -> usize {
    let own = plan.metrics().and_then(|metrics| metrics.sum_by_name(name));
    let own = own.map_or(0, |value| value.as_usize());
    own + plan.children().into_iter().map(|child| metric(child, name)).sum::<usize>()
}

/// How often the aggregations of a plan spilled.
fn spills(plan: &Arc<dyn ExecutionPlan>) -> usize {
    let own = plan.metrics().filter(|_| plan.downcast_ref::<AggregateExec>().is_some());
    let own = own.and_then(|metrics| metrics.spill_count()).unwrap_or_default();
    own + plan.children().into_iter().map(spills).sum::<usize>()
}

async fn physical_plan(context: &SessionContext, sql: &str) -> String {
    let plan = context.sql(sql).await.expect("a query").create_physical_plan().await;
    displayable(plan.expect("a plan").as_ref()).indent(false).to_string()
}
