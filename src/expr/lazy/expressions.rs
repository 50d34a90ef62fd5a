//! One expression a function.

use polars::prelude::{Expr, PolarsResult, Series, lit};

use super::engine::{aggregate, expression, no_arguments};
use crate::expr::{self, Function};
use crate::fit::{NewtonOptions, Options, PassOptions};

/// The argument `params` of an expression: one struct or list, or the three raw outputs.
#[derive(Debug, Clone)]
pub struct ParamsExpr(Vec<Expr>);

impl From<Expr> for ParamsExpr {
    fn from(params: Expr) -> Self {
        Self(vec![params])
    }
}

impl From<[Expr; 3]> for ParamsExpr {
    fn from(raw_outputs: [Expr; 3]) -> Self {
        Self(raw_outputs.into())
    }
}

/// The loss of a label; named `loss`.
pub fn loss(label: Expr, params: impl Into<ParamsExpr>) -> Expr {
    expression(&expr::loss::FUNCTION, std::iter::once(label).chain(params.into().0))
}

/// The expected lifetime value; named `expected_ltv`.
pub fn expected_ltv(params: impl Into<ParamsExpr>) -> Expr {
    expression(&expr::expected_ltv::FUNCTION, params.into().0)
}

/// The probability to pay; named `pay_prob`.
pub fn pay_prob(params: impl Into<ParamsExpr>) -> Expr {
    expression(&expr::pay_prob::FUNCTION, params.into().0)
}

/// The mean amount of a customer who pays; named `pay_amount`.
pub fn pay_amount(params: impl Into<ParamsExpr>) -> Expr {
    expression(&expr::pay_amount::FUNCTION, params.into().0)
}

/// The params struct of a distribution given by its parameters; named `params`.
pub fn params(pay_prob: Expr, mu: Expr, sigma: Expr) -> Expr {
    expression(&expr::params_from_prob::FUNCTION, [pay_prob, mu, sigma])
}

/// The params struct of a network's raw outputs; named `from_logits`.
pub fn from_logits(params: impl Into<ParamsExpr>) -> Expr {
    expression(&expr::from_logits::FUNCTION, params.into().0)
}

/// The variance of the lifetime value; named `variance`.
pub fn variance(params: impl Into<ParamsExpr>) -> Expr {
    expression(&expr::variance::FUNCTION, params.into().0)
}

/// The probability of a lifetime value of `x` or less; named `cdf`.
pub fn cdf(x: Expr, params: impl Into<ParamsExpr>) -> Expr {
    expression(&expr::cdf::FUNCTION, std::iter::once(x).chain(params.into().0))
}

/// The amount that the lifetime value exceeds with probability `1 - q`; named `quantile`.
pub fn quantile(q: Expr, params: impl Into<ParamsExpr>) -> Expr {
    expression(&expr::quantile::FUNCTION, std::iter::once(q).chain(params.into().0))
}

/// The expected lifetime value where no customer counts for more than `cap`; named `capped_ltv`.
pub fn capped_ltv(cap: Expr, params: impl Into<ParamsExpr>) -> Expr {
    expression(&expr::capped_ltv::FUNCTION, std::iter::once(cap).chain(params.into().0))
}

/// The continuous ranked probability score of a label; named `crps`.
pub fn crps(label: Expr, params: impl Into<ParamsExpr>) -> Expr {
    expression(&expr::crps::FUNCTION, std::iter::once(label).chain(params.into().0))
}

/// The params that a model predicts; named `params`. `features` is a struct expression.
pub fn predict(model: Expr, features: Expr) -> Expr {
    expression(&expr::predict::FUNCTION, [model, features]).alias("params")
}

/// What happened in a model's training; named `model_info`.
pub fn model_info(model: Expr) -> Expr {
    expression(&expr::model_info::FUNCTION, [model])
}

/// The coefficients of a model; named `weights`.
pub fn weights(model: Expr) -> Expr {
    expression(&expr::weights::FUNCTION, [model])
}

/// What each feature adds to what a model predicts; named `explain`. `features` is a struct expression.
pub fn explain(model: Expr, features: Expr) -> Expr {
    expression(&expr::explain::FUNCTION, [model, features])
}

/// The standard errors of what a model predicts; named `params_error`. `features` is a struct expression.
pub fn params_error(model: Expr, features: Expr) -> Expr {
    expression(&expr::params_error::FUNCTION, [model, features])
}

/// Whether a text is a model; named `is_model`.
pub fn is_model(text: Expr) -> Expr {
    expression(&expr::is_model::FUNCTION, [text])
}

/// Trains a model a group; named `model`. `features` is a struct expression, a list of numbers or a number.
///
/// `init` is the text of a model to continue from, such as the group's model of the night before: the same in all rows
/// of a group, NULL to start anew. One model for all groups is an option ([`Options::with_init`]) instead.
///
/// ```
/// use polars::prelude::*;
/// use ziln::expr::lazy::fit_sgd;
/// use ziln::fit::Options;
///
/// # fn main() -> PolarsResult<()> {
/// let customers = df!("campaign" => ["a", "a", "b", "b"], "visits" => [1, 2, 3, 4], "ltv" => [0.0, 8.0, 0.0, 9.5])?;
/// let fit = |init| {
///     let options = Options::builder().epochs(5).build().unwrap();
///     fit_sgd(col("ltv"), col("visits"), None, options, init)
/// };
/// let models = customers.clone().lazy().group_by([col("campaign")]).agg([fit(None)]);
/// let tonight = customers.lazy().left_join(models, col("campaign"), col("campaign"));
/// let models = tonight.group_by([col("campaign")]).agg([fit(Some(col("model")))]).collect()?;
/// assert_eq!((models.height(), models.column("model")?.null_count()), (2, 0));
/// # Ok(())
/// # }
/// ```
pub fn fit_sgd(
    label: Expr,
    features: Expr,
    weight: Option<Expr>,
    options: Options,
    init: Option<Expr>,
) -> Expr {
    let call = move |[label, features]: [&Series; 2], [weight, init]: [Option<&Series>; 2]| {
        expr::fit_sgd_with(label, features, weight, init, &options)
    };
    fit(&expr::fit_sgd::FUNCTION, [label, features], [weight, init], call)
}

/// A fit of the rows of a group, from label and features, and from weight and init if they are given.
fn fit(
    function: &'static Function,
    required: [Expr; 2],
    [weight, init]: [Option<Expr>; 2],
    call: impl Fn([&Series; 2], [Option<&Series>; 2]) -> PolarsResult<Series> + Send + Sync + 'static,
) -> Expr {
    let has_weight = weight.is_some();
    let call = move |inputs: &[Series]| match inputs {
        [label, features, rest @ ..] => {
            let (weight, init) = rest.split_at(usize::from(has_weight));
            call([label, features], [weight.first(), init.first()])
        }
        _ => Err(no_arguments(function)),
    };
    aggregate(function, required.into_iter().chain(weight).chain(init), call).alias("model")
}

/// Fits a model a group exactly, with standard errors; named `model`. The arguments are those of [`fit_sgd`]; an `init` that
/// [`fit_prior`] made is the prior of the group's heads.
pub fn fit_newton(
    label: Expr,
    features: Expr,
    weight: Option<Expr>,
    options: NewtonOptions,
    init: Option<Expr>,
) -> Expr {
    let call = move |[label, features]: [&Series; 2], [weight, init]: [Option<&Series>; 2]| {
        expr::fit_newton_with(label, features, weight, init, &options)
    };
    fit(&expr::fit_newton::FUNCTION, [label, features], [weight, init], call)
}

/// The heads common to campaigns, and how much those of campaigns differ, a model a group; named `model`. `campaign` is of
/// any type that can be grouped by.
///
/// ```
/// use polars::prelude::*;
/// use ziln::expr::lazy::{fit_newton, fit_prior};
/// use ziln::fit::NewtonOptions;
///
/// # fn main() -> PolarsResult<()> {
/// let customers = df!("campaign" => ["a", "a", "b", "b"], "visits" => [1, 2, 3, 4], "ltv" => [0.0, 8.0, 0.0, 0.0])?;
/// let (ltv, visits, options) = (col("ltv"), col("visits"), NewtonOptions::default());
/// let prior = fit_prior(ltv.clone(), visits.clone(), col("campaign"), None, options.clone());
/// let prior = customers.clone().lazy().select([prior.alias("prior")]);
/// let drawn = fit_newton(ltv, visits, None, options, Some(col("prior")));
/// let models = customers.lazy().cross_join(prior, None).group_by([col("campaign")]).agg([drawn]).collect()?;
/// // Nobody of campaign b pays.
/// assert_eq!((models.height(), models.column("model")?.null_count()), (2, 0));
/// # Ok(())
/// # }
/// ```
pub fn fit_prior(
    label: Expr,
    features: Expr,
    campaign: Expr,
    weight: Option<Expr>,
    options: NewtonOptions,
) -> Expr {
    let call = move |inputs: &[Series]| match inputs {
        [label, features, campaign, weight @ ..] => {
            expr::fit_prior_with(label, features, campaign, weight.first(), &options)
        }
        _ => Err(no_arguments(&expr::fit_prior::FUNCTION)),
    };
    let inputs = [label, features, campaign].into_iter().chain(weight);
    aggregate(&expr::fit_prior::FUNCTION, inputs, call).alias("model")
}

/// Begins the exact training of a model a group over any number of rows; named `model`. [`newton_step`] goes on from it.
///
/// ```
/// use polars::prelude::*;
/// use ziln::expr::lazy::{newton_start, newton_step};
/// use ziln::fit::PassOptions;
///
/// # fn main() -> PolarsResult<()> {
/// let customers = df!("visits" => [1, 2, 3, 4], "ltv" => [0.0, 8.0, 0.0, 9.5])?;
/// let start = newton_start(col("ltv"), col("visits"), None, PassOptions::default());
/// let models = customers.clone().lazy().select([start]);
/// let step = newton_step(col("ltv"), col("visits"), col("model"), None);
/// let next = customers.lazy().cross_join(models.clone(), None).select([step]).collect()?;
/// // All rows are in the sample: nothing is left to do.
/// assert!(next.equals(&models.collect()?));
/// # Ok(())
/// # }
/// ```
pub fn newton_start(
    label: Expr,
    features: Expr,
    weight: Option<Expr>,
    options: PassOptions,
) -> Expr {
    let call = move |[label, features]: [&Series; 2], [weight, _]: [Option<&Series>; 2]| {
        expr::newton_start_with(label, features, weight, &options)
    };
    fit(&expr::newton_start::FUNCTION, [label, features], [weight, None], call)
}

/// Goes one step on with the training of each group's model, which is the same in all rows of the group; named `model`.
pub fn newton_step(label: Expr, features: Expr, model: Expr, weight: Option<Expr>) -> Expr {
    let inputs = [label, features, model].into_iter().chain(weight);
    aggregate(&expr::newton_step::FUNCTION, inputs, expr::newton_step).alias("model")
}

/// Every metric of predictions, a struct a group; named `evaluate`.
pub fn evaluate(label: Expr, params: impl Into<ParamsExpr>, weight: Option<Expr>) -> Expr {
    let inputs = std::iter::once(label).chain(params.into().0).chain(weight);
    aggregate(&expr::evaluate::FUNCTION, inputs, expr::evaluate)
}

/// The same of a sample of at most `max_rows` rows a group: those with the smallest hash of their content.
pub fn evaluate_sample(
    label: Expr,
    params: impl Into<ParamsExpr>,
    weight: Option<Expr>,
    max_rows: u64,
) -> Expr {
    let inputs = std::iter::once(label).chain(params.into().0).chain(weight);
    aggregate(&expr::evaluate::FUNCTION, inputs, move |inputs| {
        expr::evaluate_with(inputs, [("max_rows".to_owned(), max_rows.into())])
    })
}

/// The normalised Gini coefficient of predictions; named `gini`.
pub fn gini(label: Expr, prediction: Expr, weight: Option<Expr>) -> Expr {
    aggregate(&expr::gini::FUNCTION, [label, prediction].into_iter().chain(weight), expr::gini)
}

/// The rank correlation of labels and predictions; named `spearman`.
pub fn spearman(label: Expr, prediction: Expr) -> Expr {
    aggregate(&expr::spearman::FUNCTION, [label, prediction], expr::spearman)
}

/// Means and errors by bucket of predicted rank; named `decile_stats`.
pub fn decile_stats(label: Expr, prediction: Expr, buckets: u32) -> Expr {
    let inputs = [label, prediction, lit(buckets)];
    aggregate(&expr::decile_stats::FUNCTION, inputs, expr::decile_stats)
}
