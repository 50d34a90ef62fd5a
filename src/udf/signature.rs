//! Signatures of functions that take several forms of an argument.

use arrow::datatypes::{DataType, Field};
use datafusion_expr::{Signature, TypeSignature, Volatility};

/// A signature that takes any types, since a function checks its own, and lists these calls in `SHOW FUNCTIONS`.
pub(super) fn listing(calls: Vec<Vec<DataType>>) -> Signature {
    let listed = calls.into_iter().map(TypeSignature::Exact);
    Signature::one_of(
        listed.chain(std::iter::once(TypeSignature::VariadicAny)).collect(),
        Volatility::Immutable,
    )
}

/// The same of a function whose first argument is a model; its `coerce_types` is [`with_model_as_view`].
pub(super) fn model_listing(calls: Vec<Vec<DataType>>) -> Signature {
    let listed = calls.into_iter().map(TypeSignature::Exact);
    Signature::one_of(
        std::iter::once(TypeSignature::UserDefined).chain(listed).collect(),
        Volatility::Immutable,
    )
}

/// The types that arguments are cast to: a string that is the model becomes a view.
///
/// DataFusion writes a constant out for every row before it calls a function of another library, and of a view it writes
/// the text once.
pub(super) fn with_model_as_view(types: &[DataType]) -> Vec<DataType> {
    let mut types = types.to_vec();
    if let Some(model @ (DataType::Utf8 | DataType::LargeUtf8)) = types.first_mut() {
        *model = DataType::Utf8View;
    }
    types
}

/// A features struct, as an example.
pub(super) fn example_features() -> DataType {
    DataType::Struct([Field::new("x", DataType::Float64, true)].into_iter().collect())
}

/// An options struct, as an example.
pub(super) fn example_options() -> DataType {
    DataType::Struct([Field::new("epochs", DataType::Int64, true)].into_iter().collect())
}

/// The options of a metric, as an example.
pub(super) fn example_sample_options() -> DataType {
    DataType::Struct([Field::new("max_rows", DataType::Int64, true)].into_iter().collect())
}
