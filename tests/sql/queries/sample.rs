//! Fits and metrics of a bounded sample: the same rows are kept however a query is run.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::SessionContext;

use super::{assert_same, text, with_customers};
use crate::customers::{customers, dealt, shuffled, sorted, table};
use crate::session::{config, error, rows, run, session, session_with};

/// So many that samples are cut several times.
const ROWS: usize = 6000;

fn one_partition() -> SessionContext {
    with_customers(session(1, 8192), table(vec![vec![customers(ROWS)]]))
}

/// Samples of columns and lists, of all rows and of campaigns, with weights and a model to continue from.
async fn fits() -> String {
    let context = one_partition();
    let prior = "ziln_fit_prior(ltv, {recency: recency}, campaign, {max_iterations: 3})";
    let prior = rows(&context, &format!("SELECT {prior} FROM customers")).await;
    let prior = text(&prior[0][0]);
    format!(
        "ziln_fit_sgd(ltv, {{recency: recency, frequency: frequency, channel: channel}}, weight,
            {{epochs: 2, max_rows: 40, seed: 3, validation_fraction: 0.2}}) AS model,
        ziln_fit_sgd(ltv, [recency, frequency], {{epochs: 1, max_rows: 50}}) AS of_lists,
        ziln_fit_newton(ltv, {{recency: recency, channel: channel}}, {{max_rows: 25, max_iterations: 3}}) AS exact,
        ziln_fit_newton(ltv, {{recency: recency}}, weight, {{max_rows: 30, max_iterations: 2}}, '{prior}') AS drawn,
        ziln_fit_prior(ltv, {{recency: recency}}, id % 5, {{max_rows: 10, max_iterations: 3}}) AS prior"
    )
}

async fn by_campaign() -> String {
    format!("SELECT campaign, {} FROM customers GROUP BY campaign ORDER BY campaign", fits().await)
}

/// Metrics of samples, of predictions of which some are infinite: at the end of a sample they must not be taken for each other.
const METRICS: &str = "
    ziln_evaluate(ltv, logit, mu, raw_sigma, {max_rows: 40}) AS of_numbers,
    ziln_evaluate(ltv, {logit: logit, mu: mu, sigma: 1}, weight, {max_rows: 25}) AS weighted,
    ziln_evaluate(id % 2, {logit: CASE WHEN id % 3 = 0 THEN '-inf'::DOUBLE ELSE 'inf'::DOUBLE END, mu: 1, sigma: 1},
        {max_rows: 9}) AS infinite,
    ziln_evaluate(id % 3, 'inf'::DOUBLE, CASE WHEN id % 2 = 0 THEN 'NaN'::DOUBLE ELSE 'inf'::DOUBLE END, 1,
        {max_rows: 11}) AS unfit";

fn metrics_by_campaign() -> String {
    format!("SELECT campaign, {METRICS} FROM customers GROUP BY campaign ORDER BY campaign")
}

fn with_batch(partitions: usize, batch_size: usize, batch: &RecordBatch) -> SessionContext {
    let customers = table(dealt(batch, batch_size, partitions));
    with_customers(session(partitions, batch_size), customers)
}

#[tokio::test]
async fn however_rows_are_cut() {
    let grouped = by_campaign().await;
    let one_group = format!("SELECT {} FROM customers", fits().await);
    let metrics = [metrics_by_campaign(), format!("SELECT {METRICS} FROM customers")];
    for sql in [&grouped, &one_group, &metrics[0], &metrics[1]] {
        let expected = rows(&one_partition(), sql).await;
        for (partitions, batch_size) in [(1, 1), (2, 7), (8, 300), (64, 32), (2, 65_536)] {
            let context = with_batch(partitions, batch_size, &customers(ROWS));
            let what = format!("with {partitions} partitions and batches of {batch_size}");
            assert_same(&rows(&context, sql).await, &expected, &what);
        }
        for batch in [shuffled(&customers(ROWS), 5), sorted(&customers(ROWS), "campaign")] {
            let context = with_batch(3, 100, &batch);
            assert_same(&rows(&context, sql).await, &expected, "of rows in another order");
        }
    }
}

#[tokio::test]
async fn without_partial_aggregation() {
    let mut config = config(4, 16);
    config.options_mut().execution.skip_partial_aggregation_probe_rows_threshold = 20;
    config.options_mut().execution.skip_partial_aggregation_probe_ratio_threshold = 0.0;
    let context = session_with(config, Arc::new(RuntimeEnv::default()));
    let context = with_customers(context, table(dealt(&customers(ROWS), 16, 4)));
    for sql in [by_campaign().await, metrics_by_campaign()] {
        let expected = rows(&one_partition(), &sql).await;
        assert_same(&rows(&context, &sql).await, &expected, "without partial aggregation");
    }
}

#[tokio::test]
async fn as_a_window() {
    let fits = fits().await;
    let models: Vec<String> = ["model", "of_lists", "exact", "drawn", "prior"]
        .iter()
        .map(|name| format!("max({name}) AS {name}"))
        .collect();
    let over: Vec<String> = fits.split(" AS ").map(str::to_owned).collect();
    let over = over.join(" OVER (PARTITION BY campaign) AS ");
    let window = format!(
        "SELECT campaign, {} FROM (SELECT campaign, {over} FROM customers) GROUP BY campaign ORDER BY campaign",
        models.join(", ")
    );
    let expected = rows(&one_partition(), &by_campaign().await).await;
    assert_same(&rows(&one_partition(), &window).await, &expected, "as a window");
}

#[tokio::test]
async fn a_model_says_what_was_seen_and_kept() {
    let sql = "SELECT campaign, i['rows'], i['rows_seen'], i['skipped_labels'], i['max_rows'], least(usable, 40), usable, skipped
        FROM (SELECT campaign,
            ziln_model_info(ziln_fit_sgd(ltv, recency, weight, {epochs: 0, max_rows: 40})) AS i,
            count(*) FILTER (WHERE weight > 0 AND NOT isnan(ltv)) AS usable,
            count(*) FILTER (WHERE weight > 0 AND isnan(ltv)) AS skipped
            FROM customers GROUP BY campaign)
        WHERE campaign <> 'nobody pays' ORDER BY campaign";
    for context in [one_partition(), with_batch(8, 100, &customers(ROWS))] {
        let models = rows(&context, sql).await;
        assert_eq!(models.len(), 8);
        for row in models {
            assert_eq!(row[1..4], row[5..8], "{row:?}");
            assert_eq!(row[4], ScalarValue::from(40_i64));
        }
    }
}

/// The metrics of a sample are those of the rows that it has: here rows that a query can name by their hash.
#[tokio::test]
async fn the_metrics_are_those_of_the_rows_kept() {
    let context = one_partition();
    let kept = "SELECT e['rows'] + e['non_finite'], e['rows_seen'], e['label_mean'] FROM (SELECT ziln_evaluate(id, 0, 0, 0, {max_rows: 7}) AS e FROM customers)";
    let kept = rows(&context, kept).await;
    assert_eq!(kept[0][..2], [ScalarValue::from(7_i64), ScalarValue::from(ROWS as i64)]);
    // Whatever rows they are, a sample of fewer is part of them: the label of the one row of a sample of one is among those of
    // a sample of two, and so on.
    let sums = (1..=7).map(|most| {
        format!("{most} * ziln_evaluate(id, 0, 0, 0, {{max_rows: {most}}})['label_mean']")
    });
    let sums = format!("SELECT {} FROM customers", sums.collect::<Vec<String>>().join(", "));
    let sums = rows(&context, &sums).await;
    let sums: Vec<f64> = sums[0]
        .iter()
        .map(|sum| match sum {
            ScalarValue::Float64(Some(sum)) => *sum,
            other => panic!("{other:?}"),
        })
        .collect();
    let mut ids = vec![sums[0]];
    ids.extend(sums.windows(2).map(|sums| (sums[1] - sums[0]).round()));
    let list: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let list = list.join(", ");
    let count = format!("SELECT count(*) FROM customers WHERE id IN ({list})");
    assert_eq!(rows(&context, &count).await, [[ScalarValue::from(7_i64)]]);
    let same = format!(
        "SELECT all_rows['gini'] = of_sample['gini'] AND all_rows['crps'] = of_sample['crps'] FROM
            (SELECT ziln_evaluate(id, 0, 0, 0) AS all_rows FROM customers WHERE id IN ({list})),
            (SELECT ziln_evaluate(id, 0, 0, 0, {{max_rows: 7}}) AS of_sample FROM customers)"
    );
    assert_eq!(rows(&context, &same).await, [[ScalarValue::from(true)]]);
}

/// With room for all rows, what is learnt is what is learnt without a bound.
#[tokio::test]
async fn room_for_all_changes_nothing() {
    let sql = "SELECT (ziln_model_info(ziln_fit_sgd(ltv, [recency, frequency], {epochs: 2, max_rows: 6000}))['objective']
            = ziln_model_info(ziln_fit_sgd(ltv, [recency, frequency], {epochs: 2}))['objective'])
        AND (ziln_model_info(ziln_fit_newton(ltv, recency, {max_rows: 6000}))['objective']
            = ziln_model_info(ziln_fit_newton(ltv, recency))['objective']) FROM customers";
    assert_eq!(rows(&one_partition(), sql).await, [[ScalarValue::from(true)]]);
}

#[tokio::test]
async fn copies_are_told() {
    let sql = "SELECT array_to_string(i['warnings'], ' ') LIKE '%many rows are copies%'
        FROM (SELECT ziln_model_info(ziln_fit_sgd(value % 3, value % 7, {epochs: 0, max_rows: 2000})) AS i
              FROM generate_series(1, 20000))";
    assert_eq!(rows(&session(2, 8192), sql).await, [[ScalarValue::from(true)]]);
}

/// What would not fit as a whole fits as a sample.
#[tokio::test]
async fn memory_is_bounded() {
    let limited = || {
        let pool = Arc::new(GreedyMemoryPool::new(24 << 20));
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc();
        session_with(config(2, 8192), runtime.expect("a runtime"))
    };
    let fit = |options: &str| {
        format!(
            "SELECT ziln_fit_sgd(value % 7, {{a: value, b: value % 10, c: CAST(value % 9 AS VARCHAR)}}, {options})
             FROM generate_series(1, 1000000)"
        )
    };
    let refused = error(&limited(), &fit("{epochs: 0}")).await;
    assert!(refused.contains("Resources exhausted"), "{refused}");
    let sample = fit("{epochs: 0, max_rows: 10000}");
    let evaluate = |options: &str| {
        format!(
            "SELECT ziln_evaluate(value % 7, value % 5, value / 1e6, 0{options}) FROM generate_series(1, 1000000)"
        )
    };
    let refused = error(&limited(), &evaluate("")).await;
    assert!(refused.contains("Resources exhausted"), "{refused}");
    for sql in [sample, evaluate(", {max_rows: 10000}")] {
        if let Err(error) = run(&limited(), &sql).await {
            panic!("{error}");
        }
    }
}
