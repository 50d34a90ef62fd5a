//! Numeric arguments of any type as the core's [`Column`]s.

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, Float32Array, Float64Array, PrimitiveArray,
};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion_common::Result;
use datafusion_expr::ColumnarValue;

use super::error::wrong_type;
use crate::math::Column;

/// Whether a column of this type can be read as numbers. An untyped NULL is a number that is missing.
pub(super) fn is_number(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_number(values),
        other => other.is_numeric() || other.is_null(),
    }
}

/// Refuses an argument that is not a number.
pub(super) fn check_number(function: &str, argument: &str, data_type: &DataType) -> Result<()> {
    if is_number(data_type) {
        return Ok(());
    }
    Err(wrong_type(function, argument, "a number", data_type.to_string()))
}

/// One numeric argument: its values, and which of its rows are NULL.
///
/// Single and double precision are read where they lie; every other type is converted once.
#[derive(Debug, Clone)]
pub(super) struct Number {
    values: Values,
    nulls: Option<NullBuffer>,
}

#[derive(Debug, Clone)]
enum Values {
    /// One value for all rows; `None` is NULL.
    Scalar(Option<f64>),
    /// A `Float64Array` or a `Float32Array`.
    Array(ArrayRef),
}

impl Number {
    /// Reads an argument of `function`.
    pub(super) fn try_new(function: &str, argument: &str, value: &ColumnarValue) -> Result<Self> {
        match value {
            ColumnarValue::Array(array) => Self::from_array(function, argument, array),
            ColumnarValue::Scalar(scalar) => {
                let one = Self::from_array(function, argument, &scalar.to_array()?)?;
                Ok(one.into_scalar())
            }
        }
    }

    /// Reads a column.
    pub(super) fn from_array(function: &str, argument: &str, array: &ArrayRef) -> Result<Self> {
        check_number(function, argument, array.data_type())?;
        let values = match array.data_type() {
            DataType::Float64 | DataType::Float32 => array.clone(),
            _ => cast(array, &DataType::Float64)?,
        };
        Ok(Self { nulls: values.nulls().cloned(), values: Values::Array(values) })
    }

    /// The value of the only row, for every row.
    fn into_scalar(self) -> Self {
        let value = match (&self.values, self.column()) {
            (Values::Array(array), _) if array.is_empty() || array.is_null(0) => None,
            (_, Column::F64(values)) => values.first().copied(),
            (_, Column::F32(values)) => values.first().map(|&value| f64::from(value)),
            (_, Column::Scalar(value)) => Some(value),
            (_, Column::Strided { .. }) => None,
        };
        Self { values: Values::Scalar(value), nulls: None }
    }

    /// Whether every row is NULL by a NULL literal.
    pub(super) fn is_null_scalar(&self) -> bool {
        matches!(self.values, Values::Scalar(None))
    }

    /// Which rows are NULL.
    pub(super) fn nulls(&self) -> Option<&NullBuffer> {
        self.nulls.as_ref()
    }

    /// The values, with anything in the place of a NULL.
    pub(super) fn column(&self) -> Column<'_> {
        match &self.values {
            Values::Scalar(value) => Column::Scalar(value.unwrap_or(f64::NAN)),
            Values::Array(array) => column_of(array),
        }
    }
}

/// The values of a `Float32Array` or a `Float64Array`.
fn column_of(array: &ArrayRef) -> Column<'_> {
    if let Some(array) = array.as_primitive_opt::<Float64Type>() {
        Column::F64(array.values())
    } else if let Some(array) = array.as_primitive_opt::<Float32Type>() {
        Column::F32(array.values())
    } else {
        Column::Scalar(f64::NAN)
    }
}

/// A numeric column as doubles without NULLs: a NULL becomes NaN, which is what "missing" is in the core.
pub(super) fn doubles_with_nan(
    function: &str,
    argument: &str,
    array: &ArrayRef,
) -> Result<Float64Array> {
    numbers_with_nan(function, argument, array, f64::NAN)
}

/// A numeric column in single precision without NULLs; as [`doubles_with_nan`].
pub(super) fn singles_with_nan(
    function: &str,
    argument: &str,
    array: &ArrayRef,
) -> Result<Float32Array> {
    numbers_with_nan(function, argument, array, f32::NAN)
}

fn numbers_with_nan<T: ArrowPrimitiveType>(
    function: &str,
    argument: &str,
    array: &ArrayRef,
    nan: T::Native,
) -> Result<PrimitiveArray<T>> {
    if !is_number(array.data_type()) && array.data_type() != &DataType::Boolean {
        return Err(wrong_type(function, argument, "a number", array.data_type().to_string()));
    }
    let numbers = cast(array, &T::DATA_TYPE)?;
    let numbers = numbers.as_primitive::<T>();
    if numbers.null_count() == 0 {
        return Ok(PrimitiveArray::new(numbers.values().clone(), None));
    }
    Ok(PrimitiveArray::from_iter_values(numbers.iter().map(|value| value.unwrap_or(nan))))
}
