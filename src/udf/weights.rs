//! `ziln_weights(model)`.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::model_function::ModelFunction;
use super::record::{record_list_array, record_list_type};
use crate::call::model::{self, ModelCall};
use crate::model::WeightRow;

#[user_doc(
    doc_section(label = "Other Functions"),
    description = "Returns a model's coefficients as a list of structs: head (logit, mu or raw_sigma), feature, level, weight on the standardised scale and on the raw scale. The intercept of a head has no feature. Then, if the model has hidden layers, a struct a weight with its layer (0 for the vectors of levels), unit and input, which are NULL before. NULL where the model is NULL.",
    syntax_example = "ziln_weights(model)",
    sql_example = r"```sql
> SELECT w.head AS head, w.feature AS feature FROM (
    SELECT unnest(ziln_weights(ziln_fit_sgd(y, {x: x}))) AS w
    FROM (VALUES (0, 1), (2, 2), (3, 3)) AS t(y, x)
  ) LIMIT 2;
+-------+---------+
| head  | feature |
+-------+---------+
| logit |         |
| logit | x       |
+-------+---------+
```",
    argument(
        name = "model",
        description = "The text of a model made by one of the ziln_fit functions."
    ),
    related_udf(name = "ziln_model_info")
)]
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct WeightsFunction;

impl ModelFunction for WeightsFunction {
    type Value = Vec<WeightRow>;

    const CALL: ModelCall<Vec<WeightRow>> = model::WEIGHTS;

    fn return_type() -> DataType {
        record_list_type::<WeightRow>()
    }

    fn collect(values: impl Iterator<Item = Option<Vec<WeightRow>>>) -> Result<ArrayRef> {
        record_list_array(values)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
