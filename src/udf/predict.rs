//! `ziln_predict(model, features)`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature};
use datafusion_macros::user_doc;

use super::error::{refuse_value, wrong_arity};
use super::features::{FeatureColumn, FeatureShape, NumberLists, feature_arrays};
use super::model::check_model;
use super::params::{params_result, params_type};
use super::recent_models::{scorer_of_text, with_models};
use super::signature::{example_features, listing};
use crate::call::culprit::of_model_in_row;
use crate::call::features::{numbered_name, short_list};
use crate::call::predict::{NAME, USAGE};
use crate::math::Column;
use crate::model::{FeatureInput, FeatureUse, Models, NO_SCORER, ParamsOut, ScorerSet};

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
        description = "The text of a model made by ziln_fit_sgd: a constant, or a column, as from a join."
    ),
    argument(
        name = "features",
        description = "A struct with the features the model was trained on, or a list of numbers or a number for a model trained on such; a list may be longer."
    ),
    related_udf(name = "ziln_fit_sgd"),
    related_udf(name = "ziln_is_model"),
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

/// The features as they came: names and columns.
struct Features {
    names: Vec<String>,
    arrays: Vec<ArrayRef>,
    /// The lists that the columns were made of.
    lists: Option<NumberLists>,
}

impl Features {
    /// Reads the features; of lists as many places as are needed.
    fn try_new(features: &ArrayRef, places_of_lists: impl FnOnce() -> usize) -> Result<Self> {
        match features.data_type() {
            DataType::Struct(fields) => Ok(Self {
                names: fields.iter().map(|field| field.name().clone()).collect(),
                arrays: feature_arrays(features)?,
                lists: None,
            }),
            DataType::List(_) | DataType::LargeList(_) => {
                let lists = NumberLists::try_new(NAME, features)?;
                let place = |place| Arc::new(lists.place(place)) as ArrayRef;
                let places = Self::numbered((0..places_of_lists()).map(place).collect());
                Ok(Self { lists: Some(lists), ..places })
            }
            _ => Ok(Self::numbered(feature_arrays(features)?)),
        }
    }

    fn numbered(arrays: Vec<ArrayRef>) -> Self {
        Self { names: (0..arrays.len()).map(numbered_name).collect(), arrays, lists: None }
    }

    /// Refuses a list that is shorter than its row's model needs. One that is NULL has no number known.
    fn check_lengths(&self, needed: impl Fn(usize) -> usize) -> Result<()> {
        let Some(lists) = &self.lists else { return Ok(()) };
        let is_short = |&row: &usize| lists.length(row).is_some_and(|length| length < needed(row));
        let Some(row) = (0..lists.len()).find(is_short) else { return Ok(()) };
        let length = lists.length(row).unwrap_or_default();
        Err(refuse_value(NAME, &short_list(needed(row), length, Some(row))))
    }

    /// The columns at these positions, read once each.
    ///
    /// An untyped NULL is a missing value of the kind that the model needs.
    fn read(&self, uses: Vec<FeatureUse>) -> Result<Vec<Option<FeatureColumn>>> {
        let mut columns: Vec<Option<FeatureColumn>> = self.arrays.iter().map(|_| None).collect();
        for FeatureUse { position, is_category } in uses {
            if columns[position].is_none() {
                let mut array = Arc::clone(&self.arrays[position]);
                if is_category && array.data_type().is_null() {
                    array = new_null_array(&DataType::Utf8, array.len());
                }
                columns[position] =
                    Some(FeatureColumn::try_new(NAME, &self.names[position], &array)?);
            }
        }
        Ok(columns)
    }
}

/// Columns as the core reads them; one that no model uses is a constant.
fn inputs<'a>(
    columns: &'a [Option<FeatureColumn>],
    levels: &'a [Vec<Option<&'a str>>],
) -> Result<Vec<FeatureInput<'a>>> {
    let unused = FeatureInput::Number(Column::Scalar(f64::NAN));
    let pairs = columns.iter().zip(levels);
    pairs.map(|(column, levels)| column.as_ref().map_or(Ok(unused), |c| c.input(levels))).collect()
}

fn levels_of(columns: &[Option<FeatureColumn>]) -> Result<Vec<Vec<Option<&str>>>> {
    columns.iter().map(|c| c.as_ref().map_or(Ok(Vec::new()), FeatureColumn::levels)).collect()
}

/// Predicts each row with its model.
fn predict(
    mut models: Models<'_>,
    features: &ArrayRef,
    (rows, is_scalar): (usize, bool),
    nulls: Option<NullBuffer>,
) -> Result<ColumnarValue> {
    let features = Features::try_new(features, || models.most_features())?;
    let bound = match models.bind(&features.names) {
        Ok(bound) => bound,
        Err(error) => {
            let bind = |set: &mut ScorerSet, place| set.bind(&features.names, &[place]).map(|_| ());
            return Err(refuse_value(NAME, &of_model_in_row(error, &mut models, bind)));
        }
    };
    features.check_lengths(|row| bound.feature_count(row))?;
    let columns = features.read(bound.uses())?;
    let levels = levels_of(&columns)?;
    let inputs = inputs(&columns, &levels)?;
    let mut refused = None;
    let result = params_result(rows, nulls, is_scalar, |out| {
        bound.predict(&inputs, out).map_err(|error| refuse_value(NAME, refused.insert(error)))
    });
    let Some(error) = refused else { return result };
    let predict = |set: &mut ScorerSet, place| {
        let none = ParamsOut { logit: &mut [], mu: &mut [], sigma: &mut [] };
        set.bind(&features.names, &[place])?.predict(&inputs, none)
    };
    Err(refuse_value(NAME, &of_model_in_row(error, &mut models, predict)))
}
