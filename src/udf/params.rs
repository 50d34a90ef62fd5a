//! The three forms of the argument `params`: a struct, three numbers, one list of three numbers.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Fields};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::ColumnarValue;

use super::error::{refuse_plan, refuse_value};
use super::lists::trimmed;
use super::number::{Number, doubles_with_nan};
use super::types::{refs, types_of};
use crate::call::params::{FIELD_NAMES, ParamsForm, WIDTH, check_lengths, spread};
use crate::math::{Column, Params};
use crate::model::ParamsOut;

/// The type of a params struct.
pub(super) fn params_type() -> DataType {
    DataType::Struct(params_fields())
}

/// The fields of a params struct: all `Float64`.
fn params_fields() -> Fields {
    FIELD_NAMES.iter().map(|name| Field::new(*name, DataType::Float64, true)).collect()
}

/// A params struct, computed by `compute`: one value if all arguments were scalars, else a column in which a NULL
/// row is NULL in every field too.
pub(super) fn params_result(
    rows: usize,
    nulls: Option<NullBuffer>,
    is_scalar: bool,
    compute: impl FnOnce(ParamsOut<'_>) -> Result<()>,
) -> Result<ColumnarValue> {
    let mut columns = [vec![0.0; rows], vec![0.0; rows], vec![0.0; rows]];
    let [logit, mu, sigma] = &mut columns;
    compute(ParamsOut { logit, mu, sigma })?;
    let columns = columns
        .into_iter()
        .map(|values| Arc::new(Float64Array::new(values.into(), nulls.clone())) as ArrayRef)
        .collect();
    let params = StructArray::try_new(params_fields(), columns, nulls)?;
    if is_scalar {
        return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&params, 0)?));
    }
    Ok(ColumnarValue::Array(Arc::new(params)))
}

/// The argument `params`, whatever its form.
#[derive(Debug)]
pub(super) struct ParamsArgument {
    form: ParamsForm,
    values: ParamsValues,
    nulls: Option<NullBuffer>,
    is_scalar: bool,
}

#[derive(Debug)]
enum ParamsValues {
    /// NULL in every row.
    Null,
    /// Three columns.
    Numbers([Number; WIDTH]),
    /// Lists of three, one behind the other.
    Lists(Float64Array),
}

impl ParamsArgument {
    /// Reads the arguments that are left after a function's own.
    pub(super) fn try_new(function: &str, usage: &str, values: &[ColumnarValue]) -> Result<Self> {
        let form = ParamsForm::of_types(usage, &refs(&types_of(values)));
        let form = form.map_err(|error| refuse_plan(function, &error))?;
        Self::of_form(function, form, values)
    }

    /// Reads arguments of a form that is known.
    pub(super) fn of_form(
        function: &str,
        form: ParamsForm,
        values: &[ColumnarValue],
    ) -> Result<Self> {
        match values {
            [ColumnarValue::Scalar(one)] => Self::of_array(function, form, &one.to_array()?, true),
            [ColumnarValue::Array(one)] => Self::of_array(function, form, one, false),
            [logit, mu, raw_sigma] => Self::of_numbers(form, [logit, mu, raw_sigma]),
            _ => exec_err!("{function}: params in {} columns", values.len()),
        }
    }

    fn of_numbers(
        form: ParamsForm,
        [logit, mu, raw_sigma]: [&ColumnarValue; WIDTH],
    ) -> Result<Self> {
        let is_scalar =
            [logit, mu, raw_sigma].iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let numbers =
            [Number::of_value(logit)?, Number::of_value(mu)?, Number::of_value(raw_sigma)?];
        if numbers.iter().any(Number::is_null_scalar) {
            return Ok(Self { form, values: ParamsValues::Null, nulls: None, is_scalar: true });
        }
        let nulls = NullBuffer::union_many(numbers.iter().map(Number::nulls));
        Ok(Self { form, values: ParamsValues::Numbers(numbers), nulls, is_scalar })
    }

    fn of_array(
        function: &str,
        form: ParamsForm,
        array: &ArrayRef,
        is_scalar: bool,
    ) -> Result<Self> {
        let (values, nulls) = match form {
            ParamsForm::Struct(positions) => read_struct(array.as_struct(), positions)?,
            ParamsForm::Lists => read_lists(function, array, is_scalar)?,
            ParamsForm::Null | ParamsForm::Numbers => (ParamsValues::Null, None),
        };
        let is_null = is_scalar && nulls.as_ref().is_some_and(|nulls| nulls.is_null(0));
        let values = if is_null { ParamsValues::Null } else { values };
        Ok(Self { form, values, nulls: if is_scalar { None } else { nulls }, is_scalar })
    }

    /// Whether the result is NULL in every row.
    pub(super) fn is_null_scalar(&self) -> bool {
        matches!(self.values, ParamsValues::Null)
    }

    /// Whether all rows have the same params.
    pub(super) fn is_scalar(&self) -> bool {
        self.is_scalar
    }

    /// Which rows are NULL.
    pub(super) fn nulls(&self) -> Option<&NullBuffer> {
        self.nulls.as_ref()
    }

    /// The params as the core reads them.
    pub(super) fn params(&self) -> Params<'_> {
        self.form.params(match &self.values {
            ParamsValues::Null => [Column::Scalar(f64::NAN); WIDTH],
            ParamsValues::Numbers(numbers) => numbers.each_ref().map(|number| self.column(number)),
            ParamsValues::Lists(numbers) => {
                [0, 1, 2].map(|offset| self.strided(numbers.values(), offset))
            }
        })
    }

    /// A column of one row that stands for all rows is a scalar.
    fn column<'a>(&self, number: &'a Number) -> Column<'a> {
        match number.column() {
            Column::F64([value]) if self.is_scalar => Column::Scalar(*value),
            Column::F32([value]) if self.is_scalar => Column::Scalar(f64::from(*value)),
            column => column,
        }
    }

    fn strided<'a>(&self, values: &'a [f64], offset: usize) -> Column<'a> {
        match values.get(offset) {
            Some(value) if self.is_scalar => Column::Scalar(*value),
            _ => Column::Strided { values, offset, stride: WIDTH },
        }
    }
}

fn read_struct(
    array: &StructArray,
    [logit, mu, sigma]: [usize; WIDTH],
) -> Result<(ParamsValues, Option<NullBuffer>)> {
    let read = |position: usize| Number::of_array(array.column(position));
    let numbers = [read(logit)?, read(mu)?, read(sigma)?];
    let nulls = NullBuffer::union_many(
        numbers.iter().map(Number::nulls).chain(std::iter::once(array.nulls())),
    );
    Ok((ParamsValues::Numbers(numbers), nulls))
}

fn read_lists(
    function: &str,
    array: &ArrayRef,
    is_scalar: bool,
) -> Result<(ParamsValues, Option<NullBuffer>)> {
    let array = &trimmed(array)?;
    let (values, offsets) = match array.data_type() {
        DataType::List(_) => {
            let lists = array.as_list::<i32>();
            (lists.values().clone(), widen(lists.offsets()))
        }
        DataType::LargeList(_) => {
            let lists = array.as_list::<i64>();
            (lists.values().clone(), widen(lists.offsets()))
        }
        _ => {
            let lists = array.as_fixed_size_list();
            (lists.values().clone(), (0..=lists.len()).map(|row| row * WIDTH).collect())
        }
    };
    flatten(function, array, &values, &offsets, is_scalar)
}

fn widen<T: arrow::array::OffsetSizeTrait>(offsets: &OffsetBuffer<T>) -> Vec<usize> {
    offsets.iter().map(|offset| offset.as_usize()).collect()
}

/// The lists one behind the other, three values a row; a list is NULL where one of its values is.
fn flatten(
    function: &str,
    array: &ArrayRef,
    values: &ArrayRef,
    offsets: &[usize],
    is_scalar: bool,
) -> Result<(ParamsValues, Option<NullBuffer>)> {
    let lists = || offsets.windows(2).map(|bounds| bounds[0]..bounds[1]);
    let lengths = lists().enumerate().map(|(row, list)| array.is_valid(row).then_some(list.len()));
    check_lengths(lengths, is_scalar).map_err(|error| refuse_value(function, &error))?;
    let element_nulls = values.logical_nulls();
    let has_null = |mut list: Range<usize>| {
        element_nulls.as_ref().is_some_and(|nulls| list.any(|element| nulls.is_null(element)))
    };
    let valid = lists().enumerate().map(|(row, list)| array.is_valid(row) && !has_null(list));
    let valid: Vec<bool> = valid.collect();
    let doubles = doubles_with_nan(function, "params", values)?;
    let numbers = match lists().all(|list| list.len() == WIDTH) {
        true => doubles.slice(offsets[0], array.len() * WIDTH),
        false => Float64Array::new(spread(doubles.values(), lists()).into(), None),
    };
    let nulls = valid.contains(&false).then(|| NullBuffer::from(valid));
    Ok((ParamsValues::Lists(numbers), nulls))
}
