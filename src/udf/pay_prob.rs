//! `ziln_pay_prob(params)`.

use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::params_function::ParamsFunction;
use crate::call::distribution::{self, DistributionCall};

#[user_doc(
    doc_section(label = "Math Functions"),
    description = "Returns the probability to pay, between 0 and 1: the sigmoid of the logit. NULL where any input is NULL.",
    syntax_example = "ziln_pay_prob(params)",
    alternative_syntax = "ziln_pay_prob(logit, mu, raw_sigma)",
    sql_example = r"```sql
> SELECT round(ziln_pay_prob(0.4, 0.5, 0.6), 6) AS p;
+----------+
| p        |
+----------+
| 0.598688 |
+----------+
```",
    argument(
        name = "params",
        description = "A struct with fields logit, mu and sigma, a list of three numbers logit, mu, raw_sigma, or these as three arguments."
    ),
    related_udf(name = "ziln_predict")
)]
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct PayProb;

impl ParamsFunction for PayProb {
    const CALL: DistributionCall = distribution::PAY_PROB;

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
