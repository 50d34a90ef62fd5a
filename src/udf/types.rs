//! Arrow's types as the rules of calls see them.

use arrow::datatypes::DataType;
use datafusion_expr::ColumnarValue;

use crate::call::{ArgumentType, TypeForm};

impl ArgumentType for DataType {
    fn form(&self) -> TypeForm<'_, Self> {
        match self {
            Self::Null => TypeForm::Null,
            Self::Boolean => TypeForm::Boolean,
            Self::Utf8 | Self::LargeUtf8 | Self::Utf8View => TypeForm::Text,
            Self::Dictionary(_, values) => match values.form() {
                form @ (TypeForm::Null | TypeForm::Number | TypeForm::Boolean | TypeForm::Text) => {
                    form
                }
                _ => TypeForm::Other,
            },
            Self::Struct(fields) => TypeForm::Struct(
                fields.iter().map(|field| (field.name().as_str(), field.data_type())).collect(),
            ),
            Self::List(item) | Self::LargeList(item) => TypeForm::List(item.data_type()),
            Self::FixedSizeList(item, width) => {
                TypeForm::Array(item.data_type(), usize::try_from(*width).unwrap_or_default())
            }
            Self::Date32 | Self::Date64 | Self::Timestamp(..) => TypeForm::Date,
            other if other.is_numeric() => TypeForm::Number,
            _ => TypeForm::Other,
        }
    }
}

/// The types of a call as its rules take them.
pub(super) fn types_of(values: &[ColumnarValue]) -> Vec<DataType> {
    values.iter().map(ColumnarValue::data_type).collect()
}

/// Types by reference.
pub(super) fn refs(types: &[DataType]) -> Vec<&DataType> {
    types.iter().collect()
}
