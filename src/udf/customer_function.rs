//! What the functions of a model and of a customer's features share, beside prediction.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature};

use super::customer::with_columns;
use super::error::{refuse_plan, refuse_value};
use super::features::FeatureShape;
use super::model::{DistinctTexts, check_model};
use super::recent_models::scorer_of_text;
use super::signature::{example_features, listing};
use crate::call::NO_CODE;
use crate::call::culprit::no_model;
use crate::call::customer::{CustomerCall, arguments_of, values_of_rows};
use crate::model::{Models, ScorerSet};

/// A function of a model and of a customer's features: what is DataFusion's of it.
pub(super) trait CustomerFunction:
    Debug + Default + PartialEq + Eq + Hash + Send + Sync + 'static
{
    /// Its name and the core's function.
    type Call: CustomerCall;

    /// The type of the result.
    fn return_type() -> DataType;

    /// The results of all rows; `None` where the model is NULL.
    fn collect(values: Vec<Option<<Self::Call as CustomerCall>::Value>>) -> Result<ArrayRef>;

    /// What `SHOW FUNCTIONS` says.
    fn documentation(&self) -> Option<&Documentation>;
}

/// A [`CustomerFunction`] as a scalar function of DataFusion.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct CustomerUdf<F> {
    function: F,
    signature: Signature,
}

impl<F: CustomerFunction> Default for CustomerUdf<F> {
    fn default() -> Self {
        let signature = listing(vec![vec![DataType::Utf8View, example_features()]]);
        Self { function: F::default(), signature }
    }
}

impl<F: CustomerFunction> ScalarUDFImpl for CustomerUdf<F> {
    fn name(&self) -> &str {
        F::Call::NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let [model, features] = arguments::<F, _>(arg_types)?;
        check_model(F::Call::NAME, model)?;
        FeatureShape::of_type(F::Call::NAME, features)?;
        Ok(F::return_type())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [model, features] = arguments::<F, _>(&args.args)?;
        let is_scalar = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let rows = if is_scalar { 1 } else { args.number_rows };
        let is_constant = matches!(model, ColumnarValue::Scalar(_));
        let texts = model.to_array(if is_constant { 1 } else { rows })?;
        let values = values::<F>(&texts, &features.to_array(rows)?, is_constant)?;
        if is_scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?));
        }
        Ok(ColumnarValue::Array(values))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.function.documentation()
    }
}

fn arguments<F: CustomerFunction, A>(arguments: &[A]) -> Result<[&A; 2]> {
    arguments_of::<F::Call, A>(arguments).map_err(|error| refuse_plan(F::Call::NAME, &error))
}

/// The values of all rows, whose models are the rows of `texts`, or the only one if that is a constant.
fn values<F: CustomerFunction>(
    texts: &ArrayRef,
    features: &ArrayRef,
    is_constant: bool,
) -> Result<ArrayRef> {
    let function = F::Call::NAME;
    check_model(function, texts.data_type())?;
    let texts = DistinctTexts::try_new(texts)?;
    let mut set = ScorerSet::default();
    let mut readers = Vec::new();
    for (row, text) in texts.iter() {
        let row = (!is_constant).then_some(row);
        set.add(scorer_of_text(function, text, row)?);
        let reader = F::Call::read(text);
        readers.push(
            reader
                .map_err(|error| refuse_value(function, &no_model("model", text, row, &error)))?,
        );
    }
    // A set gives texts their indices in the order of their codes.
    let codes = texts.code_of_row();
    let models = match (is_constant, set.get(0)) {
        (true, Some(scorer)) => Models::One(Arc::clone(scorer)),
        (true, None) => return F::collect((0..features.len()).map(|_| None).collect()),
        (false, _) => Models::Each(&mut set, codes),
    };
    let code_of = |row: usize| match codes {
        [one] if is_constant => *one,
        codes => codes.get(row).copied().unwrap_or(NO_CODE),
    };
    let values = with_columns(function, models, features, |_, names, columns| {
        let rows = (0..features.len()).map(code_of);
        values_of_rows::<F::Call>(&readers, rows, names, columns)
            .map_err(|error| refuse_value(function, &error))
    })?;
    F::collect(values)
}
