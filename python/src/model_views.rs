//! Models that cross the border as views of their text.
//!
//! A constant crosses as a column that repeats it for every row. As a text a model of 2 KB is 16 MB a batch, as a view it
//! is written once.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::Result;
use datafusion_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature,
};

/// The function, asking for a model as a view where it takes one first; a function that takes none is as it was.
pub(crate) fn with_model_views(function: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    if !takes_model(&function) {
        return function;
    }
    let signature = Signature::user_defined(function.signature().volatility);
    Arc::new(ScalarUDF::from(ModelViews { function, signature }))
}

/// Whether the first argument is a model, as the documentation says.
fn takes_model(function: &ScalarUDF) -> bool {
    let arguments = function.documentation().and_then(|text| text.arguments.as_ref());
    arguments.and_then(|arguments| arguments.first()).is_some_and(|(name, _)| name == "model")
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ModelViews {
    function: Arc<ScalarUDF>,
    signature: Signature,
}

impl ScalarUDFImpl for ModelViews {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Types of other arguments, and their number, are for the function to judge.
    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        let mut types = arg_types.to_vec();
        if let Some(model) = types.first_mut()
            && matches!(model, DataType::Utf8 | DataType::LargeUtf8)
        {
            *model = DataType::Utf8View;
        }
        Ok(types)
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.function.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.function.return_field_from_args(args)
    }

    fn is_strict(&self) -> bool {
        self.function.is_strict()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.function.invoke_with_args(args)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.function.documentation()
    }
}
