//! Expressions for `LazyFrame`s (`expressions`, by which Polars calls the functions is `engine`), and the functions of Polars'
//! own SQL (`sql_functions`).
//!
//! ```
//! use polars::prelude::*;
//! use ziln::expr::lazy::{expected_ltv, loss};
//!
//! # fn main() -> PolarsResult<()> {
//! let customers = df!("ltv" => [0.0, 12.5], "z" => [0.1, 0.2], "mu" => [2.0, 2.5], "s" => [0.5, 0.5])?;
//! let scored = customers
//!     .lazy()
//!     .select([
//!         loss(col("ltv"), [col("z"), col("mu"), col("s")]).mean(),
//!         expected_ltv([col("z"), col("mu"), col("s")]).sum(),
//!     ])
//!     .collect()?;
//! assert_eq!(scored.get_column_names(), ["loss", "expected_ltv"]);
//! # Ok(())
//! # }
//! ```
//!
//! In SQL, the functions have the names they have in DataFusion. Polars' SQL has no struct literal, so `features` is a
//! struct column; and it does not know the functions within `WITH` and subqueries: register such a step's result as a
//! table of its own.
//!
//! ```
//! use std::sync::Arc;
//!
//! use polars::prelude::*;
//! use polars_sql::SQLContext;
//! use ziln::expr::lazy::SqlFunctions;
//!
//! # fn main() -> PolarsResult<()> {
//! let mut context = SQLContext::new().with_function_registry(Arc::new(SqlFunctions));
//! context.register("t", df!("z" => [0.1], "mu" => [2.0], "s" => [0.5])?.lazy());
//! let ltv = context.execute("SELECT ziln_expected_ltv(z, mu, s) AS ltv FROM t")?.collect()?;
//! assert_eq!(ltv.shape(), (1, 1));
//! # Ok(())
//! # }
//! ```

mod engine;
mod expressions;
mod sql_functions;

pub use expressions::{
    ParamsExpr, capped_ltv, cdf, crps, decile_stats, evaluate, evaluate_sample, expected_ltv,
    explain, fit_newton, fit_prior, fit_sgd, from_logits, gini, is_model, loss, model_info,
    newton_start, newton_step, params, params_error, pay_amount, pay_prob, predict, quantile,
    spearman, variance, weights,
};
pub use sql_functions::SqlFunctions;
