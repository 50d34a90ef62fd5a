//! Numeric arguments of any type as the core's [`Column`]s.

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, Float32Array, Float64Array, PrimitiveArray,
};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion_common::Result;
use datafusion_expr::ColumnarValue;

use super::error::refuse_plan;
use crate::call::{ArgumentType, wrong_argument};
use crate::math::Column;

/// Whether a column of this type can be read as numbers. An untyped NULL is a number that is missing.
fn is_number(data_type: &DataType) -> bool {
    data_type.form().is_number()
}

/// One numeric argument: its values, and which of its rows are NULL.
///
/// Single and double precision are read where they lie; every other type is converted once.
#[derive(Debug, Clone)]
pub(super) struct Number {
    values: NumberValues,
    nulls: Option<NullBuffer>,
}

#[derive(Debug, Clone)]
enum NumberValues {
    /// One value for all rows; `None` is NULL.
    Scalar(Option<f64>),
    /// A `Float64Array` or a `Float32Array`.
    Array(ArrayRef),
}

impl Number {
    /// Reads an argument.
    pub(super) fn of_value(value: &ColumnarValue) -> Result<Self> {
        match value {
            ColumnarValue::Array(array) => Self::of_array(array),
            ColumnarValue::Scalar(scalar) => Ok(Self::of_array(&scalar.to_array()?)?.into_scalar()),
        }
    }

    /// Reads a column.
    pub(super) fn of_array(array: &ArrayRef) -> Result<Self> {
        let values = match array.data_type() {
            DataType::Float64 | DataType::Float32 => array.clone(),
            _ => cast(array, &DataType::Float64)?,
        };
        Ok(Self { nulls: values.nulls().cloned(), values: NumberValues::Array(values) })
    }

    /// The value of the only row, for every row.
    fn into_scalar(self) -> Self {
        let value = match (&self.values, self.column()) {
            (NumberValues::Array(array), _) if array.is_empty() || array.is_null(0) => None,
            (_, Column::F64(values)) => values.first().copied(),
            (_, Column::F32(values)) => values.first().map(|&value| f64::from(value)),
            (_, Column::Scalar(value)) => Some(value),
            (_, Column::Strided { .. }) => None,
        };
        Self { values: NumberValues::Scalar(value), nulls: None }
    }

    /// Whether every row is NULL by a NULL literal.
    pub(super) fn is_null_scalar(&self) -> bool {
        matches!(self.values, NumberValues::Scalar(None))
    }

    /// Which rows are NULL.
    pub(super) fn nulls(&self) -> Option<&NullBuffer> {
        self.nulls.as_ref()
    }

    /// The values, with anything in the place of a NULL.
    pub(super) fn column(&self) -> Column<'_> {
        match &self.values {
            NumberValues::Scalar(value) => Column::Scalar(value.unwrap_or(f64::NAN)),
            NumberValues::Array(array) => column_of(array),
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
        let error = wrong_argument(argument, "a number", array.data_type().to_string());
        return Err(refuse_plan(function, &error));
    }
    let numbers = cast(array, &T::DATA_TYPE)?;
    let numbers = numbers.as_primitive::<T>();
    if numbers.null_count() == 0 {
        return Ok(PrimitiveArray::new(numbers.values().clone(), None));
    }
    Ok(PrimitiveArray::from_iter_values(numbers.iter().map(|value| value.unwrap_or(nan))))
}
