//! `ziln_fit_sgd(label, features [, weight] [, options] [, init])`.

use std::sync::OnceLock;

use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::fit::{FitFunction, with_options};
use crate::call::fit;

#[user_doc(
    doc_section(label = "Statistical Functions"),
    description = "Trains a zero-inflated log-normal model by mini-batch gradient descent and returns it as text (JSON). One model a group. An untyped NULL as the weight or the options leaves them out. Rows with a NULL label, or a NULL or 0 weight, are skipped; NaN and infinite labels are skipped and counted; negative labels count as 0. NULL for a group with no usable row or no positive label. The same rows, options and seed give the same text, whatever their order or partitioning.",
    syntax_example = "ziln_fit_sgd(label, features [, weight] [, options] [, init])",
    sql_example = r"```sql
> SELECT ziln_pay_prob(ziln_predict(ziln_fit_sgd(y, {x: x}, {epochs: 100}), {x: 4})) > 0.5 AS pays
  FROM (SELECT value % 4 + 1 AS x, CASE WHEN value % 4 > 1 THEN value % 5 ELSE 0 END AS y FROM range(0, 200));
+------+
| pays |
+------+
| true |
+------+
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
        description = "A constant struct such as {epochs: 30, l2: 0.001}. Optional. Known are"
    ),
    argument(
        name = "init",
        description = "The text of a model to continue from, such as the group's model of the night before; the same in all rows of a group; it comes fifth, after weight and options, which may be NULL. NULL starts anew. As an option it is one constant for all groups."
    ),
    related_udf(name = "ziln_fit_newton"),
    related_udf(name = "ziln_predict"),
    related_udf(name = "ziln_model_info")
)]
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct FitSgd;

impl FitFunction for FitSgd {
    type Solver = fit::FitSgd;

    fn documentation(&self) -> Option<&Documentation> {
        static WITH_OPTIONS: OnceLock<Option<Documentation>> = OnceLock::new();
        let documentation = || self.doc().cloned().map(with_options::<Self::Solver>);
        WITH_OPTIONS.get_or_init(documentation).as_ref()
    }
}
