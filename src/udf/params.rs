//! The three forms of the argument `params`: a struct, three numbers, one list of three numbers.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Fields, Float64Type};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::ColumnarValue;

use super::error::{wrong_arity, wrong_type, wrong_value};
use super::lists::trimmed;
use super::number::{Number, check_number, doubles_with_nan, is_number};
use crate::culprit::row_of_batch;
use crate::error::quoted;
use crate::math::{Column, Params, Spread};
use crate::model::ParamsOut;

/// The names of the raw outputs, as three arguments or the places of a list.
const RAW_NAMES: [&str; 3] = ["logit", "mu", "raw_sigma"];

/// The fields of a params struct.
const STRUCT_NAMES: [&str; 3] = ["logit", "mu", "sigma"];

/// What the argument `params` may be.
const EXPECTED: &str = "a struct with fields logit, mu and sigma, a list of 3 numbers (logit, mu, raw_sigma), \
                        or three numbers logit, mu, raw_sigma";

/// The type of a params struct.
pub(super) fn params_type() -> DataType {
    DataType::Struct(params_fields())
}

/// The fields of a params struct: all `Float64`.
pub(super) fn params_fields() -> Fields {
    STRUCT_NAMES.iter().map(|name| Field::new(*name, DataType::Float64, true)).collect()
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

/// Refuses argument types that are none of the three forms.
pub(super) fn check_params(function: &str, usage: &str, types: &[DataType]) -> Result<()> {
    match types {
        [one] => check_one(function, one),
        [_, _, _] => {
            RAW_NAMES.iter().zip(types).try_for_each(|(name, t)| check_number(function, name, t))
        }
        _ => Err(wrong_arity(function, usage, types.len())),
    }
}

fn check_one(function: &str, data_type: &DataType) -> Result<()> {
    match data_type {
        DataType::Null => Ok(()),
        DataType::Struct(fields) => STRUCT_NAMES.iter().try_for_each(|name| {
            let Some((_, field)) = fields.find(name) else {
                return Err(wrong_type(function, "params", EXPECTED, describe_struct(fields)));
            };
            check_number(function, &format!("params.{name}"), field.data_type())
        }),
        DataType::FixedSizeList(item, 3) | DataType::List(item) | DataType::LargeList(item)
            if is_number(item.data_type()) =>
        {
            Ok(())
        }
        DataType::FixedSizeList(_, length) if *length != 3 => {
            let length = usize::try_from(*length).unwrap_or_default();
            Err(wrong_type(function, "params", EXPECTED, list_of(length)))
        }
        other => Err(wrong_type(function, "params", EXPECTED, other.to_string())),
    }
}

fn describe_struct(fields: &Fields) -> String {
    let names: Vec<String> = fields.iter().map(|field| quoted(field.name())).collect();
    format!("a struct with fields {}", names.join(", "))
}

fn list_of(length: usize) -> String {
    format!("a list of length {length}")
}

/// The argument `params`, whatever its form.
#[derive(Debug)]
pub(super) struct ParamsArgument {
    form: Form,
    nulls: Option<NullBuffer>,
    is_scalar: bool,
}

#[derive(Debug)]
enum Form {
    /// An untyped NULL.
    Null,
    /// Three numbers before softplus.
    Raw([Number; 3]),
    /// The fields of a struct: the sigma is after softplus.
    Struct([Number; 3]),
    /// Lists of three, one behind the other.
    List(Float64Array),
}

impl ParamsArgument {
    /// Reads the arguments that are left after a function's own.
    pub(super) fn try_new(function: &str, usage: &str, values: &[ColumnarValue]) -> Result<Self> {
        let types: Vec<DataType> = values.iter().map(ColumnarValue::data_type).collect();
        check_params(function, usage, &types)?;
        match values {
            [ColumnarValue::Scalar(one)] => Self::from_array(function, &one.to_array()?, true),
            [ColumnarValue::Array(one)] => Self::from_array(function, one, false),
            [logit, mu, raw_sigma] => Self::from_numbers(function, [logit, mu, raw_sigma]),
            _ => Err(wrong_arity(function, usage, values.len())),
        }
    }

    fn from_numbers(function: &str, values: [&ColumnarValue; 3]) -> Result<Self> {
        let numbers = [
            Number::try_new(function, RAW_NAMES[0], values[0])?,
            Number::try_new(function, RAW_NAMES[1], values[1])?,
            Number::try_new(function, RAW_NAMES[2], values[2])?,
        ];
        if numbers.iter().any(Number::is_null_scalar) {
            return Ok(Self { form: Form::Null, nulls: None, is_scalar: true });
        }
        let nulls = NullBuffer::union_many(numbers.iter().map(Number::nulls));
        let is_scalar = values.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        Ok(Self { form: Form::Raw(numbers), nulls, is_scalar })
    }

    fn from_array(function: &str, array: &ArrayRef, is_scalar: bool) -> Result<Self> {
        let (form, nulls) = match array.data_type() {
            DataType::Struct(_) => read_struct(function, array.as_struct())?,
            DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
                read_list(function, array)?
            }
            _ => (Form::Null, None),
        };
        let is_null = is_scalar && nulls.as_ref().is_some_and(|nulls| nulls.is_null(0));
        let form = if is_null { Form::Null } else { form };
        Ok(Self { form, nulls: if is_scalar { None } else { nulls }, is_scalar })
    }

    /// Whether the result is NULL in every row.
    pub(super) fn is_null_scalar(&self) -> bool {
        matches!(self.form, Form::Null)
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
        match &self.form {
            Form::Null => constant_params(f64::NAN),
            Form::Raw([logit, mu, raw_sigma]) => Params {
                logit: self.column(logit),
                mu: self.column(mu),
                spread: Spread::RawSigma(self.column(raw_sigma)),
            },
            Form::Struct([logit, mu, sigma]) => Params {
                logit: self.column(logit),
                mu: self.column(mu),
                spread: Spread::Sigma(self.column(sigma)),
            },
            Form::List(values) => Params {
                logit: self.place(values.values(), 0),
                mu: self.place(values.values(), 1),
                spread: Spread::RawSigma(self.place(values.values(), 2)),
            },
        }
    }

    /// A column of one row that stands for all rows is a scalar.
    fn column<'a>(&self, number: &'a Number) -> Column<'a> {
        match number.column() {
            Column::F64([value]) if self.is_scalar => Column::Scalar(*value),
            Column::F32([value]) if self.is_scalar => Column::Scalar(f64::from(*value)),
            column => column,
        }
    }

    fn place<'a>(&self, values: &'a [f64], offset: usize) -> Column<'a> {
        match values.get(offset) {
            Some(value) if self.is_scalar => Column::Scalar(*value),
            _ => Column::Strided { values, offset, stride: 3 },
        }
    }
}

fn constant_params(value: f64) -> Params<'static> {
    let column = Column::Scalar(value);
    Params { logit: column, mu: column, spread: Spread::Sigma(column) }
}

fn read_struct(function: &str, array: &StructArray) -> Result<(Form, Option<NullBuffer>)> {
    let read = |name: &str| {
        let argument = format!("params.{name}");
        let column = array.column_by_name(name).ok_or_else(|| {
            wrong_type(function, "params", EXPECTED, describe_struct(array.fields()))
        })?;
        Number::from_array(function, &argument, column)
    };
    let numbers = [read(STRUCT_NAMES[0])?, read(STRUCT_NAMES[1])?, read(STRUCT_NAMES[2])?];
    let nulls = NullBuffer::union_many(
        numbers.iter().map(Number::nulls).chain(std::iter::once(array.nulls())),
    );
    Ok((Form::Struct(numbers), nulls))
}

fn read_list(function: &str, array: &ArrayRef) -> Result<(Form, Option<NullBuffer>)> {
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
            (lists.values().clone(), (0..=lists.len()).map(|row| row * 3).collect())
        }
    };
    flatten(function, array, &values, &offsets)
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
) -> Result<(Form, Option<NullBuffer>)> {
    let element_nulls = values.logical_nulls();
    let doubles = doubles_with_nan(function, "params", values)?;
    let mut valid = Vec::with_capacity(array.len());
    for (row, bounds) in offsets.windows(2).enumerate() {
        let is_valid = array.is_valid(row);
        if is_valid && bounds[1] - bounds[0] != 3 {
            let got = format!("{} in {}", list_of(bounds[1] - bounds[0]), row_of_batch(row));
            return Err(wrong_value(function, "params", EXPECTED, got));
        }
        let has_null = |nulls: &NullBuffer| (bounds[0]..bounds[1]).any(|i| nulls.is_null(i));
        valid.push(is_valid && !element_nulls.as_ref().is_some_and(has_null));
    }
    let dense = offsets.windows(2).all(|bounds| bounds[1] - bounds[0] == 3);
    let flat = if dense {
        doubles.slice(offsets[0], array.len() * 3)
    } else {
        spread_lists(&doubles, offsets)
    };
    let nulls = valid.contains(&false).then(|| NullBuffer::from(valid));
    Ok((Form::List(flat), nulls))
}

/// Gives every row three places, also a NULL row that has none.
fn spread_lists(doubles: &Float64Array, offsets: &[usize]) -> Float64Array {
    let values = doubles.values();
    let mut flat = Vec::with_capacity((offsets.len() - 1) * 3);
    for bounds in offsets.windows(2) {
        match values.get(bounds[0]..bounds[1]) {
            Some(list) if list.len() == 3 => flat.extend_from_slice(list),
            _ => flat.extend([f64::NAN; 3]),
        }
    }
    arrow::array::PrimitiveArray::<Float64Type>::new(flat.into(), None)
}
