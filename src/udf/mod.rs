//! The SQL functions: DataFusion's view of the core.
//!
//! One file a function; [`scalar_functions`] and [`aggregate_functions`] are the only lists of them. An adapter
//! turns Arrow arrays into the core's columns, calls the core and turns columns into arrays: no formula stands
//! here. This room may import every room of the core, `call`, Arrow and
//! DataFusion, but not `expr`.
//!
//! Shared by the functions: `types` says what Arrow's types are to the rules in `call`; `number` reads numeric arguments,
//! `params` the three forms of `params`, `features` the forms of `features`, `customer` the columns that models need, `record` builds struct results. `aggregate`
//! makes DataFusion's aggregates of what they keep for their groups, `rows` is what those keep that need all rows, and `fit`
//! those that fit models, `passes` what a pass over any number of rows keeps.
//! `guard` is around every function.

use std::sync::Arc;

use datafusion_common::Result;
use datafusion_expr::registry::FunctionRegistry;
use datafusion_expr::{AggregateUDF, ScalarUDF};

mod aggregate;
mod constant;
mod customer;
mod customer_function;
mod dates;
mod error;
mod features;
mod fit;
#[cfg(feature = "session")]
mod fit_passes;
pub mod guard;
mod metric;
mod model;
mod model_function;
mod named_model;
mod number;
mod options;
mod params;
mod params_function;
mod passes;
mod recent_models;
mod record;
mod rows;

mod capped_ltv;
mod cdf;
mod crps;
mod decile_stats;
mod evaluate;
mod expected_ltv;
mod explain;
mod fit_newton;
mod fit_prior;
mod fit_sgd;
mod from_logits;
mod gini;
mod is_model;
mod lists;
mod loss;
mod model_info;
mod newton_start;
mod newton_step;
mod params_error;
mod params_from_prob;
mod pay_amount;
mod pay_prob;
mod predict;
mod quantile;
mod signature;
mod spearman;
mod strings;
mod types;
mod variance;
mod weight;
mod weights;

#[cfg(feature = "session")]
#[doc(hidden)]
pub use crate::call::passes::PassQueries;
use aggregate::Aggregate;
#[cfg(any(test, debug_assertions))]
#[doc(hidden)]
pub use aggregate::panicking_aggregate;
use customer_function::CustomerUdf;
use fit::Fit;
#[cfg(feature = "session")]
pub use fit_passes::{FitPasses, fit_passes};
use model_function::ModelUdf;
pub use named_model::model_function;
use params_function::ParamsUdf;

/// Every scalar function, in the order of the documentation.
pub fn scalar_functions() -> Vec<Arc<ScalarUDF>> {
    let functions = [
        ScalarUDF::from(ParamsUdf::<loss::Loss>::default()),
        ScalarUDF::from(ParamsUdf::<expected_ltv::ExpectedLtv>::default()),
        ScalarUDF::from(ParamsUdf::<pay_prob::PayProb>::default()),
        ScalarUDF::from(ParamsUdf::<pay_amount::PayAmount>::default()),
        ScalarUDF::from(params_from_prob::ParamsFromProb::default()),
        ScalarUDF::from(from_logits::FromLogits::default()),
        ScalarUDF::from(predict::Predict::default()),
        ScalarUDF::from(ParamsUdf::<variance::Variance>::default()),
        ScalarUDF::from(ParamsUdf::<cdf::Cdf>::default()),
        ScalarUDF::from(ParamsUdf::<quantile::Quantile>::default()),
        ScalarUDF::from(ParamsUdf::<capped_ltv::CappedLtv>::default()),
        ScalarUDF::from(ParamsUdf::<crps::Crps>::default()),
        ScalarUDF::from(ModelUdf::<model_info::ModelInfoFunction>::default()),
        ScalarUDF::from(ModelUdf::<weights::WeightsFunction>::default()),
        ScalarUDF::from(CustomerUdf::<explain::Explain>::default()),
        ScalarUDF::from(CustomerUdf::<params_error::ParamsErrorFunction>::default()),
        ScalarUDF::from(ModelUdf::<is_model::IsModelFunction>::default()),
    ];
    functions.into_iter().map(guard::guarded_scalar).map(Arc::new).collect()
}

/// Every aggregate function, in the order of the documentation.
pub fn aggregate_functions() -> Vec<Arc<AggregateUDF>> {
    let functions = [
        AggregateUDF::from(Aggregate::of(Fit(fit_sgd::FitSgd))),
        AggregateUDF::from(Aggregate::of(Fit(fit_newton::FitNewton))),
        AggregateUDF::from(Aggregate::of(Fit(fit_prior::FitPrior))),
        AggregateUDF::from(Aggregate::of(Fit(newton_start::NewtonStart))),
        AggregateUDF::from(Aggregate::of(newton_step::NewtonStep)),
        AggregateUDF::from(Aggregate::of(evaluate::Evaluate)),
        AggregateUDF::from(Aggregate::of(gini::Gini)),
        AggregateUDF::from(Aggregate::of(spearman::Spearman)),
        AggregateUDF::from(Aggregate::of(decile_stats::DecileStatsFunction)),
    ];
    functions.into_iter().map(Arc::new).collect()
}

/// Registers every function of ziln: with a `SessionContext`, one call makes them all usable in SQL.
///
/// # Errors
/// Whatever the registry refuses.
///
/// # Example
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> datafusion::error::Result<()> {
/// use datafusion::prelude::SessionContext;
///
/// let mut ctx = SessionContext::new();
/// ziln::udf::register_all(&mut ctx)?;
/// let query = "SELECT round(ziln_expected_ltv(0.4, 0.5, 0.6), 3) AS ltv";
/// let batches = ctx.sql(query).await?.collect().await?;
/// assert_eq!(datafusion::common::cast::as_float64_array(batches[0].column(0))?.value(0), 1.691);
/// # Ok(())
/// # }
/// ```
pub fn register_all(registry: &mut dyn FunctionRegistry) -> Result<()> {
    for function in scalar_functions() {
        registry.register_udf(function)?;
    }
    for function in aggregate_functions() {
        registry.register_udaf(function)?;
    }
    Ok(())
}
