//! `ziln_params_error(model, features)`.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::customer_function::CustomerFunction;
use super::record::{record_array, record_type};
use crate::call::params_error;
use crate::model::ParamsError;

#[user_doc(
    doc_section(label = "Other Functions"),
    description = "Returns the standard errors of what a model predicts for a customer, as a struct: logit, mu, raw_sigma, and expected_ltv by the delta method. They say how far the model's weights leave it open, not how far the customer may be from it. The model is one of ziln_fit_newton with {covariance: true}; any other is an error. Features are matched as by ziln_predict. NULL where the model is NULL.",
    syntax_example = "ziln_params_error(model, features)",
    sql_example = r"```sql
> WITH data AS (SELECT value % 4 + 1 AS x, CASE WHEN value % 4 > 1 THEN value % 5 ELSE 0 END AS y FROM range(0, 200)),
       trained AS (SELECT ziln_fit_newton(y, {x: x}, {covariance: true}) AS model FROM data)
  SELECT value AS x, ziln_params_error(model, {x: value})['expected_ltv'] > 0 AS is_open
  FROM range(1, 3), trained ORDER BY x;
+---+---------+
| x | is_open |
+---+---------+
| 1 | true    |
| 2 | true    |
+---+---------+
```",
    argument(
        name = "model",
        description = "The text of a model made by ziln_fit_newton with option covariance: a constant, or a column, as from a join."
    ),
    argument(
        name = "features",
        description = "A struct with the features the model was trained on, or a list of numbers or a number for a model trained on such; a list may be longer."
    ),
    related_udf(name = "ziln_predict"),
    related_udf(name = "ziln_fit_newton")
)]
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ParamsErrorFunction;

impl CustomerFunction for ParamsErrorFunction {
    type Call = params_error::ParamsErrorCall;

    fn return_type() -> DataType {
        record_type::<ParamsError>()
    }

    fn collect(values: Vec<Option<ParamsError>>) -> Result<ArrayRef> {
        Ok(Arc::new(record_array(values)?))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
