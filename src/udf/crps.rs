//! `ziln_crps(label, params)`.

use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::params_function::ParamsFunction;
use crate::call::distribution::{self, DistributionCall};

#[user_doc(
    doc_section(label = "Math Functions"),
    description = "Returns the continuous ranked probability score of a label, in the label's unit: a proper score of the whole predicted distribution, the mean absolute error where that is a single point. Smaller is better. NULL where any input is NULL.",
    syntax_example = "ziln_crps(label, params)",
    alternative_syntax = "ziln_crps(label, logit, mu, raw_sigma)",
    sql_example = r"```sql
> SELECT round(ziln_crps(1.5, 0.4, 0.5, 0.6), 6) AS crps;
+----------+
| crps     |
+----------+
| 0.567607 |
+----------+
```",
    argument(name = "label", description = "What the customer spent."),
    argument(
        name = "params",
        description = "A struct with fields logit, mu and sigma, a list of three numbers logit, mu, raw_sigma, or these as three arguments."
    ),
    related_udf(name = "ziln_predict")
)]
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Crps;

impl ParamsFunction for Crps {
    const CALL: DistributionCall = distribution::CRPS;

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
