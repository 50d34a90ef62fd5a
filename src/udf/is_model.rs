//! `ziln_is_model(text)`.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::model_function::ModelFunction;
use crate::call::model::{self, ModelCall};

#[user_doc(
    doc_section(label = "Other Functions"),
    description = "Returns whether a text is a model that this build can read: then ziln_predict, ziln_model_info and ziln_weights take it, and with CASE they go on without the others. Never an error, whatever the text. NULL where the text is NULL.",
    syntax_example = "ziln_is_model(text)",
    sql_example = r"```sql
> WITH trained AS (
    SELECT ziln_fit_sgd(y, {x: x}) AS model FROM (VALUES (0, 1), (2, 2), (3, 3)) AS t(y, x)
    UNION ALL SELECT 'torn'
  )
  SELECT ziln_is_model(model) AS is_model,
         ziln_predict(CASE WHEN ziln_is_model(model) THEN model END, {x: 3}) IS NULL AS no_params
  FROM trained ORDER BY is_model;
+----------+-----------+
| is_model | no_params |
+----------+-----------+
| false    | true      |
| true     | false     |
+----------+-----------+
```",
    argument(name = "text", description = "Any text, such as a column of models."),
    related_udf(name = "ziln_predict"),
    related_udf(name = "ziln_model_info")
)]
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct IsModelFunction;

impl ModelFunction for IsModelFunction {
    type Value = bool;

    const CALL: ModelCall<bool> = model::IS_MODEL;

    fn return_type() -> DataType {
        DataType::Boolean
    }

    fn collect(values: impl Iterator<Item = Option<bool>>) -> Result<ArrayRef> {
        Ok(Arc::new(values.collect::<BooleanArray>()))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
