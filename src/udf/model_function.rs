//! What the functions that look into a model share: one argument, a text, read once a distinct text.

use std::fmt::Debug;
use std::hash::Hash;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature};

use super::error::{no_model, wrong_arity};
use super::model::{DistinctTexts, check_text};
use super::signature::listing;
use crate::error::MODEL_TEXT;

/// A function of a model: what differs from one to the next.
pub(super) trait ModelFunction:
    Debug + Default + PartialEq + Eq + Hash + Send + Sync + 'static
{
    /// The function's name in SQL.
    const NAME: &'static str;

    /// The name of its argument.
    const ARGUMENT: &'static str = "model";

    /// What the argument may be.
    const EXPECTED: &'static str = MODEL_TEXT;

    /// What is read from a model.
    type Value: Clone;

    /// The type of the result.
    fn return_type() -> DataType;

    /// Reads a model's text.
    ///
    /// # Errors
    /// Where it is none, unless that is what the function tells.
    fn read(text: &str) -> crate::Result<Self::Value>;

    /// The results of all rows; `None` where the model is NULL.
    fn collect(values: impl Iterator<Item = Option<Self::Value>>) -> Result<ArrayRef>;

    /// What `SHOW FUNCTIONS` says.
    fn documentation(&self) -> Option<&Documentation>;
}

/// A [`ModelFunction`] as a scalar function of DataFusion.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ModelUdf<F> {
    function: F,
    signature: Signature,
}

impl<F: ModelFunction> Default for ModelUdf<F> {
    fn default() -> Self {
        Self { function: F::default(), signature: listing(vec![vec![DataType::Utf8View]]) }
    }
}

impl<F: ModelFunction> ScalarUDFImpl for ModelUdf<F> {
    fn name(&self) -> &str {
        F::NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let [model] = arg_types else {
            return Err(wrong_arity(F::NAME, &usage::<F>(), arg_types.len()));
        };
        check_text(F::NAME, F::ARGUMENT, F::EXPECTED, model)?;
        Ok(F::return_type())
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [model] = args.args.as_slice() else {
            return Err(wrong_arity(F::NAME, &usage::<F>(), args.args.len()));
        };
        let is_scalar = matches!(model, ColumnarValue::Scalar(_));
        let rows = if is_scalar { 1 } else { args.number_rows };
        let texts = DistinctTexts::try_new(F::NAME, &model.to_array(rows)?)?;
        let values = texts.map_rows(|row, text| {
            let row = (!is_scalar).then_some(row);
            F::read(text).map_err(|error| no_model(F::NAME, F::ARGUMENT, text, row, &error))
        })?;
        let values = F::collect(values)?;
        if is_scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?));
        }
        Ok(ColumnarValue::Array(values))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.function.documentation()
    }
}

fn usage<F: ModelFunction>() -> String {
    format!("{}({})", F::NAME, F::ARGUMENT)
}
