//! `ziln_capped_ltv(cap, params)`.

use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::params_function::ParamsFunction;
use crate::call::distribution::{self, DistributionCall};

#[user_doc(
    doc_section(label = "Math Functions"),
    description = "Returns the expected lifetime value when no customer counts for more than a cap, E[min(Y, cap)]: a bid that a few huge customers do not inflate. NULL where any input is NULL.",
    syntax_example = "ziln_capped_ltv(cap, params)",
    alternative_syntax = "ziln_capped_ltv(cap, logit, mu, raw_sigma)",
    sql_example = r"```sql
> SELECT round(ziln_capped_ltv(25, 0.4, 0.5, 0.6), 6) AS capped;
+---------+
| capped  |
+---------+
| 1.66058 |
+---------+
```",
    argument(
        name = "cap",
        description = "The most that a customer counts for, in the label's unit."
    ),
    argument(
        name = "params",
        description = "A struct with fields logit, mu and sigma, a list of three numbers logit, mu, raw_sigma, or these as three arguments."
    ),
    related_udf(name = "ziln_predict")
)]
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct CappedLtv;

impl ParamsFunction for CappedLtv {
    const CALL: DistributionCall = distribution::CAPPED_LTV;

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
