//! What the functions that look into a model share: one argument, a text, read once a distinct text.

use std::fmt::Debug;
use std::hash::Hash;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature};

use super::error::{refuse_plan, refuse_value};
use super::model::DistinctTexts;
use super::signature::listing;
use super::types::refs;
use crate::call::model::ModelCall;

/// A function of a model: what is DataFusion's of it.
pub(super) trait ModelFunction:
    Debug + Default + PartialEq + Eq + Hash + Send + Sync + 'static
{
    /// What is read from a model.
    type Value: Clone;

    /// Its name, its argument and the core's function.
    const CALL: ModelCall<Self::Value>;

    /// The type of the result.
    fn return_type() -> DataType;

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
        F::CALL.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let checked = F::CALL.check(&refs(arg_types));
        checked.map_err(|error| refuse_plan(F::CALL.name, &error))?;
        Ok(F::return_type())
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let argument = F::CALL.argument_of(&args.args);
        let texts = argument.map_err(|error| refuse_plan(F::CALL.name, &error))?;
        let is_scalar = matches!(texts, ColumnarValue::Scalar(_));
        let rows = if is_scalar { 1 } else { args.number_rows };
        let texts = DistinctTexts::try_new(&texts.to_array(rows)?)?;
        let values = texts.map_models(F::CALL.argument, is_scalar, F::CALL.read);
        let values = values.map_err(|error| refuse_value(F::CALL.name, &error))?;
        let values = F::collect(values.into_iter())?;
        if is_scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?));
        }
        Ok(ColumnarValue::Array(values))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.function.documentation()
    }
}
