//! One symbol a function for Polars' engine, and one that says what type it returns, each within the guard
//! (`ziln::expr::guarded`).
//!
//! A scalar function takes its arguments one by one. An aggregate takes them as the fields of one struct, as Polars
//! runs the groups of a `group_by` in parallel for functions of one input, and its options as keyword arguments.

use std::collections::BTreeMap;

use polars::prelude::{
    DataType, Field, PolarsError, PolarsResult, Series, polars_bail, polars_err,
};
use pyo3_polars::derive::polars_expr;
use serde::Deserialize;
use ziln::expr::{self, guarded};
use ziln::fit::{NewtonOptions, OptionValue, Options, PassOptions, Seen};

/// The keyword arguments of an aggregate.
#[derive(Deserialize)]
struct Keywords {
    options: BTreeMap<String, Keyword>,
}

/// The value of an option.
#[derive(Deserialize)]
#[serde(untagged)]
enum Keyword {
    Bool(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    List(Vec<Option<Keyword>>),
}

impl From<Keyword> for OptionValue {
    fn from(keyword: Keyword) -> Self {
        match keyword {
            Keyword::Bool(value) => Self::Bool(value),
            Keyword::Integer(value) => Self::Integer(value),
            Keyword::Number(value) => Self::Number(value),
            Keyword::Text(value) => Self::Text(value),
            Keyword::List(values) => {
                let value = |value: Option<Keyword>| value.map_or(Self::Null, Self::from);
                Self::List(values.into_iter().map(value).collect())
            }
        }
    }
}

/// The field that a function returns: its type, under the name of its first argument.
fn field_of(name: &str, inputs: &[Field]) -> PolarsResult<Field> {
    guarded(name, || output_field(name, inputs))
}

fn output_field(name: &str, inputs: &[Field]) -> PolarsResult<Field> {
    refuse_empty_arrays(name, inputs)?;
    let function = expr::function(name)
        .ok_or_else(|| polars_err!(InvalidOperation: "there is no function {name}"))?;
    function.field(inputs)
}

/// The field of a part of a function: of a type that does not depend on the arguments.
fn part_field(name: &str, inputs: &[Field], dtype: DataType) -> PolarsResult<Field> {
    guarded(name, || {
        refuse_empty_arrays(name, inputs)?;
        let [packed] = inputs else {
            polars_bail!(InvalidOperation: "{name}: expected the arguments as one struct");
        };
        Ok(Field::new(packed.name().clone(), dtype))
    })
}

/// Polars itself cannot hand such a column to a plugin.
fn refuse_empty_arrays(name: &str, inputs: &[Field]) -> PolarsResult<()> {
    if inputs.iter().any(|field| has_empty_arrays(field.dtype())) {
        polars_bail!(InvalidOperation: "{name}: expected columns that hold something, got an Array of width 0");
    }
    Ok(())
}

fn has_empty_arrays(dtype: &DataType) -> bool {
    match dtype {
        DataType::Array(inner, width) => *width == 0 || has_empty_arrays(inner),
        DataType::List(inner) => has_empty_arrays(inner),
        DataType::Struct(fields) => fields.iter().any(|field| has_empty_arrays(field.dtype())),
        _ => false,
    }
}

/// The arguments of an aggregate, which travel as the fields of one struct.
fn arguments(inputs: &[Series]) -> PolarsResult<Vec<Series>> {
    match inputs {
        [packed] => Ok(packed.struct_()?.fields_as_series()),
        _ => polars_bail!(InvalidOperation: "expected the arguments as one struct"),
    }
}

/// The features of a struct, or of lists, that stand alone in a struct. The package wraps a single expression, so that a
/// column of numbers or strings keeps its name, and cannot tell whether it is a struct or lists itself.
fn unwrapped(features: &Series) -> PolarsResult<Series> {
    if let DataType::Struct(fields) = features.dtype()
        && let [field] = fields.as_slice()
        && matches!(field.dtype(), DataType::Struct(_) | DataType::List(_) | DataType::Array(..))
    {
        return features.struct_()?.field_by_name(field.name());
    }
    Ok(features.clone())
}

/// A model as text: the package hands over a constant one as bytes, of which Polars prints only the first few.
fn model_text(model: &Series) -> PolarsResult<Series> {
    match model.dtype() {
        DataType::Binary => model.cast(&DataType::String),
        _ => Ok(model.clone()),
    }
}

/// The two symbols of a function: what it returns, and its call.
macro_rules! plugin {
    ($plugin:ident, $field:ident, $name:literal, $call:path) => {
        fn $field(inputs: &[Field]) -> PolarsResult<Field> {
            field_of($name, inputs)
        }

        #[polars_expr(output_type_func=$field)]
        fn $plugin(inputs: &[Series]) -> PolarsResult<Series> {
            guarded($name, || $call(inputs))
        }
    };
}

/// The same for a function with keyword arguments.
macro_rules! plugin_with_keywords {
    ($plugin:ident, $field:ident, $name:literal, $call:path) => {
        fn $field(inputs: &[Field]) -> PolarsResult<Field> {
            field_of($name, inputs)
        }

        #[polars_expr(output_type_func=$field)]
        fn $plugin(inputs: &[Series], kwargs: Keywords) -> PolarsResult<Series> {
            guarded($name, || $call(inputs, kwargs))
        }
    };
}

/// The same for a part of a function, which `ziln.fit_passes` needs to hold no more than some rows at a time.
macro_rules! plugin_of_part {
    ($plugin:ident, $field:ident, $name:literal, $dtype:ident, $call:path) => {
        fn $field(inputs: &[Field]) -> PolarsResult<Field> {
            part_field($name, inputs, DataType::$dtype)
        }

        #[polars_expr(output_type_func=$field)]
        fn $plugin(inputs: &[Series]) -> PolarsResult<Series> {
            guarded($name, || $call(inputs))
        }
    };
}

plugin!(loss, loss_field, "ziln_loss", expr::loss);
plugin!(expected_ltv, expected_ltv_field, "ziln_expected_ltv", expr::expected_ltv);
plugin!(pay_prob, pay_prob_field, "ziln_pay_prob", expr::pay_prob);
plugin!(pay_amount, pay_amount_field, "ziln_pay_amount", expr::pay_amount);
plugin!(params, params_field, "ziln_params", expr::params);
plugin!(from_logits, from_logits_field, "ziln_from_logits", expr::from_logits);
plugin!(predict, predict_field, "ziln_predict", call_predict);
plugin!(variance, variance_field, "ziln_variance", expr::variance);
plugin!(cdf, cdf_field, "ziln_cdf", expr::cdf);
plugin!(quantile, quantile_field, "ziln_quantile", expr::quantile);
plugin!(capped_ltv, capped_ltv_field, "ziln_capped_ltv", expr::capped_ltv);
plugin!(crps, crps_field, "ziln_crps", expr::crps);
plugin!(model_info, model_info_field, "ziln_model_info", call_model_info);
plugin!(weights, weights_field, "ziln_weights", call_weights);
plugin!(explain, explain_field, "ziln_explain", call_explain);
plugin!(params_error, params_error_field, "ziln_params_error", call_params_error);
plugin!(is_model, is_model_field, "ziln_is_model", call_is_model);
plugin_with_keywords!(fit_sgd, fit_sgd_field, "ziln_fit_sgd", call_fit_sgd);
plugin_with_keywords!(fit_newton, fit_newton_field, "ziln_fit_newton", call_fit_newton);
plugin_with_keywords!(fit_prior, fit_prior_field, "ziln_fit_prior", call_fit_prior);
plugin_with_keywords!(newton_start, newton_start_field, "ziln_newton_start", call_newton_start);
plugin!(newton_step, newton_step_field, "ziln_newton_step", call_newton_step);
plugin_with_keywords!(evaluate, evaluate_field, "ziln_evaluate", call_evaluate);
plugin!(gini, gini_field, "ziln_gini", call_gini);
plugin!(spearman, spearman_field, "ziln_spearman", call_spearman);
plugin_with_keywords!(decile_stats, decile_stats_field, "ziln_decile_stats", call_decile_stats);
plugin_of_part!(newton_hashes, hashes_field, "ziln_newton_start", UInt64, call_newton_hashes);
plugin_of_part!(newton_sums, sums_field, "ziln_newton_step", Binary, call_newton_sums);
plugin_of_part!(newton_merged, merged_field, "ziln_newton_step", Binary, call_newton_merged);
plugin_of_part!(newton_next, next_field, "ziln_newton_step", String, call_newton_next);

/// Models as text.
fn texts(models: &[Series]) -> PolarsResult<Vec<Series>> {
    models.iter().map(model_text).collect()
}

/// The arguments of a function of a model and of a customer's features.
fn model_and_features(inputs: &[Series]) -> PolarsResult<Vec<Series>> {
    match inputs {
        [model, features] => Ok(vec![model_text(model)?, unwrapped(features)?]),
        _ => Ok(inputs.to_vec()),
    }
}

fn call_predict(inputs: &[Series]) -> PolarsResult<Series> {
    expr::predict(&model_and_features(inputs)?)
}

fn call_explain(inputs: &[Series]) -> PolarsResult<Series> {
    expr::explain(&model_and_features(inputs)?)
}

fn call_params_error(inputs: &[Series]) -> PolarsResult<Series> {
    expr::params_error(&model_and_features(inputs)?)
}

fn call_model_info(inputs: &[Series]) -> PolarsResult<Series> {
    expr::model_info(&texts(inputs)?)
}

fn call_weights(inputs: &[Series]) -> PolarsResult<Series> {
    expr::weights(&texts(inputs)?)
}

fn call_is_model(inputs: &[Series]) -> PolarsResult<Series> {
    expr::is_model(&texts(inputs)?)
}

fn call_evaluate(inputs: &[Series], keywords: Keywords) -> PolarsResult<Series> {
    let options = keywords.options.into_iter().map(|(name, value)| (name, value.into()));
    expr::evaluate_with(&arguments(inputs)?, options)
}

fn call_gini(inputs: &[Series]) -> PolarsResult<Series> {
    expr::gini(&arguments(inputs)?)
}

fn call_spearman(inputs: &[Series]) -> PolarsResult<Series> {
    expr::spearman(&arguments(inputs)?)
}

/// The arguments of an aggregate that fits a model, by their names.
struct FitArguments(Vec<Series>);

impl FitArguments {
    fn of_inputs(inputs: &[Series]) -> PolarsResult<Self> {
        arguments(inputs).map(Self)
    }

    fn named(&self, name: &str) -> Option<&Series> {
        self.0.iter().find(|argument| argument.name() == name)
    }

    /// An argument that the package always gives.
    fn given(&self, name: &str) -> PolarsResult<&Series> {
        self.named(name)
            .ok_or_else(|| polars_err!(InvalidOperation: "expected the argument {name}"))
    }

    fn features(&self) -> PolarsResult<Series> {
        unwrapped(self.given("features")?)
    }
}

/// The checked options of a function.
fn options_of<O>(
    function: &str,
    keywords: Keywords,
    check: impl FnOnce(Vec<(String, OptionValue)>) -> ziln::Result<O>,
) -> PolarsResult<O> {
    let pairs = keywords.options.into_iter().map(|(name, value)| (name, value.into()));
    check(pairs.collect()).map_err(|error| polars_err!(InvalidOperation: "{function}: {error}"))
}

fn call_fit_sgd(inputs: &[Series], keywords: Keywords) -> PolarsResult<Series> {
    let options = options_of("ziln_fit_sgd", keywords, Options::from_pairs)?;
    let all = FitArguments::of_inputs(inputs)?;
    let (weight, init) = (all.named("weight"), all.named("init"));
    expr::fit_sgd_with(all.given("label")?, &all.features()?, weight, init, &options)
}

fn call_fit_newton(inputs: &[Series], keywords: Keywords) -> PolarsResult<Series> {
    let options = options_of("ziln_fit_newton", keywords, NewtonOptions::from_pairs)?;
    let all = FitArguments::of_inputs(inputs)?;
    let (weight, init) = (all.named("weight"), all.named("init"));
    expr::fit_newton_with(all.given("label")?, &all.features()?, weight, init, &options)
}

fn call_fit_prior(inputs: &[Series], keywords: Keywords) -> PolarsResult<Series> {
    let options = options_of("ziln_fit_prior", keywords, NewtonOptions::from_pairs)?;
    let all = FitArguments::of_inputs(inputs)?;
    let (campaign, weight) = (all.given("campaign")?, all.named("weight"));
    expr::fit_prior_with(all.given("label")?, &all.features()?, campaign, weight, &options)
}

/// The rows may be a sample already, of rows that were counted.
fn call_newton_start(inputs: &[Series], keywords: Keywords) -> PolarsResult<Series> {
    let mut options = options_of("ziln_newton_start", keywords, PassOptions::from_pairs)?;
    let all = FitArguments::of_inputs(inputs)?;
    if let (Some(rows), Some(skipped)) = (all.named("rows_seen"), all.named("skipped")) {
        let first = |counts: &Series| Ok::<u64, PolarsError>(counts.u64()?.first().unwrap_or(0));
        options = options.with_seen(Seen { rows: first(rows)?, skipped: first(skipped)? });
    }
    expr::newton_start_with(all.given("label")?, &all.features()?, all.named("weight"), &options)
}

fn call_newton_step(inputs: &[Series]) -> PolarsResult<Series> {
    expr::newton_step(&step_arguments(inputs)?)
}

fn step_arguments(inputs: &[Series]) -> PolarsResult<Vec<Series>> {
    let all = FitArguments::of_inputs(inputs)?;
    let model = model_text(all.given("model")?)?;
    let given = [all.given("label")?.clone(), all.features()?, model];
    Ok(given.into_iter().chain(all.named("weight").cloned()).collect())
}

/// The rows' hashes, by which a sample is drawn.
fn call_newton_hashes(inputs: &[Series]) -> PolarsResult<Series> {
    let all = FitArguments::of_inputs(inputs)?;
    expr::row_hashes(all.given("label")?, &all.features()?, all.named("weight"))
}

/// The sums of a step over some of the rows.
fn call_newton_sums(inputs: &[Series]) -> PolarsResult<Series> {
    expr::newton_sums(&step_arguments(inputs)?)
}

/// The sums of a step over some of the rows, of those over parts of them.
fn call_newton_merged(inputs: &[Series]) -> PolarsResult<Series> {
    let all = FitArguments::of_inputs(inputs)?;
    expr::newton_merged(&model_text(all.given("model")?)?, all.given("sums")?)
}

/// The model after a step, of the sums over all parts of the rows.
fn call_newton_next(inputs: &[Series]) -> PolarsResult<Series> {
    let all = FitArguments::of_inputs(inputs)?;
    expr::newton_next(&model_text(all.given("model")?)?, all.given("sums")?)
}

fn call_decile_stats(inputs: &[Series], keywords: Keywords) -> PolarsResult<Series> {
    let Keywords { mut options } = keywords;
    let buckets = options.remove("buckets").map_or(OptionValue::Null, OptionValue::from);
    match arguments(inputs)?.as_slice() {
        [label, prediction] => expr::decile_stats_with(label, prediction, &buckets),
        other => expr::decile_stats(other),
    }
}
