//! `ziln_predict(model, features)`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature};
use datafusion_macros::user_doc;

use super::error::{refuse_value, wrong_arity, wrong_value};
use super::features::{
    FeatureColumn, FeatureShape, NumberLists, check_names, feature_arrays, numbered_name,
};
use super::model::{DistinctTexts, NO_TEXT, check_model};
use super::params::{params_result, params_type};
use super::recent_models::{ReadyModel, ready_models};
use super::signature::{example_features, listing};
use crate::model::{FeatureInput, ParamsOut, Scorer, predict_mixed};

const NAME: &str = "ziln_predict";
const USAGE: &str = "ziln_predict(model, features)";

#[user_doc(
    doc_section(label = "Math Functions"),
    description = "Returns the params struct (logit, mu, sigma) that a model predicts for a customer. Features are matched by name, whatever their order; extra ones are ignored, and two of one name are an error. A missing number counts as the training mean, an unknown level adds nothing. NULL where the model is NULL.",
    syntax_example = "ziln_predict(model, features)",
    sql_example = r"```sql
> WITH data AS (SELECT * FROM (VALUES (0, 1), (0, 2), (3, 3), (5, 4)) AS t(y, x)),
       trained AS (SELECT ziln_fit_sgd(y, {x: x}) AS model FROM data)
  SELECT x, round(ziln_expected_ltv(ziln_predict(model, {x: x})), 2) AS ltv FROM data, trained ORDER BY x;
+---+------+
| x | ltv  |
+---+------+
| 1 | 0.76 |
| 2 | 1.34 |
| 3 | 2.13 |
| 4 | 3.07 |
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
        check_features(features)?;
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
            ColumnarValue::Scalar(text) => match text.try_as_str().flatten() {
                Some(text) => predict_with_one(text, &features, rows, is_scalar),
                None => Ok(ColumnarValue::Scalar(ScalarValue::try_from(params_type())?)),
            },
            ColumnarValue::Array(models) => predict_with_many(models, &features, rows),
        }
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

/// Refuses what can hold no features. Features of a struct that a model does not use may have any type.
fn check_features(data_type: &DataType) -> Result<()> {
    match data_type {
        DataType::Struct(fields) => check_names(NAME, fields),
        other => FeatureShape::of_type(NAME, other).map(|_| ()),
    }
}

/// A feature that a model uses: where it came, and whether the model takes it as a category.
struct Use {
    position: usize,
    is_category: bool,
}

fn uses<'a>(scorer: &'a Scorer, positions: &'a [usize]) -> impl Iterator<Item = Use> + 'a {
    let place =
        move |(feature, &position)| Use { position, is_category: scorer.is_category(feature) };
    positions.iter().enumerate().map(place)
}

/// The features as they came: names and columns.
struct Features {
    names: Vec<String>,
    arrays: Vec<ArrayRef>,
    /// The lists that the columns were made of.
    lists: Option<NumberLists>,
}

impl Features {
    /// Reads the features; of lists as many places as the models have features.
    fn try_new(features: &ArrayRef, most_needed: impl FnOnce() -> Result<usize>) -> Result<Self> {
        match features.data_type() {
            DataType::Struct(fields) => Ok(Self {
                names: fields.iter().map(|field| field.name().clone()).collect(),
                arrays: feature_arrays(features)?,
                lists: None,
            }),
            DataType::List(_) | DataType::LargeList(_) => {
                let lists = NumberLists::try_new(NAME, features)?;
                let place = |place| Arc::new(lists.place(place)) as ArrayRef;
                let places = Self::numbered((0..most_needed()?).map(place).collect());
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
        Err(wrong_value(
            NAME,
            "features",
            format!("a list of {} numbers, as the model was trained on", needed(row)),
            format!("a list of length {}", lists.length(row).unwrap_or_default()),
        ))
    }

    /// For each feature of the model the position among these.
    fn positions(&self, scorer: &Scorer) -> Result<Vec<usize>> {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        scorer.match_features(&names).map_err(|error| refuse_value(NAME, &error))
    }

    /// The columns at these positions, read once each.
    ///
    /// An untyped NULL is a missing value of the kind that the model needs.
    fn read(&self, uses: impl Iterator<Item = Use>) -> Result<Vec<Option<FeatureColumn>>> {
        let mut columns: Vec<Option<FeatureColumn>> = self.arrays.iter().map(|_| None).collect();
        for Use { position, is_category } in uses {
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
    let unused = FeatureInput::Number(crate::math::Column::Scalar(f64::NAN));
    let pairs = columns.iter().zip(levels);
    pairs.map(|(column, levels)| column.as_ref().map_or(Ok(unused), |c| c.input(levels))).collect()
}

fn levels_of(columns: &[Option<FeatureColumn>]) -> Vec<Vec<Option<&str>>> {
    columns.iter().map(|c| c.as_ref().map(FeatureColumn::levels).unwrap_or_default()).collect()
}

fn scorer_of(text: &str) -> Result<Arc<Scorer>> {
    Scorer::of_text(text).map_err(|error| refuse_value(NAME, &error))
}

fn predict_with_one(
    text: &str,
    features: &ArrayRef,
    rows: usize,
    is_scalar: bool,
) -> Result<ColumnarValue> {
    let scorer = scorer_of(text)?;
    let features = Features::try_new(features, || Ok(scorer.feature_count()))?;
    features.check_lengths(|_| scorer.feature_count())?;
    let positions = features.positions(&scorer)?;
    let columns = features.read(uses(&scorer, &positions))?;
    let levels = levels_of(&columns);
    let inputs = inputs(&columns, &levels)?;
    let used: Vec<FeatureInput<'_>> = positions.iter().map(|&position| inputs[position]).collect();
    params_result(rows, None, is_scalar, |out: ParamsOut<'_>| {
        scorer.predict(&used, out).map_err(|error| refuse_value(NAME, &error))
    })
}

fn predict_with_many(models: &ArrayRef, features: &ArrayRef, rows: usize) -> Result<ColumnarValue> {
    let texts = DistinctTexts::try_new(NAME, models)?;
    let features = Features::try_new(features, || {
        let mut counts = texts.iter().map(|text| Ok(scorer_of(text)?.feature_count()));
        counts.try_fold(0, |most, count: Result<usize>| Ok(most.max(count?)))
    })?;
    let ready = ready_models(&texts, &features.names, |text| {
        let scorer = scorer_of(text)?;
        let positions = features.positions(&scorer)?.into();
        Ok(ReadyModel { scorer, positions })
    })?;
    features.check_lengths(|row| {
        let model = ready.get(texts.index_of_row[row] as usize);
        model.map_or(0, |model| model.scorer.feature_count())
    })?;
    let used = ready.iter().flat_map(|model| uses(&model.scorer, &model.positions));
    let columns = features.read(used)?;
    let levels = levels_of(&columns);
    let inputs = inputs(&columns, &levels)?;
    let nulls = models
        .is_nullable()
        .then(|| texts.index_of_row.iter().map(|&index| index != NO_TEXT).collect::<NullBuffer>());
    let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
    params_result(rows, nulls, false, |out: ParamsOut<'_>| {
        let predicted = match ready.as_slice() {
            [ReadyModel { scorer, positions }] => {
                let used: Vec<_> = positions.iter().map(|&position| inputs[position]).collect();
                scorer.predict(&used, out)
            }
            many => {
                let scorers: Vec<&Scorer> = many.iter().map(|model| &*model.scorer).collect();
                let positions: Vec<&[usize]> = many.iter().map(|model| &*model.positions).collect();
                predict_mixed(&scorers, &texts.index_of_row, &positions, &inputs, out)
            }
        };
        predicted.map_err(|error| refuse_value(NAME, &error))
    })
}
