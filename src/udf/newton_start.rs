//! `ziln_newton_start(label, features [, weight] [, options])`.

use std::sync::OnceLock;

use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::fit::{FitFunction, with_options};
use crate::call::fit;

#[user_doc(
    doc_section(label = "Statistical Functions"),
    description = "Begins the exact training of a zero-inflated log-normal model over any number of rows, and returns a model as text (JSON), from which ziln_newton_step goes on. It is the exact fit of a sample, at most max_rows rows a group (100,000 unless said otherwise), with all that later passes need. At most 2,000 encoded columns; above 500 passes sum no second derivatives by all pairs of them, take more steps and give no standard errors. If the sample is all rows, it is the model of ziln_fit_newton, and there is nothing left to do. NULL for a group with no usable row or no positive label in its sample. The same rows and options give the same text, whatever their order or partitioning.",
    syntax_example = "ziln_newton_start(label, features [, weight] [, options])",
    sql_example = r"```sql
> WITH customers AS (
    SELECT value % 4 + 1 AS x, CASE WHEN value % 7 > 2 THEN value % 5 + value % 4 ELSE 0 END AS y FROM range(0, 2000)
  ), started AS (
    SELECT ziln_newton_start(y, {x: x}, {max_rows: 500}) AS model FROM customers
  )
  SELECT ziln_model_info(model)['rows'] <= 500 AS bounded, ziln_model_info(model)['rows_seen'] AS seen,
    ziln_model_info(model)['stop_reason'] AS stop_reason FROM started;
+---------+------+-------------+
| bounded | seen | stop_reason |
+---------+------+-------------+
| true    | 2000 | unfinished  |
+---------+------+-------------+
```",
    argument(name = "label", description = "What the customer spent: any numeric type."),
    argument(
        name = "features",
        description = "A struct of numbers, booleans, dates and strings such as {recency: recency, channel: channel}; or a list of numbers, or one number."
    ),
    argument(
        name = "weight",
        description = "How often the row counts: a number, not negative. Optional; NULL without a type is none."
    ),
    argument(
        name = "options",
        description = "A constant struct such as {max_rows: 1000000}. Optional. Known are"
    ),
    related_udf(name = "ziln_newton_step"),
    related_udf(name = "ziln_fit_newton")
)]
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct NewtonStart;

impl FitFunction for NewtonStart {
    type Solver = fit::NewtonStart;

    fn documentation(&self) -> Option<&Documentation> {
        static WITH_OPTIONS: OnceLock<Option<Documentation>> = OnceLock::new();
        let documentation = || self.doc().cloned().map(with_options::<Self::Solver>);
        WITH_OPTIONS.get_or_init(documentation).as_ref()
    }
}
