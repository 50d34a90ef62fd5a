//! Columns of strings, however they are encoded.

use arrow::array::{Array, ArrayRef, AsArray, LargeStringArray, StringArray, StringViewArray};
use arrow::datatypes::DataType;
use datafusion_common::{Result, exec_err};

/// A column of strings as it lies there. Converted to one encoding, views of one long string would become many of it, and
/// more bytes than an encoding with 32-bit offsets can hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Strings<'a> {
    Short(&'a StringArray),
    Long(&'a LargeStringArray),
    Views(&'a StringViewArray),
}

impl<'a> Strings<'a> {
    /// The strings of a column.
    pub fn try_new(array: &'a ArrayRef) -> Result<Self> {
        match array.data_type() {
            DataType::Utf8 => Ok(Self::Short(array.as_string())),
            DataType::LargeUtf8 => Ok(Self::Long(array.as_string())),
            DataType::Utf8View => Ok(Self::Views(array.as_string_view())),
            other => exec_err!("a category is not a string but {other}"),
        }
    }

    /// How many there are.
    pub fn len(self) -> usize {
        match self {
            Self::Short(array) => array.len(),
            Self::Long(array) => array.len(),
            Self::Views(array) => array.len(),
        }
    }

    /// The string at a place; `None` for a NULL.
    pub fn get(self, place: usize) -> Option<&'a str> {
        match self {
            Self::Short(array) => array.is_valid(place).then(|| array.value(place)),
            Self::Long(array) => array.is_valid(place).then(|| array.value(place)),
            Self::Views(array) => array.is_valid(place).then(|| array.value(place)),
        }
    }
}
