//! Training by passes: however rows are cut, a start and every step give the same texts.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::SessionContext;
use ziln::udf::{FitPasses, fit_passes};

use super::{assert_same, with_customers};
use crate::customers::{customers, dealt, shuffled, sorted, table};
use crate::session::{config, error, rows, run, session, session_with};

/// Samples of 40 rows a campaign: most campaigns have more.
const ROWS: usize = 3000;

/// Two steps from the start, of all rows and of lists of numbers.
const STEPS: &str = "
    WITH started AS (
        SELECT campaign,
            ziln_newton_start(ltv, {recency: recency, frequency: frequency, channel: channel}, weight, {max_rows: 40}) AS model,
            ziln_newton_start(ltv, [recency, frequency], {max_rows: 40}) AS of_lists
        FROM customers GROUP BY campaign
    ), once AS (
        SELECT campaign,
            ziln_newton_step(ltv, {channel: channel, frequency: frequency, recency: recency}, model, weight) AS model,
            ziln_newton_step(ltv, [recency, frequency], of_lists) AS of_lists
        FROM customers JOIN started USING (campaign) GROUP BY campaign
    )
    SELECT campaign,
        ziln_newton_step(ltv, {recency: recency, frequency: frequency, channel: channel}, model, weight) AS model,
        ziln_newton_step(ltv, [recency, frequency], of_lists) AS of_lists
    FROM customers JOIN once USING (campaign) GROUP BY campaign ORDER BY campaign";

fn one_partition() -> SessionContext {
    with_customers(session(1, 8192), table(vec![vec![customers(ROWS)]]))
}

#[tokio::test]
async fn however_rows_are_cut() {
    let whole = STEPS
        .replace("campaign,", "")
        .replace("USING (campaign)", "ON true")
        .replace("GROUP BY campaign", "")
        .replace("ORDER BY campaign", "");
    for sql in [STEPS, &whole] {
        let expected = rows(&one_partition(), sql).await;
        assert!(expected.iter().flatten().filter(|value| value.is_null()).count() < 4);
        for (partitions, batch_size) in [(1, 1), (2, 7), (8, 300), (2, 65_536)] {
            let batches = dealt(&customers(ROWS), batch_size, partitions);
            let context = with_customers(session(partitions, batch_size), table(batches));
            let what = format!("with {partitions} partitions and batches of {batch_size}");
            assert_same(&rows(&context, sql).await, &expected, &what);
        }
        for batch in [shuffled(&customers(ROWS), 5), sorted(&customers(ROWS), "campaign")] {
            let context = with_customers(session(3, 100), table(dealt(&batch, 100, 3)));
            assert_same(&rows(&context, sql).await, &expected, "of rows in another order");
        }
    }
}

#[tokio::test]
async fn without_partial_aggregation() {
    let expected = rows(&one_partition(), STEPS).await;
    let mut config = config(4, 16);
    config.options_mut().execution.skip_partial_aggregation_probe_rows_threshold = 20;
    config.options_mut().execution.skip_partial_aggregation_probe_ratio_threshold = 0.0;
    let context = session_with(config, Arc::new(RuntimeEnv::default()));
    let context = with_customers(context, table(dealt(&customers(ROWS), 16, 4)));
    assert_same(&rows(&context, STEPS).await, &expected, "without partial aggregation");
}

/// A window over whole partitions has what a group has.
#[tokio::test]
async fn as_a_window() {
    let started =
        "SELECT campaign, ziln_newton_start(ltv, {recency: recency}, {max_rows: 40}) AS model
        FROM customers GROUP BY campaign";
    let step = "ziln_newton_step(ltv, {recency: recency}, model)";
    let of_groups = format!(
        "SELECT campaign, {step} FROM customers JOIN ({started}) AS s USING (campaign) GROUP BY campaign ORDER BY campaign"
    );
    let window = format!(
        "SELECT DISTINCT campaign, {step} OVER (PARTITION BY campaign) FROM customers JOIN ({started}) AS s USING (campaign)
         ORDER BY campaign"
    );
    let expected = rows(&one_partition(), &of_groups).await;
    assert_same(&rows(&one_partition(), &window).await, &expected, "as a window");
}

/// The driver stops when all groups have converged, in one query a pass or in one statement for all.
#[tokio::test]
async fn passes_come_to_an_end() {
    let context = one_partition();
    let passes = FitPasses::new("ltv", "{recency: recency, channel: channel}")
        .weight("weight")
        .by(["campaign"])
        .options("{max_rows: 40}");
    let models = fit_passes(&context, "customers", &passes).await.unwrap();
    context.register_table("models", models.into_view()).unwrap();
    let driven = rows(&context, "SELECT campaign, model FROM models ORDER BY campaign").await;
    assert_eq!(driven.len(), 9);
    let converged = "SELECT count(*) FILTER (WHERE i['stop_reason'] = 'converged'), count(model), max(i['epochs_run']) <= 50
        FROM (SELECT model, ziln_model_info(model) AS i FROM models)";
    let [all, some, few] =
        <[ScalarValue; 3]>::try_from(rows(&context, converged).await.remove(0)).unwrap();
    assert_eq!((all, some, few), (8_i64.into(), 8_i64.into(), true.into()));

    let script = std::fs::read_to_string("sql/passes.sql").unwrap();
    let script = script.replace("'customers.parquet'", "customers");
    assert!(script.contains("FROM customers"));
    for statement in script.split(';').filter(|statement| statement.contains("CREATE")) {
        run(&context, statement).await.unwrap();
    }
    let recursive = rows(&context, "SELECT campaign, model FROM trained ORDER BY campaign").await;
    assert_same(&recursive, &driven, "in one statement");

    // Of all rows, without a key.
    let passes = FitPasses::new("ltv", "[recency, frequency]").options("{max_rows: 300}");
    let models =
        fit_passes(&context, "(SELECT * FROM customers WHERE weight > 0)", &passes).await.unwrap();
    context.register_table("one", models.into_view()).unwrap();
    let reason = rows(&context, "SELECT ziln_model_info(model)['stop_reason'] FROM one").await;
    assert_eq!(reason, [[ScalarValue::from("converged")]]);
    let none =
        fit_passes(&context, "(SELECT * FROM customers WHERE false)", &passes).await.unwrap();
    assert!(none.collect().await.unwrap()[0].column(0).is_null(0));
}

/// Names of columns mean what they say, whatever is in them.
#[tokio::test]
async fn names_are_quoted() {
    let context = one_partition();
    let passes = FitPasses::new("ltv", "{recency: recency}").options("{max_rows: 40}");
    let by_campaign = passes.clone().by(["campaign"]);
    let plain = fit_passes(&context, "customers", &by_campaign).await.unwrap();
    context.register_table("plain", plain.into_view()).unwrap();
    let customers = r#"(SELECT ltv, recency, campaign AS "Cam""paign", 1 AS "cam" FROM customers)"#;
    let by_others = passes.clone().by(["Cam\"paign", "cam"]);
    let quoted = fit_passes(&context, customers, &by_others).await.unwrap();
    context.register_table("quoted", quoted.into_view()).unwrap();
    let expected = rows(&context, "SELECT campaign, 1, model FROM plain ORDER BY campaign").await;
    let query = r#"SELECT "Cam""paign", cam, model FROM quoted ORDER BY "Cam""paign""#;
    assert_same(&rows(&context, query).await, &expected, "under other names");
    let absent = passes.by(["Campaign"]);
    let error = fit_passes(&context, "customers", &absent).await.unwrap_err().to_string();
    assert!(error.contains("No field named \"Campaign\""), "{error}");
}

/// Passes that begin with a sample have the objective of the sample's constants, whose optimum over the rows that the exact
/// solver comes to where these rows are the sample.
#[tokio::test]
async fn the_optimum_is_that_of_the_exact_solver() {
    let context = one_partition();
    let fit = "ziln_fit_newton(ltv, {recency: recency, channel: channel}, weight, {l2: 0.001})";
    let start = "ziln_newton_start(ltv, {recency: recency, channel: channel}, weight, {l2: 0.001, max_rows: 3000})";
    let weights = |call: &str| {
        format!(
            "SELECT w['head'], w['feature'], w['level'], w['weight'] FROM (SELECT unnest(ziln_weights({call})) AS w FROM customers)"
        )
    };
    let exact = rows(&context, &weights(fit)).await;
    assert_same(&rows(&context, &weights(start)).await, &exact, "of a sample of all rows");
}

#[tokio::test]
async fn what_is_refused() {
    let context = one_partition();
    let model =
        "(SELECT ziln_newton_start(ltv, {recency: recency}, {max_rows: 40}) FROM customers)";
    let step = |model: &str| {
        format!("SELECT ziln_newton_step(ltv, {{recency: recency}}, {model}) FROM customers")
    };
    for (sql, expected) in [
        (step("'{}'"), "ziln_newton_step: argument `model`: expected the text of a model"),
        (
            "SELECT ziln_newton_step(ltv, {recency: recency}, model) FROM customers
             CROSS JOIN (SELECT ziln_fit_newton(ltv, {recency: recency}) AS model FROM customers)"
                .to_owned(),
            "training by passes begins with a model of ziln_newton_start",
        ),
        (
            step(&format!("CASE WHEN id > 5 THEN {model} END")),
            "argument `model`: expected the same model in all rows of a group, got 2 in a group of",
        ),
        (
            format!(
                "SELECT ziln_newton_step(ltv, {{frequency: frequency}}, {model}) FROM customers"
            ),
            "the model needs a feature `recency`",
        ),
        (
            format!(
                "SELECT ziln_newton_step(ltv, {{recency: recency}}, {model}, -1) FROM customers"
            ),
            "argument `weight`: expected a finite number, 0 or more",
        ),
        (step("1"), "argument `model`: expected the text of a model"),
        (
            "SELECT ziln_newton_start(ltv, recency, {errors: 'robust'}) FROM customers".to_owned(),
            "option `errors`: expected model, as passes sum no products of slopes, got robust",
        ),
        (
            "SELECT ziln_newton_start(ltv, recency, NULL, NULL, 'm') FROM customers".to_owned(),
            "ziln_newton_start(label, features [, weight] [, options]), got 5 arguments",
        ),
        (
            "SELECT ziln_newton_step(DISTINCT ltv, recency, 'm') FROM customers".to_owned(),
            "DISTINCT",
        ),
    ] {
        let message = error(&context, &sql).await;
        assert!(message.contains(expected), "{sql}\n{message}");
    }
    // A model that is NULL, or no row that counts, leaves nothing.
    for sql in [
        step("CAST(NULL AS VARCHAR)"),
        step("NULL"),
        format!("SELECT ziln_newton_step(NULL, {{recency: recency}}, {model}) FROM customers"),
        format!("SELECT ziln_newton_step(ltv, {{recency: recency}}, {model}, 0) FROM customers"),
    ] {
        assert!(rows(&context, &sql).await[0][0].is_null(), "{sql}");
    }
}
