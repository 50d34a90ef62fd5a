//! `ziln_fit_prior(label, features, campaign [, weight] [, options])`.

use std::sync::OnceLock;

use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::fit::{FitFunction, with_options};
use crate::call::fit;

#[user_doc(
    doc_section(label = "Statistical Functions"),
    description = "Fits the heads common to all campaigns, as ziln_fit_newton does, and how much those of campaigns differ from them, and returns a model as text (JSON). As init of ziln_fit_newton or ziln_fit_sgd it is the prior of each campaign's heads: they are drawn to the common ones, the more the fewer rows the campaign has. NULL where no row is usable or no label is positive. The same rows and options give the same text, whatever their order or partitioning and whatever the campaigns are called.",
    syntax_example = "ziln_fit_prior(label, features, campaign [, weight] [, options])",
    sql_example = r"```sql
> WITH customers AS (
    SELECT value % 9 AS campaign, value % 4 AS x, CASE WHEN value % 9 > 7 THEN 0 ELSE value % 5 * (value % 3) END AS y
    FROM range(0, 300)
  ), prior AS (
    SELECT ziln_fit_prior(y, {x: x}, campaign) AS model FROM customers
  ), models AS (
    SELECT campaign, ziln_fit_newton(y, {x: x}, NULL, NULL, model) AS model FROM customers CROSS JOIN prior GROUP BY campaign
  )
  SELECT count(*) AS campaigns, count(model) AS models FROM models;
+-----------+--------+
| campaigns | models |
+-----------+--------+
| 9         | 9      |
+-----------+--------+
```",
    argument(name = "label", description = "What the customer spent: any numeric type."),
    argument(
        name = "features",
        description = "A struct of numbers, booleans, dates and strings such as {recency: recency, channel: channel}; or a list of numbers, or one number."
    ),
    argument(
        name = "campaign",
        description = "Which campaign the row belongs to: any type that can be grouped by. NULL is a campaign."
    ),
    argument(
        name = "weight",
        description = "How often the row counts: a number, not negative. Optional; NULL without a type is none."
    ),
    argument(
        name = "options",
        description = "A constant struct such as {min_count: 5}. Optional. Known are"
    ),
    related_udf(name = "ziln_fit_newton"),
    related_udf(name = "ziln_fit_sgd"),
    related_udf(name = "ziln_weights")
)]
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct FitPrior;

impl FitFunction for FitPrior {
    type Solver = fit::FitPrior;

    fn documentation(&self) -> Option<&Documentation> {
        static WITH_OPTIONS: OnceLock<Option<Documentation>> = OnceLock::new();
        let documentation = || self.doc().cloned().map(with_options::<Self::Solver>);
        WITH_OPTIONS.get_or_init(documentation).as_ref()
    }
}
