//! Numeric arguments of any type as the core's [`Column`]s.

use polars::prelude::{ArrowDataType, DataType, PolarsResult, Series, TimeUnit};
use polars_arrow::array::{Array, PrimitiveArray};
use polars_arrow::bitmap::Bitmap;

use crate::call::date::{MICROSECONDS, MILLISECONDS, NANOSECONDS, days};
use crate::call::params::WIDTH;
use crate::math::Column;

/// One numeric argument: its values, and which of its rows are NULL.
///
/// Single and double precision are read where they lie; every other type is converted once.
#[derive(Debug, Clone)]
pub(super) struct Number {
    values: NumberValues,
    validity: Option<Bitmap>,
}

#[derive(Debug, Clone)]
enum NumberValues {
    /// One value for all rows; `None` is NULL.
    Scalar(Option<f64>),
    Double(PrimitiveArray<f64>),
    Single(PrimitiveArray<f32>),
    /// One index of lists that lie one behind the other.
    Strided {
        lists: PrimitiveArray<f64>,
        index: usize,
    },
}

impl Number {
    /// Reads a numeric argument. A series of one row stands for every row.
    ///
    /// # Errors
    /// Where Polars cannot convert the type.
    pub(super) fn of_series(series: &Series) -> PolarsResult<Self> {
        match series.dtype() {
            DataType::Null => Ok(Self::scalar(None)),
            DataType::Float32 => Ok(Self::from_single(single_array(series)?)),
            _ => Ok(Self::from_double(double_array(series)?)),
        }
    }

    /// The same value in every row; `None` is NULL.
    pub(super) fn scalar(value: Option<f64>) -> Self {
        Self { values: NumberValues::Scalar(value), validity: None }
    }

    /// The numbers at one index of lists that are one behind the other, as long as params are; `validity` is that of
    /// the lists.
    pub(super) fn of_lists(
        lists: PrimitiveArray<f64>,
        index: usize,
        validity: Option<Bitmap>,
    ) -> Self {
        if lists.len() != WIDTH {
            return Self { values: NumberValues::Strided { lists, index }, validity };
        }
        let valid = validity.is_none_or(|validity| validity.unset_bits() == 0);
        Self::scalar(lists.values().get(index).copied().filter(|_| valid))
    }

    /// A column of numbers, booleans or dates as a feature: NaN, which is "missing" in the core, in the place of a NULL.
    ///
    /// # Errors
    /// Where Polars cannot convert the type.
    pub(super) fn with_nan(series: &Series) -> PolarsResult<Self> {
        if let Some(days) = dates_as_days(series)? {
            return Ok(Self::from_double(days));
        }
        if series.dtype() == &DataType::Float32 && series.null_count() == 0 {
            return Ok(Self::from_single(single_array(series)?));
        }
        Ok(Self::from_double(doubles_with_nan(series)?))
    }

    fn from_double(array: PrimitiveArray<f64>) -> Self {
        match array.values().as_slice() {
            [value] => Self::scalar(Some(*value).filter(|_| array.null_count() == 0)),
            _ => Self { validity: nulls_of(&array), values: NumberValues::Double(array) },
        }
    }

    fn from_single(array: PrimitiveArray<f32>) -> Self {
        match array.values().as_slice() {
            [value] => Self::scalar(Some(f64::from(*value)).filter(|_| array.null_count() == 0)),
            _ => Self { validity: nulls_of(&array), values: NumberValues::Single(array) },
        }
    }

    /// Whether every row is NULL by a NULL that stands for all rows.
    pub(super) fn is_null_scalar(&self) -> bool {
        matches!(self.values, NumberValues::Scalar(None))
    }

    /// Which rows are not NULL.
    pub(super) fn validity(&self) -> Option<&Bitmap> {
        self.validity.as_ref()
    }

    /// The values, with anything in the place of a NULL.
    pub(super) fn column(&self) -> Column<'_> {
        match &self.values {
            NumberValues::Scalar(value) => Column::Scalar(value.unwrap_or(f64::NAN)),
            NumberValues::Double(array) => Column::F64(array.values()),
            NumberValues::Single(array) => Column::F32(array.values()),
            NumberValues::Strided { lists, index } => {
                Column::Strided { values: lists.values(), offset: *index, stride: WIDTH }
            }
        }
    }
}

/// Dates, or times of dates, as days, with NaN in the place of a NULL; `None` of any other column. A time with a time zone
/// is the instant, one without is read as if it were of UTC.
///
/// # Errors
/// Where Polars cannot read them.
fn dates_as_days(series: &Series) -> PolarsResult<Option<PrimitiveArray<f64>>> {
    let per_day = match series.dtype() {
        DataType::Date => 1,
        DataType::Datetime(TimeUnit::Milliseconds, _) => MILLISECONDS,
        DataType::Datetime(TimeUnit::Microseconds, _) => MICROSECONDS,
        DataType::Datetime(TimeUnit::Nanoseconds, _) => NANOSECONDS,
        _ => return Ok(None),
    };
    let ticks = series.to_physical_repr().cast(&DataType::Int64)?;
    let days =
        ticks.i64()?.iter().map(|ticks| ticks.map_or(f64::NAN, |ticks| days(ticks, per_day)));
    Ok(Some(PrimitiveArray::from_vec(days.collect())))
}

/// Which rows of an array are not NULL, where any is.
pub(super) fn nulls_of(array: &dyn Array) -> Option<Bitmap> {
    array.validity().filter(|validity| validity.unset_bits() > 0).cloned()
}

/// A numeric series as one array of doubles; not copied where it is one already.
///
/// # Errors
/// Where Polars cannot convert the type.
pub(super) fn double_array(series: &Series) -> PolarsResult<PrimitiveArray<f64>> {
    let doubles = series.cast(&DataType::Float64)?;
    let doubles = doubles.f64()?.rechunk();
    let array = doubles.downcast_iter().next().cloned();
    Ok(array.unwrap_or_else(|| PrimitiveArray::new_empty(ArrowDataType::Float64)))
}

fn single_array(series: &Series) -> PolarsResult<PrimitiveArray<f32>> {
    let singles = series.f32()?.rechunk();
    let array = singles.downcast_iter().next().cloned();
    Ok(array.unwrap_or_else(|| PrimitiveArray::new_empty(ArrowDataType::Float32)))
}

/// A numeric or boolean series as doubles, with NaN, which is "missing" in the core, in the place of a NULL.
///
/// # Errors
/// Where Polars cannot convert the type.
pub(super) fn doubles_with_nan(series: &Series) -> PolarsResult<PrimitiveArray<f64>> {
    let array = double_array(series)?;
    if array.null_count() == 0 {
        return Ok(array);
    }
    Ok(PrimitiveArray::from_vec(
        array.iter().map(|value| value.copied().unwrap_or(f64::NAN)).collect(),
    ))
}
