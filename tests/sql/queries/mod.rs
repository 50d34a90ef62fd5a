//! Whole queries. However a query is run, and whatever it is part of, the same rows give the same model text and the
//! same metrics, bit for bit.
//!
//! | module | what differs |
//! | --- | --- |
//! | `execution` | how a query is run: partitions, order, spilling, limits of memory |
//! | `large` | more of something than 32 bits can count |
//! | `passes` | how many rows there are, of models that are trained by passes over them |
//! | `sample` | how many rows are kept |
//! | `statements` | what it is part of: windows, filters, joins, views, Parquet |
//! | `storage` | how features and models are stored |

mod execution;
mod large;
mod passes;
mod sample;
mod statements;
mod storage;

use std::sync::{Arc, OnceLock};

use datafusion::arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use tempfile::TempDir;

use crate::customers::{customers, dealt, table};
use crate::session::{rows, run, session};

/// Few steps of training are enough to see any difference in the rows, their order or their weights.
const FIT: &str =
    "ziln_fit_sgd(ltv, {recency: recency, frequency: frequency, channel: channel}, weight,
    {epochs: 2, batch_size: 32, validation_fraction: 0.2})";

/// The features by name, in another order than in training.
const FEATURES: &str = "{channel: channel, frequency: frequency, recency: recency}";

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
