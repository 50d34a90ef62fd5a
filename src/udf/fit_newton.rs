//! `ziln_fit_newton(label, features [, weight] [, options] [, init])`.

use std::sync::OnceLock;

use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::fit::{FitFunction, with_options};
use crate::call::fit;

#[user_doc(
    doc_section(label = "Statistical Functions"),
    description = "Fits a zero-inflated log-normal model exactly, by Newton's method, with standard errors, and returns it as text (JSON). One model a group. It minimises what ziln_fit_sgd minimises, on the same rows with the same automatic penalties; at most 2,000 encoded columns. With a model of ziln_fit_prior as init the weights are drawn to the prior's, and every group has a model. Otherwise NULL for a group with no usable row or no positive label. The same rows and options give the same text, whatever their order or partitioning.",
    syntax_example = "ziln_fit_newton(label, features [, weight] [, options] [, init])",
    sql_example = r"```sql
> WITH trained AS (
    SELECT ziln_fit_newton(y, {x: x}, {l2: 0}) AS model
    FROM (SELECT value % 4 + 1 AS x, CASE WHEN value % 7 > 2 THEN value % 5 + value % 4 ELSE 0 END AS y FROM range(0, 200))
  )
  SELECT w.head AS head, round(w.weight, 3) AS weight, round(w.standard_error, 3) AS error
  FROM (SELECT unnest(ziln_weights(model)) AS w FROM trained) WHERE w.feature = 'x';
+-----------+--------+-------+
| head      | weight | error |
+-----------+--------+-------+
| logit     | 0.19   | 0.143 |
| mu        | 0.32   | 0.045 |
| raw_sigma | -0.322 | 0.097 |
+-----------+--------+-------+
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
        description = "A constant struct such as {l2: 0, errors: 'robust'}. Optional. Known are"
    ),
    argument(
        name = "init",
        description = "The text of a model: a prior of ziln_fit_prior, to which the weights are drawn, or any other to start from; the same in all rows of a group; it comes fifth, after weight and options, which may be NULL. NULL is none. As an option it is one constant for all groups."
    ),
    related_udf(name = "ziln_fit_sgd"),
    related_udf(name = "ziln_fit_prior"),
    related_udf(name = "ziln_weights")
)]
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct FitNewton;

impl FitFunction for FitNewton {
    type Solver = fit::FitNewton;

    fn documentation(&self) -> Option<&Documentation> {
        static WITH_OPTIONS: OnceLock<Option<Documentation>> = OnceLock::new();
        let documentation = || self.doc().cloned().map(with_options::<Self::Solver>);
        WITH_OPTIONS.get_or_init(documentation).as_ref()
    }
}
