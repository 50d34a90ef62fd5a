//! `ziln_explain(model, features)`.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::customer_function::CustomerFunction;
use super::record::{record_list_array, record_list_type};
use crate::call::explain;
use crate::model::Contribution;

#[user_doc(
    doc_section(label = "Other Functions"),
    description = "Returns why a model predicts what it does for a customer, as a list of structs, one a feature: what it adds to logit, mu and raw_sigma beside the average customer, and ltv_ratio, the expected lifetime value over what it would be without that. The greatest effect on the expected lifetime value comes first. With the average customer's heads the contributions sum to the customer's; of a model with hidden layers they are integrated gradients. Features are matched as by ziln_predict. NULL where the model is NULL.",
    syntax_example = "ziln_explain(model, features)",
    sql_example = r"```sql
> WITH data AS (SELECT value % 4 + 1 AS x, value % 3 AS z, CASE WHEN value % 4 > 1 THEN value % 5 ELSE 0 END AS y FROM range(0, 200)),
       trained AS (SELECT ziln_fit_newton(y, {x: x, z: z}) AS model FROM data)
  SELECT e.feature AS feature, e.ltv_ratio > 1 AS raises
  FROM (SELECT unnest(ziln_explain(model, {x: 4, z: 1})) AS e FROM trained) LIMIT 1;
+---------+--------+
| feature | raises |
+---------+--------+
| x       | true   |
+---------+--------+
```",
    argument(
        name = "model",
        description = "The text of a model made by one of the ziln_fit functions: a constant, or a column, as from a join."
    ),
    argument(
        name = "features",
        description = "A struct with the features the model was trained on, or a list of numbers or a number for a model trained on such; a list may be longer."
    ),
    related_udf(name = "ziln_predict"),
    related_udf(name = "ziln_weights")
)]
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Explain;

impl CustomerFunction for Explain {
    type Call = explain::Explain;

    fn return_type() -> DataType {
        record_list_type::<Contribution>()
    }

    fn collect(values: Vec<Option<Vec<Contribution>>>) -> Result<ArrayRef> {
        record_list_array(values)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
