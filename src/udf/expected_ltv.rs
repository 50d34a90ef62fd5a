//! `ziln_expected_ltv(params)`.

use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::params_function::ParamsFunction;
use crate::call::distribution::{self, DistributionCall};

#[user_doc(
    doc_section(label = "Math Functions"),
    description = "Returns the expected lifetime value, in the label's unit: the probability to pay times the expected amount, p * exp(mu + sigma^2 / 2). NULL where any input is NULL.",
    syntax_example = "ziln_expected_ltv(params)",
    alternative_syntax = "ziln_expected_ltv(logit, mu, raw_sigma)",
    sql_example = r"```sql
> SELECT round(ziln_expected_ltv(0.4, 0.5, 0.6), 6) AS ltv;
+----------+
| ltv      |
+----------+
| 1.690755 |
+----------+
```",
    argument(
        name = "params",
        description = "A struct with fields logit, mu and sigma, a list of three numbers logit, mu, raw_sigma, or these as three arguments."
    ),
    related_udf(name = "ziln_predict")
)]
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ExpectedLtv;

impl ParamsFunction for ExpectedLtv {
    const CALL: DistributionCall = distribution::EXPECTED_LTV;

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
