//! `ziln_model_info(model)`.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::model_function::ModelFunction;
use super::record::{record_array, record_type};
use crate::call::model::{self, ModelCall};
use crate::model::ModelInfo;

#[user_doc(
    doc_section(label = "Other Functions"),
    description = "Returns what a model says about itself, as a struct: rows, payers and skipped labels it was trained on, epochs run, losses, why training stopped, and the options in force. NULL where the model is NULL.",
    syntax_example = "ziln_model_info(model)",
    sql_example = r"```sql
> SELECT ziln_model_info(ziln_fit_sgd(y, x, {epochs: 5}))['payers'] AS payers
  FROM (VALUES (0, 1), (2, 2), (3, 3)) AS t(y, x);
+--------+
| payers |
+--------+
| 2      |
+--------+
```",
    argument(
        name = "model",
        description = "The text of a model made by one of the ziln_fit functions."
    ),
    related_udf(name = "ziln_weights"),
    related_udf(name = "ziln_is_model"),
    related_udf(name = "ziln_fit_sgd")
)]
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ModelInfoFunction;

impl ModelFunction for ModelInfoFunction {
    type Value = ModelInfo;

    const CALL: ModelCall<ModelInfo> = model::MODEL_INFO;

    fn return_type() -> DataType {
        record_type::<ModelInfo>()
    }

    fn collect(values: impl Iterator<Item = Option<ModelInfo>>) -> Result<ArrayRef> {
        Ok(Arc::new(record_array(values)?))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
