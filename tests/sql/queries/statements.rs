//! Whatever a query is part of.

use datafusion::common::ScalarValue;
use datafusion::prelude::SessionContext;
use tempfile::TempDir;

use super::{
    AGGREGATES, FEATURES, FIT, ROWS, assert_same, batch, by_campaign, expected, run_all, simple,
    text, trained, with_customers,
};
use crate::customers::{dealt, table};
use crate::session::{error, rows, run, session, value};

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
