//! `ziln_variance(params)`.

use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::params_function::ParamsFunction;
use crate::call::distribution::{self, DistributionCall};

#[user_doc(
    doc_section(label = "Math Functions"),
    description = "Returns the variance of a customer's value, in the label's unit squared: p * exp(2 mu + 2 sigma^2) - expected_ltv^2. NULL where any input is NULL.",
    syntax_example = "ziln_variance(params)",
    alternative_syntax = "ziln_variance(logit, mu, raw_sigma)",
    sql_example = r"```sql
> SELECT round(ziln_variance(0.4, 0.5, 0.6), 6) AS variance;
+-----------+
| variance  |
+-----------+
| 11.151009 |
+-----------+
```",
    argument(
        name = "params",
        description = "A struct with fields logit, mu and sigma, a list of three numbers logit, mu, raw_sigma, or these as three arguments."
    ),
    related_udf(name = "ziln_predict")
)]
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Variance;

impl ParamsFunction for Variance {
    const CALL: DistributionCall = distribution::VARIANCE;

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
