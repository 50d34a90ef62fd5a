//! `ziln_newton_step(label, features, model [, weight])`.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::Documentation;
use datafusion_expr::utils::format_state_name;
use datafusion_macros::user_doc;

use super::aggregate::{AggregateFunction, Call};
use super::error::refuse_plan;
use super::passes::PassState;
use super::signature::example_features;
use super::types::refs;
use crate::call::newton_step;

#[user_doc(
    doc_section(label = "Statistical Functions"),
    description = "Goes one step on with the exact training that ziln_newton_start began, and returns the next model as text (JSON): one pass over any number of rows, with a state that does not depend on how many they are. ziln_model_info says when it has converged, after three to five passes (of more than 500 encoded columns ten to thirty); a further step returns the same text. Each group goes on from its own model, as a join brings it. NULL for a group without a model or a row that counts. The same rows give the same text, whatever their order or partitioning.",
    syntax_example = "ziln_newton_step(label, features, model [, weight])",
    sql_example = r"```sql
> WITH RECURSIVE customers AS (
    SELECT value % 113 AS x, CASE WHEN value % 7 > 2 THEN exp(value % 101 / 20.0 - value % 113 / 60.0) ELSE 0 END AS y
    FROM range(0, 20000)
  ), passes AS (
    SELECT 0 AS pass, ziln_newton_start(y, {x: x}, {max_rows: 5000}) AS model FROM customers
    UNION ALL
    SELECT pass + 1, ziln_newton_step(y, {x: x}, model)
    FROM passes CROSS JOIN customers
    WHERE pass < 10 AND ziln_model_info(model)['stop_reason'] = 'unfinished' GROUP BY pass
  )
  SELECT ziln_model_info(model)['rows'] AS rows, ziln_model_info(model)['stop_reason'] AS stop_reason
  FROM (SELECT first_value(model ORDER BY pass DESC) AS model FROM passes);
+-------+-------------+
| rows  | stop_reason |
+-------+-------------+
| 20000 | converged   |
+-------+-------------+
```",
    argument(name = "label", description = "What the customer spent: any numeric type."),
    argument(
        name = "features",
        description = "A struct with the features the model was begun with, or a list of numbers or a number for a model of such."
    ),
    argument(
        name = "model",
        description = "The text of a model of ziln_newton_start or ziln_newton_step: the same in all rows of a group."
    ),
    argument(
        name = "weight",
        description = "How often the row counts: a number, not negative. Optional; NULL without a type is none."
    ),
    related_udf(name = "ziln_newton_start"),
    related_udf(name = "ziln_model_info")
)]
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct NewtonStep;

impl AggregateFunction for NewtonStep {
    const NAME: &'static str = newton_step::NAME;
    type State = PassState;

    fn calls() -> Vec<Vec<DataType>> {
        let first = vec![DataType::Float64, example_features(), DataType::Utf8View];
        vec![first.clone(), [first, vec![DataType::Float64]].concat()]
    }

    fn return_type(types: &[DataType]) -> Result<DataType> {
        weight_of(types)?;
        Ok(DataType::Utf8View)
    }

    fn default_value() -> Result<ScalarValue> {
        Ok(ScalarValue::Utf8View(None))
    }

    fn state_fields(name: &str, _types: &[DataType]) -> Result<Vec<FieldRef>> {
        let field = |field, data_type| {
            Arc::new(Field::new(format_state_name(name, field), data_type, true)) as FieldRef
        };
        Ok(vec![field("model", DataType::Utf8View), field("sums", DataType::LargeBinary)])
    }

    fn state(&self, call: &Call<'_>) -> Result<PassState> {
        Ok(PassState::new(weight_of(&call.types)?))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

/// The position of the weight in a call of these types.
fn weight_of(types: &[DataType]) -> Result<Option<usize>> {
    newton_step::weight_of_types(&refs(types))
        .map_err(|error| refuse_plan(newton_step::NAME, &error))
}
