//! The functions as expressions of Polars' lazy engine and in its SQL. What the functions compute is tested through
//! the Python package, in every context of both engines; here it is that the expressions call them.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]
#![cfg(feature = "polars-lazy")]
// Helpers of tests are not told apart from other code.

use std::collections::BTreeSet;
use std::sync::Arc;

use polars::prelude::*;
use polars_sql::SQLContext;
use polars_sql::function_registry::FunctionRegistry;
use ziln::expr::lazy::{self, ParamsExpr, SqlFunctions};
use ziln::expr::{self, FUNCTIONS, FunctionKind};
use ziln::fit::{NewtonOptions, OptionValue, Options, PassOptions};

fn customers() -> DataFrame {
    let rows = 0..60_i32;
    let visits: Vec<i32> = rows.clone().map(|row| row % 7).collect();
    let frame = df!(
        "campaign" => rows.clone().map(|row| row % 3).collect::<Vec<_>>(),
        "visits" => &visits,
        "channel" => rows.clone().map(|row| ["search", "social"][row as usize % 2]).collect::<Vec<_>>(),
        "weight" => rows.clone().map(|row| row % 4).collect::<Vec<_>>(),
        "ltv" => rows.map(|row| f64::from((row % 5) * (row % 7))).collect::<Vec<_>>(),
        "logit" => visits.iter().map(|&visits| f64::from(visits) - 3.0).collect::<Vec<_>>(),
        "mu" => visits.iter().map(|&visits| f64::from(visits) / 3.0).collect::<Vec<_>>(),
        "raw_sigma" => visits.iter().map(|&visits| 1.0 - f64::from(visits) / 9.0).collect::<Vec<_>>(),
    );
    frame.unwrap()
}

fn series(names: &[&str]) -> Vec<Series> {
    let frame = customers();
    names.iter().map(|name| frame.column(name).unwrap().as_materialized_series().clone()).collect()
}

fn raw() -> [Expr; 3] {
    [col("logit"), col("mu"), col("raw_sigma")]
}

fn features() -> Expr {
    as_struct(vec![col("visits"), col("channel")])
}

fn options() -> Options {
    Options::builder().epochs(3).build().unwrap()
}

fn selected(expr: Expr) -> Series {
    let frame = customers().lazy().select([expr]).collect().unwrap();
    frame.columns()[0].as_materialized_series().clone()
}

#[track_caller]
fn assert_same(actual: &Series, expected: &Series) {
    assert_eq!(actual.clone().with_name("".into()), expected.clone().with_name("".into()));
}

#[test]
fn expressions_call_the_functions() {
    let raw_names = ["logit", "mu", "raw_sigma"];
    let with_label = ["ltv", "logit", "mu", "raw_sigma"];
    let cases: [(Expr, PolarsResult<Series>); 11] = [
        (lazy::loss(col("ltv"), raw()), expr::loss(&series(&with_label))),
        (lazy::expected_ltv(raw()), expr::expected_ltv(&series(&raw_names))),
        (lazy::pay_prob(raw()), expr::pay_prob(&series(&raw_names))),
        (lazy::pay_amount(raw()), expr::pay_amount(&series(&raw_names))),
        (lazy::from_logits(raw()), expr::from_logits(&series(&raw_names))),
        (
            lazy::params(lit(0.5), col("mu"), col("raw_sigma")),
            expr::params(&[
                Series::new("p".into(), [0.5]),
                series(&["mu"]).remove(0),
                series(&["raw_sigma"]).remove(0),
            ]),
        ),
        (lazy::variance(raw()), expr::variance(&series(&raw_names))),
        (lazy::cdf(col("ltv"), raw()), expr::cdf(&series(&with_label))),
        (
            lazy::quantile(col("logit"), raw()),
            expr::quantile(&series(&["logit", "logit", "mu", "raw_sigma"])),
        ),
        (lazy::capped_ltv(col("ltv"), raw()), expr::capped_ltv(&series(&with_label))),
        (lazy::crps(col("ltv"), raw()), expr::crps(&series(&with_label))),
    ];
    for (actual, expected) in cases {
        assert_same(&selected(actual), &expected.unwrap());
    }
}

#[test]
fn params_come_as_a_struct_too() {
    let one: ParamsExpr = lazy::from_logits(raw()).into();
    assert_same(&selected(lazy::loss(col("ltv"), one)), &selected(lazy::loss(col("ltv"), raw())));
}

#[test]
fn results_are_named_after_their_function() {
    let frame = customers()
        .lazy()
        .select([
            lazy::loss(col("ltv"), raw()).mean(),
            lazy::gini(col("ltv"), col("mu"), None),
            lazy::fit_sgd(col("ltv"), features(), None, options(), None),
        ])
        .with_column(lazy::predict(
            col("model"),
            as_struct(vec![lit(1).alias("visits"), lit("social").alias("channel")]),
        ))
        .collect()
        .unwrap();
    assert_eq!(frame.get_column_names(), ["loss", "gini", "model", "params"]);
}

#[test]
fn literals_stand_for_every_row() {
    let ltv = selected(lazy::expected_ltv([lit(0.1), col("mu"), lit(0.2)]));
    assert_eq!(ltv.len(), 60);
    let frame = customers().lazy().with_column(lazy::expected_ltv([lit(0.1), lit(1), lit(0.2)]));
    let constant = frame.collect().unwrap().column("expected_ltv").unwrap().clone();
    assert_eq!((constant.len(), constant.n_unique().unwrap()), (60, 1));
}

#[test]
fn a_model_a_group_is_that_of_the_group_alone() {
    let fit = lazy::fit_sgd(col("ltv"), features(), Some(col("weight")), options(), None);
    let grouped =
        customers().lazy().group_by([col("campaign")]).agg([fit.clone()]).collect().unwrap();
    assert_eq!(grouped.height(), 3);
    for row in 0..3 {
        let campaign =
            grouped.column("campaign").unwrap().get(row).unwrap().extract::<i32>().unwrap();
        let alone = customers()
            .lazy()
            .filter(col("campaign").eq(lit(campaign)))
            .select([fit.clone()])
            .collect()
            .unwrap();
        assert_eq!(
            grouped.column("model").unwrap().get(row).unwrap(),
            alone.column("model").unwrap().get(0).unwrap()
        );
    }
}

/// A group continues from the model of its own rows, as if it were the option.
#[test]
fn a_group_continues_from_a_model_of_its_own() {
    let fit = |options, init| lazy::fit_sgd(col("ltv"), features(), None, options, init);
    let models = customers()
        .lazy()
        .group_by([col("campaign")])
        .agg([fit(options(), None)])
        .collect()
        .unwrap();
    let tonight =
        customers().lazy().left_join(models.clone().lazy(), col("campaign"), col("campaign"));
    let continued = tonight
        .group_by([col("campaign")])
        .agg([fit(options(), Some(col("model")))])
        .sort(["campaign"], SortMultipleOptions::default())
        .collect()
        .unwrap();
    for campaign in 0..3_i32 {
        let is_it = || col("campaign").eq(lit(campaign));
        let text = models.clone().lazy().filter(is_it()).collect().unwrap();
        let text = text.column("model").unwrap().str().unwrap().get(0).unwrap().to_owned();
        let start = std::sync::Arc::new(ziln::model::Model::from_json(&text).unwrap());
        let alone =
            customers().lazy().filter(is_it()).select([fit(options().with_init(start), None)]);
        let alone = alone.collect().unwrap();
        assert_eq!(
            continued.column("model").unwrap().get(campaign as usize).unwrap(),
            alone.column("model").unwrap().get(0).unwrap()
        );
    }
    let several = when(col("visits").gt(lit(2))).then(lit("a")).otherwise(lit(NULL));
    let error = customers().lazy().select([fit(options(), Some(several))]).collect().unwrap_err();
    assert!(error.to_string().contains("argument `init`: expected the same model"), "{error}");
}

/// One function, one expression.
#[test]
fn every_function_has_an_expression() {
    let source = include_str!("../src/expr/lazy/expressions.rs");
    for function in FUNCTIONS {
        let name = function.name.trim_start_matches("ziln_");
        assert!(source.contains(&format!("pub fn {name}(")), "{name}");
    }
}

/// A NULL without a type leaves the weight or the options out; one that is a number is a weight.
#[test]
fn an_untyped_null_is_an_argument_left_out() {
    let columns = series(&["ltv", "visits"]);
    let fit = |rest: &[Series]| expr::fit_sgd(&[&columns, rest].concat()).unwrap();
    let nothing = Series::new_null("nothing".into(), 1);
    let weight = series(&["weight"]).remove(0);
    assert_same(&fit(std::slice::from_ref(&nothing)), &fit(&[]));
    assert_same(&fit(&[nothing.clone(), nothing.clone()]), &fit(&[]));
    assert_same(&fit(&[weight.clone(), nothing.clone()]), &fit(&[weight]));
    let numbers = nothing.cast(&DataType::Float64).unwrap();
    assert_eq!(fit(&[numbers]).null_count(), 1);
    let with = |weight: Expr| {
        selected(lazy::fit_sgd(col("ltv"), features(), Some(weight), options(), None))
    };
    let without = selected(lazy::fit_sgd(col("ltv"), features(), None, options(), None));
    assert_same(&with(lit(NULL)), &without);
    assert_eq!(with(lit(NULL).cast(DataType::Int32)).null_count(), 1);
}

/// An untyped NULL is a missing value of the kind that the model needs, with one model and with one a row.
#[test]
fn an_untyped_null_is_a_missing_feature_of_any_kind() {
    let model = selected(lazy::fit_sgd(col("ltv"), features(), None, options(), None));
    let text = model.str().unwrap().get(0).unwrap().to_string();
    let typed = |visits: Expr, channel: Expr| {
        as_struct(vec![
            visits.cast(DataType::Float64).alias("visits"),
            channel.cast(DataType::String).alias("channel"),
        ])
    };
    let untyped = as_struct(vec![lit(NULL).alias("visits"), lit(NULL).alias("channel")]);
    let one = lit(text.as_str());
    let a_row = when(col("visits").gt(lit(2))).then(lit(text.as_str())).otherwise(lit(NULL));
    for model in [one, a_row] {
        let expected = lazy::predict(model.clone(), typed(lit(NULL), lit(NULL)));
        assert_same(&selected(lazy::predict(model, untyped.clone())), &selected(expected));
    }
}

/// Polars itself has no struct with two fields of one name.
#[test]
fn two_features_of_one_name_are_an_error() {
    let twice = as_struct(vec![col("visits"), col("channel"), col("weight").alias("visits")]);
    let calls = [
        lazy::predict(lit("model"), twice.clone()),
        lazy::fit_sgd(col("ltv"), twice, None, options(), None),
    ];
    for call in calls {
        let error = customers().lazy().select([call]).collect().unwrap_err().to_string();
        assert!(error.contains("visits"), "{error}");
    }
}

#[test]
fn metrics_take_a_group_each() {
    let frame = customers()
        .lazy()
        .group_by([col("campaign")])
        .agg([
            lazy::evaluate(col("ltv"), raw(), Some(col("weight"))),
            lazy::gini(col("ltv"), col("mu"), None),
            lazy::spearman(col("ltv"), col("mu")),
            lazy::decile_stats(col("ltv"), col("mu"), 4),
        ])
        .collect()
        .unwrap();
    assert_eq!(frame.height(), 3);
    let rows = frame.column("evaluate").unwrap().struct_().unwrap().field_by_name("rows").unwrap();
    assert_eq!(rows.sum::<i64>().unwrap(), 45); // a quarter of the weights is 0
    let sampled = lazy::evaluate_sample(col("ltv"), raw(), Some(col("weight")), 10);
    let sampled = customers().lazy().group_by([col("campaign")]).agg([sampled]).collect().unwrap();
    let of_sample = |name: &str| {
        let metrics = sampled.column("evaluate").unwrap().struct_().unwrap().clone();
        metrics.field_by_name(name).unwrap().sum::<i64>().unwrap()
    };
    assert_eq!((of_sample("rows"), of_sample("rows_seen")), (30, 45));
    let gini = selected(lazy::gini(col("ltv"), col("mu"), None));
    assert_same(&gini, &expr::gini(&series(&["ltv", "mu"])).unwrap());
    let deciles = frame.column("decile_stats").unwrap().list().unwrap().clone();
    assert_eq!(deciles.inner_length(), 3 * 4);
}

fn covariance() -> NewtonOptions {
    let covariance = ("covariance".to_owned(), OptionValue::Bool(true));
    NewtonOptions::from_pairs([covariance]).unwrap()
}

fn sql(query: &str) -> PolarsResult<DataFrame> {
    let mut context = SQLContext::new().with_function_registry(Arc::new(SqlFunctions));
    let model = lazy::fit_sgd(col("ltv"), features(), None, options(), None);
    let frame = customers().lazy().with_columns([
        features().alias("features"),
        lazy::from_logits(raw()).alias("params"),
        model.over([col("campaign")]).unwrap(),
        lazy::fit_newton(col("ltv"), features(), None, covariance(), None).alias("newton"),
        lazy::newton_start(col("ltv"), features(), None, PassOptions::default()).alias("started"),
    ]);
    context.register("customers", frame);
    context.execute(query)?.collect()
}

#[test]
fn sql_has_every_function() {
    let arguments = |name: &str| match name {
        "ziln_params" => "0.5, mu, 1.0",
        "ziln_from_logits" => "logit, mu, raw_sigma",
        "ziln_predict" | "ziln_explain" => "model, features",
        "ziln_params_error" => "newton, features",
        "ziln_model_info" | "ziln_weights" | "ziln_is_model" => "model",
        "ziln_fit_sgd" | "ziln_fit_newton" | "ziln_newton_start" => "ltv, features, weight",
        "ziln_newton_step" => "ltv, features, started, weight",
        "ziln_fit_prior" => "ltv, features, channel, weight",
        "ziln_gini" | "ziln_spearman" => "ltv, mu",
        "ziln_decile_stats" => "ltv, mu, 4",
        "ziln_evaluate" | "ziln_loss" | "ziln_cdf" | "ziln_capped_ltv" | "ziln_crps" => {
            "ltv, params"
        }
        "ziln_quantile" => "0.5, params",
        _ => "params",
    };
    for function in FUNCTIONS {
        let call = format!("{}({})", function.name, arguments(function.name));
        let query = match function.kind {
            FunctionKind::Scalar => format!("SELECT {call} AS result FROM customers"),
            FunctionKind::Aggregate => {
                format!("SELECT campaign, {call} AS result FROM customers GROUP BY campaign")
            }
        };
        let frame = sql(&query).unwrap_or_else(|error| panic!("{query}: {error}"));
        let rows = if function.kind == FunctionKind::Scalar { 60 } else { 3 };
        let result = frame.column("result").unwrap();
        assert_eq!((result.len(), result.null_count()), (rows, 0), "{query}");
        assert_eq!(result.dtype(), &(function.output)(), "{query}");
    }
}

#[test]
fn sql_gives_what_expressions_give() {
    let by_sql = sql(
        "SELECT campaign, AVG(ziln_loss(ltv, logit, mu, raw_sigma)) AS loss, ziln_fit_sgd(ltv, features, weight) AS model
         FROM customers GROUP BY campaign ORDER BY campaign",
    );
    let by_expr = customers()
        .lazy()
        .group_by([col("campaign")])
        .agg([
            lazy::loss(col("ltv"), raw()).mean(),
            lazy::fit_sgd(col("ltv"), features(), Some(col("weight")), Options::default(), None),
        ])
        .sort(["campaign"], SortMultipleOptions::default())
        .collect();
    assert_eq!(by_sql.unwrap(), by_expr.unwrap());
}

#[test]
fn priors_and_what_is_drawn_to_them_are_those_of_expressions() {
    let by_sql =
        sql("SELECT ziln_fit_prior(ltv, features, channel, weight) AS model FROM customers");
    let weight = || Some(col("weight"));
    let options = NewtonOptions::default();
    let prior = lazy::fit_prior(col("ltv"), features(), col("channel"), weight(), options.clone());
    let by_expr = customers().lazy().select([prior.clone()]).collect();
    assert_eq!(by_sql.unwrap(), by_expr.unwrap());
    let models = customers()
        .lazy()
        .with_column(prior.alias("prior"))
        .group_by([col("channel")])
        .agg([lazy::fit_newton(col("ltv"), features(), weight(), options, Some(col("prior")))])
        .collect()
        .unwrap();
    assert!(models.height() > 1);
    assert_eq!(models.column("model").unwrap().null_count(), 0);
}

#[test]
fn sql_refuses_with_the_name_of_the_function() {
    let error = sql("SELECT ziln_loss(channel, params) FROM customers").unwrap_err().to_string();
    assert!(error.contains("ziln_loss: argument `label`: expected a number, got str"), "{error}");
    let error = sql("SELECT ziln_loss(ltv) FROM customers").unwrap_err().to_string();
    assert!(error.contains("ziln_loss: expected ziln_loss(label, params)"), "{error}");
    assert!(sql("SELECT ziln_nonsense(ltv) FROM customers").is_err());
}

#[test]
fn the_registry_holds_only_what_it_has() {
    assert!(SqlFunctions.contains("ZILN_Loss"));
    assert!(!SqlFunctions.contains("loss"));
    let loss = SqlFunctions.get_udf("ziln_loss").unwrap().unwrap();
    assert!(SqlFunctions.register("other", loss).is_err());
}

#[test]
fn names_are_distinct() {
    let names: BTreeSet<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
    assert_eq!(names.len(), FUNCTIONS.len());
}

#[cfg(feature = "datafusion")]
#[test]
fn datafusion_has_the_same_functions_in_the_same_order() {
    let scalar = ziln::udf::scalar_functions();
    let aggregate = ziln::udf::aggregate_functions();
    let names: Vec<&str> = scalar
        .iter()
        .map(|function| function.name())
        .chain(aggregate.iter().map(|function| function.name()))
        .collect();
    assert_eq!(names, FUNCTIONS.iter().map(|function| function.name).collect::<Vec<_>>());
}
