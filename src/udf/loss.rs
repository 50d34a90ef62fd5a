//! `ziln_loss(label, params)`.

use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::params_function::ParamsFunction;
use crate::call::distribution::{self, DistributionCall};

#[user_doc(
    doc_section(label = "Math Functions"),
    description = "Returns the zero-inflated log-normal loss of a label: its negative log-likelihood, in nats. A label of 0 or less counts as not paying. NULL where any input is NULL.",
    syntax_example = "ziln_loss(label, params)",
    alternative_syntax = "ziln_loss(label, logit, mu, raw_sigma)",
    sql_example = r"```sql
> SELECT round(ziln_loss(1.5, 0.4, 0.5, 0.6), 6) AS loss;
+----------+
| loss     |
+----------+
| 1.878373 |
+----------+
```",
    argument(name = "label", description = "What the customer spent: any numeric type."),
    argument(
        name = "params",
        description = "A struct with fields logit, mu and sigma, a list of three numbers logit, mu, raw_sigma, or these as three arguments."
    ),
    related_udf(name = "ziln_predict")
)]
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Loss;

impl ParamsFunction for Loss {
    const CALL: DistributionCall = distribution::LOSS;

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
