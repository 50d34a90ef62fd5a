//! `ziln_pay_amount(params)`.

use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::params_function::ParamsFunction;
use crate::call::distribution::{self, DistributionCall};

#[user_doc(
    doc_section(label = "Math Functions"),
    description = "Returns the expected amount of a customer who pays, in the label's unit: exp(mu + sigma^2 / 2). NULL where any input is NULL.",
    syntax_example = "ziln_pay_amount(params)",
    alternative_syntax = "ziln_pay_amount(logit, mu, raw_sigma)",
    sql_example = r"```sql
> SELECT round(ziln_pay_amount(0.4, 0.5, 0.6), 6) AS amount;
+----------+
| amount   |
+----------+
| 2.824103 |
+----------+
```",
    argument(
        name = "params",
        description = "A struct with fields logit, mu and sigma, a list of three numbers logit, mu, raw_sigma, or these as three arguments."
    ),
    related_udf(name = "ziln_predict")
)]
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct PayAmount;

impl ParamsFunction for PayAmount {
    const CALL: DistributionCall = distribution::PAY_AMOUNT;

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
