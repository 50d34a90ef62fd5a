//! `ziln_quantile(q, params)`.

use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::params_function::ParamsFunction;
use crate::call::distribution::{self, DistributionCall};

#[user_doc(
    doc_section(label = "Math Functions"),
    description = "Returns the value that a customer stays below with probability q: 0 where q <= 1 - p. NaN where q is not between 0 and 1. NULL where any input is NULL.",
    syntax_example = "ziln_quantile(q, params)",
    alternative_syntax = "ziln_quantile(q, logit, mu, raw_sigma)",
    sql_example = r"```sql
> SELECT round(ziln_quantile(0.9, 0.4, 0.5, 0.6), 6) AS q90;
+----------+
| q90      |
+----------+
| 4.491435 |
+----------+
```",
    argument(name = "q", description = "A probability between 0 and 1."),
    argument(
        name = "params",
        description = "A struct with fields logit, mu and sigma, a list of three numbers logit, mu, raw_sigma, or these as three arguments."
    ),
    related_udf(name = "ziln_predict")
)]
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Quantile;

impl ParamsFunction for Quantile {
    const CALL: DistributionCall = distribution::QUANTILE;

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
