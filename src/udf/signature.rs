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
