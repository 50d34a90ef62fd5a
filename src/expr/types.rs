//! Polars' types as the rules of calls see them.

use polars::prelude::{DataType, Series};

use crate::call::{ArgumentType, TypeForm};

impl ArgumentType for DataType {
    fn form(&self) -> TypeForm<'_, Self> {
        match self {
            Self::Null => TypeForm::Null,
            Self::Boolean => TypeForm::Boolean,
            Self::String | Self::Categorical(..) | Self::Enum(..) => TypeForm::Text,
            Self::Struct(fields) => TypeForm::Struct(
                fields.iter().map(|field| (field.name().as_str(), field.dtype())).collect(),
            ),
            Self::List(item) => TypeForm::List(item),
            Self::Array(item, width) => TypeForm::Array(item, *width),
            Self::Date | Self::Datetime(..) => TypeForm::Date,
            other if other.is_primitive_numeric() || other.is_decimal() => TypeForm::Number,
            _ => TypeForm::Other,
        }
    }
}

/// The types of a call as its rules take them.
pub(super) fn types_of(inputs: &[Series]) -> Vec<&DataType> {
    inputs.iter().map(|input| input.dtype()).collect()
}
