//! `ziln_cdf(x, params)`.

use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::params_function::ParamsFunction;
use crate::call::distribution::{self, DistributionCall};

#[user_doc(
    doc_section(label = "Math Functions"),
    description = "Returns the probability that a customer is worth x or less: (1 - p) + p * Phi((ln x - mu) / sigma), and 0 below 0. NULL where any input is NULL.",
    syntax_example = "ziln_cdf(x, params)",
    alternative_syntax = "ziln_cdf(x, logit, mu, raw_sigma)",
    sql_example = r"```sql
> SELECT round(ziln_cdf(1.5, 0.4, 0.5, 0.6), 6) AS cdf;
+----------+
| cdf      |
+----------+
| 0.678923 |
+----------+
```",
    argument(name = "x", description = "An amount, in the label's unit."),
    argument(
        name = "params",
        description = "A struct with fields logit, mu and sigma, a list of three numbers logit, mu, raw_sigma, or these as three arguments."
    ),
    related_udf(name = "ziln_predict")
)]
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Cdf;

impl ParamsFunction for Cdf {
    const CALL: DistributionCall = distribution::CDF;

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
