//! Whole queries. However a query is run, and whatever it is part of, the same rows give the same model text and the
//! same metrics, bit for bit.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use datafusion::arrow::array::{
    Array, ArrayRef, DictionaryArray, Int8Array, RecordBatch, StringArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Int8Type, Schema};
use datafusion::common::ScalarValue;
use datafusion::datasource::MemTable;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, GreedyMemoryPool, MemoryPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use datafusion::prelude::{SessionContext, col};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::customers::{customers, dealt, shuffled, sorted, table};
use crate::session::{config, error, rows, rows_of, run, session, session_with, value};

/// Few steps of training are enough to see any difference in the rows, their order or their weights.
const FIT: &str =
    "ziln_fit_sgd(ltv, {recency: recency, frequency: frequency, channel: channel}, weight,
    {epochs: 2, batch_size: 32, validation_fraction: 0.2})";

/// Every aggregate.
const AGGREGATES: &str = "
    ziln_fit_sgd(ltv, {recency: recency, frequency: frequency, channel: channel}, weight,
        {epochs: 2, batch_size: 32, validation_fraction: 0.2}) AS model,
    ziln_fit_sgd(ltv, [recency, frequency], {epochs: 1}) AS plain_model,
    ziln_evaluate(ltv, logit, mu, raw_sigma, weight) AS evaluation,
    ziln_evaluate(ltv, {logit: logit, mu: mu, sigma: 1}) AS plain_evaluation,
    ziln_gini(ltv, mu, weight) AS gini,
    ziln_gini(ltv, mu) AS plain_gini,
    ziln_spearman(ltv, mu) AS spearman,
    ziln_decile_stats(ltv, mu, 7) AS deciles";

fn by_campaign() -> String {
    format!("SELECT campaign, {AGGREGATES} FROM customers GROUP BY campaign ORDER BY campaign")
}

const ROWS: usize = 1500;

fn batch() -> RecordBatch {
    static BATCH: OnceLock<RecordBatch> = OnceLock::new();
    BATCH.get_or_init(|| customers(ROWS)).clone()
}

fn with_customers(context: SessionContext, customers: Arc<MemTable>) -> SessionContext {
    context.register_table("customers", customers).expect("a new table");
    context
}

/// The customers in one batch, in a session without parallelism.
fn simple() -> SessionContext {
    with_customers(session(1, 8192), table(vec![vec![batch()]]))
}

/// The results that all others are compared with.
async fn expected(sql: &str) -> Vec<Vec<ScalarValue>> {
    rows(&simple(), sql).await
}

/// Says which column of which row differs: the values are long.
fn assert_same(actual: &[Vec<ScalarValue>], expected: &[Vec<ScalarValue>], what: &str) {
    assert_eq!(actual.len(), expected.len(), "rows {what}");
    for (actual, expected) in actual.iter().zip(expected) {
        for (column, (actual, expected)) in actual.iter().zip(expected).enumerate() {
            assert!(actual == expected, "column {column} {what}\n  {actual:?}\n  {expected:?}");
        }
    }
}

/// A model's text, which must be there.
fn text(value: &ScalarValue) -> String {
    value.try_as_str().flatten().unwrap_or_else(|| panic!("no text: {value:?}")).to_owned()
}

#[tokio::test]
async fn the_expected_results_say_something() {
    let results = expected(&by_campaign()).await;
    assert_eq!(results.len(), 9);
    for row in &results {
        let nobody_pays = row[0] == ScalarValue::from("nobody pays");
        assert_eq!(row[1].is_null(), nobody_pays, "{row:?}");
        assert_eq!(row[2].is_null(), nobody_pays, "{row:?}");
    }
    let distinct: std::collections::HashSet<_> = results.iter().map(|row| row[1].clone()).collect();
    assert_eq!(distinct.len(), 9);
}

// --- how a query is run ------------------------------------------------------------------------------------------

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

#[tokio::test]
async fn spilled_groups() {
    let mut many = Vec::new();
    for seed in 0..12 {
        many.push(shuffled(&batch(), seed));
    }
    let sql = "SELECT id % 700 AS part, count(*),
            ziln_fit_sgd(ltv, {recency: recency, frequency: frequency, channel: channel}, {epochs: 1}),
            ziln_evaluate(ltv, logit, mu, raw_sigma)
        FROM customers GROUP BY part ORDER BY part";
    let expected = rows(&with_customers(session(1, 8192), table(vec![many.clone()])), sql).await;
    let mut spilled = 0;
    let mut refused = 0;
    let mut limit = 200 << 10;
    while limit < 64 << 20 {
        for partitions in [1, 2] {
            let pool = Arc::new(FairSpillPool::new(limit));
            let mut config = config(partitions, 256);
            config.options_mut().execution.sort_spill_reservation_bytes = 64 << 10;
            let context = session_with(config, runtime(pool.clone(), true));
            let mut parts = vec![Vec::new(); partitions];
            for (turn, batch) in many.iter().enumerate() {
                parts[turn % partitions].push(batch.clone());
            }
            let context = with_customers(context, table(parts));
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

// --- what a query may be -----------------------------------------------------------------------------------------

#[tokio::test]
async fn a_group_is_a_query_with_where() {
    let context = simple();
    for row in rows(&context, &by_campaign()).await {
        let sql = format!(
            "SELECT campaign, {AGGREGATES} FROM customers WHERE campaign = '{}' GROUP BY campaign",
            row[0].try_as_str().flatten().expect("a name")
        );
        assert_same(&rows(&context, &sql).await, &[row], &sql);
    }
}

#[tokio::test]
async fn filter() {
    let context = simple();
    let filtered = AGGREGATES.replace(" AS ", " FILTER (WHERE recency > 20) AS ");
    let sql =
        format!("SELECT campaign, {filtered} FROM customers GROUP BY campaign ORDER BY campaign");
    let wheres = format!(
        "SELECT campaign, {AGGREGATES} FROM customers WHERE recency > 20 GROUP BY campaign ORDER BY campaign"
    );
    let expected = rows(&context, &wheres).await;
    assert_eq!(expected.len(), 9);
    assert_same(&rows(&context, &sql).await, &expected, "with FILTER");
    let parallel = with_customers(session(4, 32), table(dealt(&batch(), 32, 4)));
    assert_same(&rows(&parallel, &sql).await, &expected, "with FILTER in parallel");
    // Two filters in one query, one of which nothing passes.
    let sql = format!(
        "SELECT {FIT} FILTER (WHERE frequency > 1), {FIT} FILTER (WHERE frequency > 9), {FIT} FROM customers"
    );
    let row = rows(&parallel, &sql).await.remove(0);
    let whole = format!("SELECT {FIT} FROM customers");
    assert_eq!(row[0], value(&context, &format!("{whole} WHERE frequency > 1")).await);
    assert!(row[1].is_null());
    assert_eq!(row[2], value(&context, &whole).await);
}

#[tokio::test]
async fn window_over_the_whole_partition() {
    let context = with_customers(session(3, 64), table(dealt(&batch(), 64, 3)));
    let over = AGGREGATES.replace(" AS ", " OVER (PARTITION BY campaign) AS ");
    let sql = format!(
        "SELECT DISTINCT * FROM (SELECT campaign, {over} FROM customers) ORDER BY campaign"
    );
    assert_same(&rows(&context, &sql).await, &expected(&by_campaign()).await, "of windows");
    let sql = format!("SELECT DISTINCT {FIT} OVER () FROM customers");
    assert_eq!(
        value(&context, &sql).await,
        value(&simple(), &format!("SELECT {FIT} FROM customers")).await
    );
}

/// A frame that grows asks the same accumulator again and again.
#[tokio::test]
async fn window_that_grows() {
    let context = simple();
    let sql = "SELECT id, ziln_fit_sgd(ltv, recency, {epochs: 1}) OVER (ORDER BY id) AS model,
            ziln_evaluate(ltv, logit, mu, raw_sigma) OVER (ORDER BY id) AS e
        FROM customers WHERE id < 60";
    let grown = rows(&context, sql).await;
    assert_eq!(grown.len(), 60);
    for row in grown.iter().step_by(7) {
        let sql = format!(
            "SELECT {0}, ziln_fit_sgd(ltv, recency, {{epochs: 1}}),
                    ziln_evaluate(ltv, logit, mu, raw_sigma)
             FROM customers WHERE id <= {0}",
            row[0]
        );
        assert_same(&rows(&context, &sql).await, std::slice::from_ref(row), &sql);
    }
    // A frame whose beginning moves needs rows taken out again; DataFusion says that it cannot.
    let sliding = "SELECT ziln_gini(ltv, mu) OVER (
            ORDER BY id ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) FROM customers";
    assert!(error(&context, sliding).await.contains("ziln_gini"));
}

#[tokio::test]
async fn grouping_sets() {
    let sql = format!(
        "SELECT campaign, channel, grouping(campaign) AS total,
            grouping(channel) AS all_channels, {FIT} AS model
        FROM customers GROUP BY GROUPING SETS ((campaign), (campaign, channel), ())
        ORDER BY total, all_channels, campaign, channel"
    );
    let all = rows(&simple(), &sql).await;
    let parallel = with_customers(session(4, 50), table(dealt(&batch(), 50, 4)));
    assert_same(&rows(&parallel, &sql).await, &all, "of grouping sets in parallel");
    let models = |sql: String| async move { expected(&sql).await };
    let campaigns =
        models(format!("SELECT campaign, {FIT} FROM customers GROUP BY campaign ORDER BY 1")).await;
    let pairs = models(format!(
        "SELECT campaign, channel, {FIT} FROM customers GROUP BY campaign, channel ORDER BY 1, 2"
    ))
    .await;
    let total = models(format!("SELECT {FIT} FROM customers")).await;
    let expected: Vec<ScalarValue> = pairs
        .iter()
        .map(|row| row[2].clone())
        .chain(campaigns.iter().map(|row| row[1].clone()))
        .chain(total.iter().map(|row| row[0].clone()))
        .collect();
    let actual: Vec<ScalarValue> = all.iter().map(|row| row[4].clone()).collect();
    assert_eq!(actual, expected);

    let rollup = format!(
        "SELECT campaign, {FIT} FROM customers GROUP BY ROLLUP (campaign) ORDER BY campaign NULLS LAST"
    );
    let rollup = rows(&parallel, &rollup).await;
    assert_eq!(rollup.last().expect("a total")[1], total[0][0]);
    assert_same(&rollup[..campaigns.len()], &campaigns, "of a rollup");
}

#[tokio::test]
async fn several_aggregates_in_one_query() {
    let context = with_customers(session(2, 100), table(dealt(&batch(), 100, 2)));
    let sql = format!(
        "SELECT count(*), {FIT} AS m, avg(ltv), ziln_fit_sgd(ltv, {{f: frequency}}, {{epochs: 1}}),
                ziln_gini(ltv, mu), {FIT} AS n
         FROM customers"
    );
    let row = rows(&context, &sql).await.remove(0);
    let alone = |aggregate: String| async move {
        value(&simple(), &format!("SELECT {aggregate} FROM customers")).await
    };
    assert_eq!(row[1], alone(FIT.to_owned()).await);
    assert_eq!(row[3], alone("ziln_fit_sgd(ltv, {f: frequency}, {epochs: 1})".to_owned()).await);
    assert_eq!(row[4], alone("ziln_gini(ltv, mu)".to_owned()).await);
    assert_eq!(row[5], row[1]);
}

/// A session with customers, the tables `models` and `everybody`, and a folder for files.
async fn trained() -> (SessionContext, TempDir) {
    let context = with_customers(session(2, 128), table(dealt(&batch(), 128, 2)));
    run_all(
        &context,
        &[
            format!(
                "CREATE TABLE models AS
                 SELECT campaign, {FIT} AS model FROM customers GROUP BY campaign"
            ),
            format!("CREATE VIEW everybody AS SELECT {FIT} AS model FROM customers"),
        ],
    )
    .await;
    (context, tempfile::tempdir().expect("a folder"))
}

async fn run_all(context: &SessionContext, statements: &[String]) {
    for sql in statements {
        run(context, sql).await.unwrap_or_else(|error| panic!("{sql}\n{error}"));
    }
}

/// Writes a table to Parquet and reads it as `stored`.
async fn store(context: &SessionContext, name: &str, folder: &TempDir) {
    let path = folder.path().join(format!("{name}.parquet")).display().to_string();
    run_all(
        context,
        &[
            format!("COPY {name} TO '{path}' STORED AS PARQUET"),
            format!("CREATE EXTERNAL TABLE stored STORED AS PARQUET LOCATION '{path}'"),
        ],
    )
    .await;
}

/// The features by name, in another order than in training.
const FEATURES: &str = "{channel: channel, frequency: frequency, recency: recency}";

/// Scores of each customer from the models of a table or subquery.
fn scores(models: &str) -> String {
    format!(
        "SELECT c.id, ziln_predict(m.model, {FEATURES}) AS params
         FROM customers c JOIN {models} m ON m.campaign = c.campaign ORDER BY c.id"
    )
}

#[tokio::test]
async fn models_in_tables_and_parquet() {
    let (context, folder) = trained().await;
    store(&context, "models", &folder).await;
    // Another type of string may come back.
    let texts = |models: &str| {
        format!(
            "SELECT CAST(campaign AS VARCHAR) AS campaign, CAST(model AS VARCHAR) AS model
             FROM {models} ORDER BY campaign"
        )
    };
    let direct = format!("(SELECT campaign, {FIT} AS model FROM customers GROUP BY campaign)");
    let expected = rows(&context, &texts(&direct)).await;
    assert_eq!(expected.len(), 9);
    for models in ["models", "stored"] {
        assert_same(&rows(&context, &texts(models)).await, &expected, models);
    }
}

#[tokio::test]
async fn scores_by_a_join() {
    let (context, folder) = trained().await;
    store(&context, "models", &folder).await;
    let expected = rows(&context, &scores("models")).await;
    assert_eq!(expected.len(), ROWS);
    let nulls = expected.iter().filter(|row| row[1].is_null()).count();
    assert!(nulls > 0 && nulls < ROWS / 4, "{nulls}");

    let subquery = format!("(SELECT campaign, {FIT} AS model FROM customers GROUP BY campaign)");
    assert_same(&rows(&context, &scores("stored")).await, &expected, "of stored models");
    assert_same(&rows(&context, &scores(&subquery)).await, &expected, "of a subquery");
    let cte = format!("WITH trained AS {subquery} {}", scores("trained"));
    assert_same(&rows(&context, &cte).await, &expected, "of a common table expression");

    // The features as one column, with a field that the models do not know.
    let column = scores("models").replace(FEATURES, "features").replace(
        "customers c",
        "(SELECT *, {id: id, frequency: frequency, channel: channel, recency: recency} AS features
          FROM customers) c",
    );
    assert_same(&rows(&context, &column).await, &expected, "of a struct column");
}

#[tokio::test]
async fn a_model_for_those_without() {
    let (context, _folder) = trained().await;
    let sql = format!(
        "SELECT count(*), count(ziln_predict(coalesce(m.model, e.model), {FEATURES}))
         FROM customers c LEFT JOIN models m ON m.campaign = c.campaign CROSS JOIN everybody e"
    );
    let counts = rows(&context, &sql).await.remove(0);
    assert_eq!(counts[0], ScalarValue::Int64(Some(ROWS as i64)));
    assert_eq!(counts[1], counts[0]);

    // A scalar subquery is one model for all.
    let scalar = format!(
        "SELECT count(p), count(DISTINCT p['mu']) > 1
         FROM (SELECT ziln_predict((SELECT model FROM everybody), {FEATURES}) AS p FROM customers)"
    );
    let counts = rows(&context, &scalar).await.remove(0);
    assert_eq!(counts[0], ScalarValue::Int64(Some(ROWS as i64)));
    assert_eq!(counts[1], ScalarValue::Boolean(Some(true)));
}

#[tokio::test]
async fn params_in_parquet() {
    let (context, folder) = trained().await;
    let scored = scores("models").replace("c.id,", "c.id, c.campaign, c.ltv,");
    run_all(&context, &[format!("CREATE TABLE scored AS {scored}")]).await;
    store(&context, "scored", &folder).await;
    let evaluate = |scored: &str| {
        format!(
            "SELECT CAST(campaign AS VARCHAR) AS campaign, ziln_evaluate(ltv, params),
                    ziln_decile_stats(ltv, ziln_expected_ltv(params))
             FROM {scored} GROUP BY campaign ORDER BY campaign"
        )
    };
    let expected = rows(&context, &evaluate("scored")).await;
    assert_eq!(expected.len(), 9);
    assert_same(&rows(&context, &evaluate("stored")).await, &expected, "of stored params");
}

/// A statement of another session: a prepared query with parameters.
#[tokio::test]
async fn prepared_statements() {
    let context = simple();
    for sql in [
        "PREPARE score(DOUBLE) AS
         SELECT id, ziln_expected_ltv($1, mu, raw_sigma) FROM customers ORDER BY id LIMIT 3",
        "PREPARE train(INT) AS SELECT ziln_fit_sgd(ltv, recency, {epochs: $1}) FROM customers",
    ] {
        run(&context, sql).await.unwrap_or_else(|error| panic!("{sql}\n{error}"));
    }
    let score = rows(&context, "EXECUTE score(0.25)").await;
    let expected = rows(
        &context,
        "SELECT id, ziln_expected_ltv(0.25, mu, raw_sigma) FROM customers ORDER BY id LIMIT 3",
    )
    .await;
    assert_same(&score, &expected, "of a prepared statement");
    let train = value(&context, "EXECUTE train(2)").await;
    assert_eq!(
        train,
        value(&context, "SELECT ziln_fit_sgd(ltv, recency, {epochs: 2}) FROM customers").await
    );
}

// --- how the features are stored ---------------------------------------------------------------------------------

/// The customers with their channel in another type of column.
fn with_channel(channel: ArrayRef) -> SessionContext {
    let batch = batch();
    let place = batch.schema().index_of("channel").expect("channel");
    let mut fields: Vec<Arc<Field>> = batch.schema().fields().iter().cloned().collect();
    fields[place] = Arc::new(Field::new("channel", channel.data_type().clone(), true));
    let mut columns = batch.columns().to_vec();
    columns[place] = channel;
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("a batch");
    with_customers(session(2, 100), table(dealt(&batch, 100, 2)))
}

#[tokio::test]
async fn strings_however_they_are_encoded() {
    let sql = by_campaign();
    let expected = expected(&sql).await;
    let channel = batch().column_by_name("channel").expect("channel").clone();
    let dictionary =
        |key: DataType, value: DataType| DataType::Dictionary(Box::new(key), Box::new(value));
    for data_type in [
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        dictionary(DataType::Int8, DataType::Utf8),
        dictionary(DataType::UInt16, DataType::LargeUtf8),
        dictionary(DataType::Int32, DataType::Utf8View),
        dictionary(DataType::UInt64, DataType::Utf8),
    ] {
        let channel =
            cast(&channel, &data_type).unwrap_or_else(|error| panic!("{data_type}: {error}"));
        let context = with_channel(channel);
        assert_same(&rows(&context, &sql).await, &expected, &format!("of {data_type}"));
    }
}

/// A dictionary may hold a value twice, values nobody uses, and NULL among its values.
#[tokio::test]
async fn untidy_dictionaries() {
    let sql = by_campaign();
    let channel = batch().column_by_name("channel").expect("channel").clone();
    let channel = channel.as_any().downcast_ref::<StringArray>().expect("text");
    let values = StringArray::from(vec![
        Some("unused"),
        None,
        Some("shop"),
        Some("ads"),
        Some("été"),
        Some("shop"),
        None,
    ]);
    let keys: Int8Array = channel
        .iter()
        .enumerate()
        .map(|(row, level)| match level {
            None => [None, Some(1), Some(6)][row % 3],
            Some("shop") => [Some(2), Some(5)][row % 2],
            Some("ads") => Some(3),
            Some(_) => Some(4),
        })
        .collect();
    let dictionary = DictionaryArray::<Int8Type>::new(keys, Arc::new(values));
    let context = with_channel(Arc::new(dictionary));
    assert_same(&rows(&context, &sql).await, &expected(&sql).await, "of an untidy dictionary");
    // Prediction from it is the same too.
    let predict = "SELECT id, ziln_predict(
            (SELECT ziln_fit_sgd(ltv, {channel: channel}, {epochs: 2}) FROM customers),
            {channel: channel})
        FROM customers ORDER BY id";
    assert_same(
        &rows(&context, predict).await,
        &expected(predict).await,
        "predicted from an untidy dictionary",
    );
}

/// Predicting a batch at a time or a row at a time gives the same bits.
#[tokio::test]
async fn predictions_do_not_depend_on_batches() {
    let sql = format!(
        "SELECT id, ziln_predict(model, {FEATURES}) AS p,
            ziln_loss(ltv, ziln_predict(model, {FEATURES})) AS loss,
            ziln_quantile(0.9, logit, mu, raw_sigma) AS q
        FROM customers, (SELECT {FIT} AS model FROM customers) ORDER BY id"
    );
    let expected = expected(&sql).await;
    for (partitions, batch_size) in [(1, 1), (2, 3), (4, 1000)] {
        let context = with_customers(
            session(partitions, batch_size),
            table(dealt(&batch(), batch_size, partitions)),
        );
        assert_same(&rows(&context, &sql).await, &expected, "of other batches");
    }
}

/// `init` takes a model's text, which a program puts into the next query.
#[tokio::test]
async fn training_continues() {
    let context = simple();
    let fit = |options: String| {
        format!(
            "SELECT ziln_fit_sgd(ltv, {{recency: recency, channel: channel}}, {{epochs: 2{options}}})
             FROM customers"
        )
    };
    let first = text(&value(&context, &fit(String::new())).await);
    let second = text(&value(&context, &fit(format!(", init: '{first}'"))).await);
    let objective = |model: String| {
        let context = context.clone();
        async move {
            let sql = format!("SELECT ziln_model_info('{model}')['objective']");
            match value(&context, &sql).await {
                ScalarValue::Float64(Some(objective)) => objective,
                other => panic!("{other:?}"),
            }
        }
    };
    assert!(objective(second).await < objective(first).await);
}
