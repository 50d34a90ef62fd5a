//! One symbol a function for Polars' engine. A panic is caught by `polars_expr` and becomes an exception.
//!
//! A scalar function takes its arguments one by one. An aggregate takes them as the fields of one struct, as Polars
//! runs the groups of a `group_by` in parallel for functions of one input, and its options as keyword arguments.

use std::collections::BTreeMap;

use polars::prelude::{DataType, Field, NamedFrom, PolarsResult, Series, polars_bail, polars_err};
use pyo3_polars::derive::polars_expr;
use serde::Deserialize;
use ziln::expr;
use ziln::fit::{OptionValue, Options};

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
}

impl From<Keyword> for OptionValue {
    fn from(keyword: Keyword) -> Self {
        match keyword {
            Keyword::Bool(value) => Self::Bool(value),
            Keyword::Integer(value) => Self::Integer(value),
            Keyword::Number(value) => Self::Number(value),
            Keyword::Text(value) => Self::Text(value),
        }
    }
}

/// The field that a function returns: its type, under the name of its first argument.
fn field_of(name: &str, inputs: &[Field]) -> PolarsResult<Field> {
    let function = expr::function(name)
        .ok_or_else(|| polars_err!(InvalidOperation: "there is no function {name}"))?;
    let first = inputs
        .first()
        .ok_or_else(|| polars_err!(InvalidOperation: "{name}: expected arguments, got none"))?;
    Ok(Field::new(first.name().clone(), (function.output)()))
}

/// The arguments of an aggregate, which travel as the fields of one struct.
fn arguments(inputs: &[Series]) -> PolarsResult<Vec<Series>> {
    match inputs {
        [packed] => Ok(packed.struct_()?.fields_as_series()),
        _ => polars_bail!(InvalidOperation: "expected the arguments as one struct"),
    }
}

/// The features of a struct in a struct. The package wraps an expression that names several columns, and cannot tell
/// whether a struct expression around them has made one column of them already.
fn unwrapped(features: &Series) -> PolarsResult<Series> {
    if let DataType::Struct(fields) = features.dtype()
        && let [field] = fields.as_slice()
        && field.dtype().is_struct()
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

fn params_field(inputs: &[Field]) -> PolarsResult<Field> {
    field_of("ziln_params", inputs)
}

fn model_info_field(inputs: &[Field]) -> PolarsResult<Field> {
    field_of("ziln_model_info", inputs)
}

fn weights_field(inputs: &[Field]) -> PolarsResult<Field> {
    field_of("ziln_weights", inputs)
}

fn fit_sgd_field(inputs: &[Field]) -> PolarsResult<Field> {
    field_of("ziln_fit_sgd", inputs)
}

fn evaluate_field(inputs: &[Field]) -> PolarsResult<Field> {
    field_of("ziln_evaluate", inputs)
}

fn decile_stats_field(inputs: &[Field]) -> PolarsResult<Field> {
    field_of("ziln_decile_stats", inputs)
}

#[polars_expr(output_type=Float64)]
fn loss(inputs: &[Series]) -> PolarsResult<Series> {
    expr::loss(inputs)
}

#[polars_expr(output_type=Float64)]
fn expected_ltv(inputs: &[Series]) -> PolarsResult<Series> {
    expr::expected_ltv(inputs)
}

#[polars_expr(output_type=Float64)]
fn pay_prob(inputs: &[Series]) -> PolarsResult<Series> {
    expr::pay_prob(inputs)
}

#[polars_expr(output_type=Float64)]
fn pay_amount(inputs: &[Series]) -> PolarsResult<Series> {
    expr::pay_amount(inputs)
}

#[polars_expr(output_type_func=params_field)]
fn params(inputs: &[Series]) -> PolarsResult<Series> {
    expr::params(inputs)
}

#[polars_expr(output_type_func=params_field)]
fn from_logits(inputs: &[Series]) -> PolarsResult<Series> {
    expr::from_logits(inputs)
}

#[polars_expr(output_type_func=params_field)]
fn predict(inputs: &[Series]) -> PolarsResult<Series> {
    match inputs {
        [model, features] => expr::predict(&[model_text(model)?, unwrapped(features)?]),
        _ => expr::predict(inputs),
    }
}

#[polars_expr(output_type_func=model_info_field)]
fn model_info(inputs: &[Series]) -> PolarsResult<Series> {
    expr::model_info(&inputs.iter().map(model_text).collect::<PolarsResult<Vec<_>>>()?)
}

#[polars_expr(output_type_func=weights_field)]
fn weights(inputs: &[Series]) -> PolarsResult<Series> {
    expr::weights(&inputs.iter().map(model_text).collect::<PolarsResult<Vec<_>>>()?)
}

#[polars_expr(output_type=Boolean)]
fn is_model(inputs: &[Series]) -> PolarsResult<Series> {
    expr::is_model(&inputs.iter().map(model_text).collect::<PolarsResult<Vec<_>>>()?)
}

#[polars_expr(output_type=Float64)]
fn variance(inputs: &[Series]) -> PolarsResult<Series> {
    expr::variance(inputs)
}

#[polars_expr(output_type=Float64)]
fn cdf(inputs: &[Series]) -> PolarsResult<Series> {
    expr::cdf(inputs)
}

#[polars_expr(output_type=Float64)]
fn quantile(inputs: &[Series]) -> PolarsResult<Series> {
    expr::quantile(inputs)
}

#[polars_expr(output_type=Float64)]
fn capped_ltv(inputs: &[Series]) -> PolarsResult<Series> {
    expr::capped_ltv(inputs)
}

#[polars_expr(output_type=Float64)]
fn crps(inputs: &[Series]) -> PolarsResult<Series> {
    expr::crps(inputs)
}

#[polars_expr(output_type_func=fit_sgd_field)]
fn fit_sgd(inputs: &[Series], kwargs: Keywords) -> PolarsResult<Series> {
    let pairs = kwargs.options.into_iter().map(|(name, value)| (name, value.into()));
    let options = Options::from_pairs(pairs)
        .map_err(|error| polars_err!(InvalidOperation: "ziln_fit_sgd: {error}"))?;
    let arguments = arguments(inputs)?;
    let named = |name: &str| arguments.iter().find(|argument| argument.name() == name);
    let (Some(label), Some(features)) = (named("label"), named("features")) else {
        polars_bail!(InvalidOperation: "ziln_fit_sgd: expected a label and features");
    };
    let (weight, init) = (named("weight"), named("init"));
    expr::fit_sgd_with(label, &unwrapped(features)?, weight, init, &options)
}

#[polars_expr(output_type_func=evaluate_field)]
fn evaluate(inputs: &[Series]) -> PolarsResult<Series> {
    expr::evaluate(&arguments(inputs)?)
}

#[polars_expr(output_type=Float64)]
fn gini(inputs: &[Series]) -> PolarsResult<Series> {
    expr::gini(&arguments(inputs)?)
}

#[polars_expr(output_type=Float64)]
fn spearman(inputs: &[Series]) -> PolarsResult<Series> {
    expr::spearman(&arguments(inputs)?)
}

#[polars_expr(output_type_func=decile_stats_field)]
fn decile_stats(inputs: &[Series], kwargs: Keywords) -> PolarsResult<Series> {
    let mut arguments = arguments(inputs)?;
    let Keywords { mut options } = kwargs;
    match options.remove("buckets") {
        None => {}
        Some(Keyword::Integer(buckets)) => {
            arguments.push(Series::new("buckets".into(), [buckets]));
        }
        Some(_) => polars_bail!(
            InvalidOperation: "ziln_decile_stats: argument `buckets`: expected a whole number"
        ),
    }
    expr::decile_stats(&arguments)
}
