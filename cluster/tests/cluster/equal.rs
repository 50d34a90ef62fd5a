//! Whatever the workers and the partitions: the rows and the texts are those of a local session.

use datafusion::error::Result;

use crate::data::Customers;
use crate::processes::{local, on, runtime, text, workers};

/// The aggregates and the functions of a row, and what users put around them. `{customers}` is the table.
const QUERIES: &[&str] = &[
    // Models, in groups and of all rows.
    "SELECT campaign, ziln_fit_sgd(ltv, {visits: visits, channel: channel}, {epochs: 5}) AS model
     FROM {customers} GROUP BY campaign ORDER BY campaign",
    "SELECT ziln_fit_sgd(ltv, {visits: visits, noise: noise}, {epochs: 3}) AS model FROM {customers}",
    "SELECT ziln_fit_sgd(ltv, {visits: visits}, {hidden: [4], epochs: 2}) AS model FROM {customers}",
    "SELECT campaign, ziln_fit_newton(ltv, {visits: visits}) AS model FROM {customers} GROUP BY campaign ORDER BY campaign",
    "SELECT ziln_fit_sgd(ltv, {visits: visits}, {max_rows: 500, epochs: 3}) AS model FROM {customers}",
    "SELECT campaign, ziln_fit_newton(ltv, {visits: visits}, {max_rows: 100}) AS model
     FROM {customers} GROUP BY campaign ORDER BY campaign",
    "WITH models AS (SELECT campaign, ziln_newton_start(ltv, {visits: visits}, {max_rows: 40}) AS model
                     FROM {customers} GROUP BY campaign)
     SELECT c.campaign, ziln_newton_step(c.ltv, {visits: c.visits}, m.model) AS model
     FROM {customers} c JOIN models m ON c.campaign = m.campaign GROUP BY c.campaign ORDER BY c.campaign",
    "SELECT ziln_fit_sgd(ltv, {visits: visits}, 1 + visits, {epochs: 2}) FILTER (WHERE visits > 2) AS model
     FROM {customers}",
    "WITH prior AS (SELECT ziln_fit_prior(ltv, {visits: visits}, campaign) AS model FROM {customers})
     SELECT c.campaign, ziln_fit_newton(c.ltv, {visits: c.visits}, NULL, NULL, p.model) AS model
     FROM {customers} c CROSS JOIN prior p GROUP BY c.campaign ORDER BY c.campaign",
    // Scores.
    "WITH models AS (SELECT campaign, ziln_fit_newton(ltv, {visits: visits}, {covariance: true}) AS model
                     FROM {customers} GROUP BY campaign)
     SELECT id, ziln_predict(model, {visits: visits}) AS params, ziln_params_error(model, {visits: visits}) AS errors,
            ziln_explain(model, {visits: visits}) AS why, ziln_is_model(model) AS is_model
     FROM {customers} JOIN models USING (campaign) ORDER BY id LIMIT 200",
    "WITH models AS (SELECT ziln_fit_newton(ltv, {visits: visits}) AS model FROM {customers})
     SELECT ziln_model_info(model) AS info, ziln_weights(model) AS weights FROM models",
    "SELECT id, ziln_loss(ltv, noise, 1.0, 0.5) AS loss, ziln_expected_ltv(noise, 1.0, 0.5) AS expected,
            ziln_pay_prob(noise, 1.0, 0.5) AS p, ziln_pay_amount(noise, 1.0, 0.5) AS amount,
            ziln_params(0.5, noise, 1.0) AS params, ziln_from_logits(noise, 1.0, 0.5) AS logits,
            ziln_variance(noise, 1.0, 0.5) AS variance, ziln_cdf(ltv, noise, 1.0, 0.5) AS cdf,
            ziln_quantile(0.9, noise, 1.0, 0.5) AS q, ziln_capped_ltv(5.0, noise, 1.0, 0.5) AS capped,
            ziln_crps(ltv, noise, 1.0, 0.5) AS crps
     FROM {customers} ORDER BY id LIMIT 300",
    // Evaluation.
    "SELECT campaign, ziln_evaluate(ltv, noise, 1.0, 0.5) AS e FROM {customers} GROUP BY campaign ORDER BY campaign",
    "SELECT ziln_evaluate(ltv, noise, 1.0, 0.5) AS e, ziln_gini(ltv, noise) AS gini, ziln_spearman(ltv, noise) AS rho
     FROM {customers}",
    "SELECT unnest(ziln_decile_stats(ltv, noise)) AS d FROM {customers}",
    // What stands around them.
    "SELECT id, campaign, row_number() OVER (PARTITION BY campaign ORDER BY noise DESC, id) AS place
     FROM {customers} ORDER BY campaign, place, id LIMIT 100",
    "SELECT c.campaign, count(*) AS others FROM {customers} c JOIN {customers} d ON c.id = d.id + 1
     WHERE d.ltv > (SELECT avg(ltv) FROM {customers}) GROUP BY c.campaign ORDER BY c.campaign",
    "SELECT campaign, max(ltv) - (SELECT min(ltv) FROM {customers} WHERE ltv > 0) AS range,
            sum(visits + s.most) AS total
     FROM {customers} CROSS JOIN (SELECT max(visits) AS most FROM {customers}) AS s
     WHERE id NOT IN (SELECT id FROM {customers} WHERE visits = 3)
     GROUP BY campaign ORDER BY campaign",
];

#[test]
fn every_function_is_in_a_query() {
    let names =
        ziln::udf::scalar_functions().into_iter().map(|function| function.name().to_owned());
    let aggregates = ziln::udf::aggregate_functions().into_iter();
    for name in names.chain(aggregates.map(|function| function.name().to_owned())) {
        let call = format!("{name}(");
        assert!(QUERIES.iter().any(|sql| sql.contains(&call)), "no query has {name}");
    }
}

#[test]
fn results_are_those_of_a_local_session() -> Result<()> {
    let customers = Customers::new(4_000, 5);
    let workers = workers(2);
    runtime().block_on(async {
        let mut expected = Vec::new();
        for sql in QUERIES {
            expected.push(text(&local(2), &sql.replace("{customers}", &customers.table())).await?);
        }
        for (number, partitions) in [(1, 2), (2, 1), (2, 2), (2, 8)] {
            let ctx = on(&workers[..number], partitions);
            for (sql, expected) in QUERIES.iter().zip(&expected) {
                let got = text(&ctx, &sql.replace("{customers}", &customers.table())).await?;
                assert_eq!(&got, expected, "{number} workers, {partitions} partitions: {sql}");
            }
        }
        Ok(())
    })
}

#[test]
fn workers_run_the_queries() -> Result<()> {
    let customers = Customers::new(1_000, 2);
    let workers = workers(2);
    runtime().block_on(async {
        let sql = format!(
            "EXPLAIN ANALYZE SELECT campaign, ziln_fit_sgd(ltv, {{visits: visits}}, {{epochs: 1}}) AS model
             FROM {} GROUP BY campaign",
            customers.table()
        );
        let plan = text(&on(&workers, 2), &sql).await?;
        assert!(plan.contains("tasks=2") && plan.contains("NetworkShuffleExec"), "{plan}");
        Ok(())
    })
}

/// What Ballista's adaptive planner gets wrong.
#[test]
fn groups_and_everybody_by_union_all() -> Result<()> {
    let customers = Customers::new(2_000, 4);
    let workers = workers(2);
    let sql = format!(
        "SELECT campaign, ziln_fit_sgd(ltv, {{visits: visits}}, {{epochs: 1}}) AS model, count(*) AS rows
         FROM {customers} GROUP BY campaign
         UNION ALL
         SELECT -1, ziln_fit_sgd(ltv, {{visits: visits}}, {{epochs: 1}}), count(*) FROM {customers}
         ORDER BY campaign",
        customers = customers.table()
    );
    runtime().block_on(async {
        let expected = text(&local(2), &sql).await?;
        let sessions = [on(&workers, 1), on(&workers, 2), on(&workers, 8)];
        for round in 0..50 {
            assert_eq!(text(&sessions[round % 3], &sql).await?, expected, "round {round}");
        }
        Ok(())
    })
}

/// The state of a model of everybody is one message.
#[test]
fn a_state_of_many_megabytes() -> Result<()> {
    let customers = Customers::new(420_000, 2);
    let workers = workers(2);
    // 20 features of 8 bytes: 67 MB.
    let features =
        (0..20).map(|n| format!("f{n}: noise * {n} + visits")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT ziln_fit_sgd(ltv, {{{features}}}, {{epochs: 1}}) AS model FROM {}",
        customers.table()
    );
    runtime().block_on(async {
        assert_eq!(text(&on(&workers, 2), &sql).await?, text(&local(2), &sql).await?);
        Ok(())
    })
}
