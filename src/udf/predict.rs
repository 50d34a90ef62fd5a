//! `ziln_predict(model, features)`.

use arrow::array::ArrayRef;
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature};
use datafusion_macros::user_doc;

use super::customer::with_columns;
use super::error::{refuse_value, wrong_arity};
use super::features::FeatureShape;
use super::model::check_model;
use super::params::{params_result, params_type};
use super::recent_models::{scorer_of_text, with_models};
use super::signature::{example_features, listing};
use crate::call::predict::{NAME, USAGE};
use crate::model::{Models, NO_SCORER};

#[user_doc(
    doc_section(label = "Math Functions"),
    description = "Returns the params struct (logit, mu, sigma) that a model predicts for a customer. Features are matched by name, whatever their order; extra ones are ignored, and two of one name are an error. A missing number counts as the training mean, an unknown level adds nothing. NULL where the model is NULL.",
    syntax_example = "ziln_predict(model, features)",
    sql_example = r"```sql
> WITH data AS (SELECT value % 4 + 1 AS x, CASE WHEN value % 4 > 1 THEN value % 5 ELSE 0 END AS y FROM range(0, 200)),
       trained AS (SELECT ziln_fit_sgd(y, {x: x}) AS model FROM data)
  SELECT value AS x, round(ziln_expected_ltv(ziln_predict(model, {x: value})), 2) AS ltv
  FROM range(1, 5), trained ORDER BY x;
+---+------+
| x | ltv  |
+---+------+
| 1 | 0.06 |
| 2 | 0.36 |
| 3 | 1.38 |
| 4 | 2.29 |
+---+------+
```",
    argument(
        name = "model",
        description = "The text of a model made by one of the ziln_fit functions: a constant, or a column, as from a join."
    ),
    argument(
        name = "features",
        description = "A struct with the features the model was trained on, or a list of numbers or a number for a model trained on such; a list may be longer."
    ),
    related_udf(name = "ziln_fit_sgd"),
    related_udf(name = "ziln_is_model"),
    related_udf(name = "ziln_explain"),
    related_udf(name = "ziln_expected_ltv")
)]
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Predict {
    signature: Signature,
}

impl Default for Predict {
    fn default() -> Self {
        Self { signature: listing(vec![vec![DataType::Utf8View, example_features()]]) }
    }
}

impl ScalarUDFImpl for Predict {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let [model, features] = arg_types else {
            return Err(wrong_arity(NAME, USAGE, arg_types.len()));
        };
        check_model(NAME, model)?;
        FeatureShape::of_type(NAME, features)?;
        Ok(params_type())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [model, features] = args.args.as_slice() else {
            return Err(wrong_arity(NAME, USAGE, args.args.len()));
        };
        let is_scalar = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let rows = if is_scalar { 1 } else { args.number_rows };
        let features = features.to_array(rows)?;
        match model {
            ColumnarValue::Array(models) => with_models(NAME, models, |set, scorer_of_row| {
                let nulls = scorer_of_row.contains(&NO_SCORER).then(|| {
                    let has_model = |row| scorer_of_row[row] != NO_SCORER;
                    NullBuffer::new(BooleanBuffer::collect_bool(rows, has_model))
                });
                predict(Models::Each(set, scorer_of_row), &features, (rows, false), nulls)
            }),
            ColumnarValue::Scalar(text) => {
                let Some(text) = text.try_as_str().flatten() else {
                    return Ok(ColumnarValue::Scalar(ScalarValue::try_from(params_type())?));
                };
                let model = Models::One(scorer_of_text(NAME, text, None)?);
                predict(model, &features, (rows, is_scalar), None)
            }
        }
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

/// Predicts each row with its model.
fn predict(
    models: Models<'_>,
    features: &ArrayRef,
    (rows, is_scalar): (usize, bool),
    nulls: Option<NullBuffer>,
) -> Result<ColumnarValue> {
    with_columns(NAME, models, features, |bound, _, columns| {
        params_result(rows, nulls, is_scalar, |out| {
            bound.predict(columns, out).map_err(|error| refuse_value(NAME, &error))
        })
    })
}
