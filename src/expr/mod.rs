//! The functions on Polars columns: Polars' view of the core.
//!
//! One file a function, [`FUNCTIONS`] the only list of them. A function takes its arguments as [`Series`], in the
//! order and the forms of the SQL function of the same name, and returns one series; arguments of one row stand for
//! every row of the others. The module `lazy` (feature `polars-lazy`) makes expressions and functions of Polars' SQL
//! of them. This room may import every room of the core, `call` and Polars, but not `udf`.
//!
//! Shared by the functions: `types` says what Polars' types are to the rules in `call`; `number`, `params`, `features`,
//! `lists` and `text` read arguments, `options` those that are constants; `rows` says which rows an aggregate sees, and
//! `training_rows` holds those of a training; `result` and `record` build what is returned; `params_function`,
//! `model_function`, `customer`, `metric_function` and `fit` are what functions of one kind share. [`guarded`] is around
//! what Polars calls.
//!
//! # Example
//! ```
//! use polars::prelude::*;
//!
//! # fn main() -> PolarsResult<()> {
//! let logit = Series::new("logit".into(), [0.0, 1.0]);
//! let mu = Series::new("mu".into(), [3.0, 3.5]);
//! let raw_sigma = Series::new("raw_sigma".into(), [0.5]);
//! let ltv = ziln::expr::expected_ltv(&[logit, mu, raw_sigma])?;
//! assert_eq!(ltv.len(), 2);
//! # Ok(())
//! # }
//! ```

use polars::prelude::{DataType, Field, PolarsResult, Series, polars_err};

mod customer;
mod error;
mod features;
mod fit;
mod guard;
mod lists;
mod metric_function;
mod model_function;
mod number;
mod options;
mod params;
mod params_function;
mod record;
mod result;
mod rows;
mod text;
mod training_rows;
mod types;

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
mod spearman;
mod variance;
mod weights;

#[cfg(test)]
mod tests;

#[cfg(feature = "polars-lazy")]
pub mod lazy;

pub use capped_ltv::capped_ltv;
pub use cdf::cdf;
pub use crps::crps;
pub use decile_stats::{decile_stats, decile_stats_with};
pub use evaluate::{evaluate, evaluate_with};
pub use expected_ltv::expected_ltv;
pub use explain::explain;
pub use fit_newton::{fit_newton, fit_newton_with};
pub use fit_prior::{fit_prior, fit_prior_with};
pub use fit_sgd::{fit_sgd, fit_sgd_with};
pub use from_logits::from_logits;
pub use gini::gini;
pub use guard::guarded;
pub use is_model::is_model;
pub use loss::loss;
pub use model_info::model_info;
pub use newton_start::{newton_start, newton_start_with, row_hashes};
pub use newton_step::{newton_merged, newton_next, newton_step, newton_sums};
pub use params_error::params_error;
pub use params_from_prob::params;
pub use pay_amount::pay_amount;
pub use pay_prob::pay_prob;
pub use predict::predict;
pub use quantile::quantile;
pub use spearman::spearman;
pub use variance::variance;
pub use weights::weights;

/// Whether a function gives a value a row or one for all rows of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionKind {
    /// A value a row.
    Scalar,
    /// One value for all rows.
    Aggregate,
}

/// A function as an engine sees it.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// The name in SQL.
    pub name: &'static str,
    /// A value a row, or one for all.
    pub kind: FunctionKind,
    /// The function itself.
    pub call: fn(&[Series]) -> PolarsResult<Series>,
    /// The type of what it returns, which does not depend on its arguments.
    pub output: fn() -> DataType,
}

type Call = fn(&[Series]) -> PolarsResult<Series>;

impl Function {
    const fn scalar(name: &'static str, call: Call, output: fn() -> DataType) -> Self {
        Self { name, kind: FunctionKind::Scalar, call, output }
    }

    const fn aggregate(name: &'static str, call: Call, output: fn() -> DataType) -> Self {
        Self { name, kind: FunctionKind::Aggregate, call, output }
    }

    /// The field that a call returns: its type, under the name of its first argument.
    ///
    /// # Errors
    /// Where there is no argument.
    pub fn field(&self, inputs: &[Field]) -> PolarsResult<Field> {
        let name = self.name;
        let first = inputs
            .first()
            .ok_or_else(|| polars_err!(InvalidOperation: "{name}: expected arguments, got none"))?;
        Ok(Field::new(first.name().clone(), (self.output)()))
    }

    const fn number(name: &'static str, call: Call) -> Self {
        Self::scalar(name, call, || DataType::Float64)
    }
}

/// Every function, in the order of the documentation.
pub const FUNCTIONS: &[Function] = &[
    loss::FUNCTION,
    expected_ltv::FUNCTION,
    pay_prob::FUNCTION,
    pay_amount::FUNCTION,
    params_from_prob::FUNCTION,
    from_logits::FUNCTION,
    predict::FUNCTION,
    variance::FUNCTION,
    cdf::FUNCTION,
    quantile::FUNCTION,
    capped_ltv::FUNCTION,
    crps::FUNCTION,
    model_info::FUNCTION,
    weights::FUNCTION,
    explain::FUNCTION,
    params_error::FUNCTION,
    is_model::FUNCTION,
    fit_sgd::FUNCTION,
    fit_newton::FUNCTION,
    fit_prior::FUNCTION,
    newton_start::FUNCTION,
    newton_step::FUNCTION,
    evaluate::FUNCTION,
    gini::FUNCTION,
    spearman::FUNCTION,
    decile_stats::FUNCTION,
];

/// The function of that name in SQL.
pub fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}
