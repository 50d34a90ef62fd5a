//! The forms of the argument `features`: a struct, a list of numbers, a single number.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, LargeListArray, UInt64Array,
};
use arrow::compute::{cast, nullif, take};
use arrow::datatypes::{ArrowNativeType, DataType, Float32Type, Float64Type};
use datafusion_common::{Result, exec_err};
use foldhash::fast::RandomState;

use super::dates::dates_as_days;
use super::error::{refuse_plan, refuse_value};
use super::lists::trimmed;
use super::number::doubles_with_nan;
use super::strings::StringColumn;
use crate::call::features::{FeaturesForm, column_argument, is_category};
use crate::call::{ArgumentType, TypeForm};
use crate::fit::NO_LIST;
use crate::math::Column;
use crate::model::FeatureInput;

/// What a feature's column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FeatureKind {
    /// A number or a boolean.
    Number,
    /// A number in single precision.
    Single,
    /// A string, however it is encoded.
    Category,
}

/// One feature by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FeatureField {
    /// The name.
    pub name: String,
    /// What its column holds.
    pub kind: FeatureKind,
    /// Whether the numbers are dates.
    pub is_date: bool,
}

/// Which features an argument's type names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FeatureShape {
    /// These, in this order.
    Fields(Vec<FeatureField>),
    /// Numbers `x0, x1, ...`, as many as a list turns out to have.
    Lists,
}

impl FeatureShape {
    /// The features of a column of this type.
    pub fn of_type(function: &str, data_type: &DataType) -> Result<Self> {
        let form = FeaturesForm::of_type(data_type);
        Ok(Self::of_form(form.map_err(|error| refuse_plan(function, &error))?))
    }

    /// The features of a form.
    pub fn of_form(form: FeaturesForm<'_, DataType>) -> Self {
        let field = |(name, data_type): (Cow<'_, str>, &DataType)| FeatureField {
            name: name.into_owned(),
            kind: kind_of(data_type),
            is_date: data_type.form().is_date(),
        };
        match form {
            FeaturesForm::Columns(columns) => {
                Self::Fields(columns.into_iter().map(field).collect())
            }
            FeaturesForm::Lists => Self::Lists,
        }
    }
}

/// What a column of this type holds as a feature.
fn kind_of(data_type: &DataType) -> FeatureKind {
    match (data_type, data_type.form()) {
        (_, TypeForm::Text) => FeatureKind::Category,
        (DataType::Float32, _) => FeatureKind::Single,
        (DataType::Dictionary(_, values), _) => kind_of(values),
        _ => FeatureKind::Number,
    }
}

/// The column of every feature of a struct, or of the one number. A struct that is NULL has no feature known.
pub(super) fn feature_arrays(features: &ArrayRef) -> Result<Vec<ArrayRef>> {
    match features.data_type() {
        DataType::Struct(_) => {
            let features = features.as_struct();
            let Some(nulls) = features.nulls() else { return Ok(features.columns().to_vec()) };
            let absent = BooleanArray::new(!nulls.inner(), None);
            features.columns().iter().map(|column| Ok(nullif(column, &absent)?)).collect()
        }
        DataType::FixedSizeList(_, length) => {
            let lists = features.as_fixed_size_list();
            let length = usize::try_from(*length).unwrap_or_default();
            let columns = (0..length).map(|index| {
                let element = |row| lists.is_valid(row).then_some((row * length + index) as u64);
                let elements: UInt64Array = (0..lists.len()).map(element).collect();
                Ok(take(lists.values(), &elements, None)?)
            });
            columns.collect()
        }
        _ => Ok(vec![Arc::clone(features)]),
    }
}

/// Lists of numbers, and where each begins.
#[derive(Debug)]
pub(super) struct NumberLists {
    lists: LargeListArray,
    starts: Vec<usize>,
}

impl NumberLists {
    /// Reads lists of numbers of any type.
    pub fn try_new(function: &str, lists: &ArrayRef) -> Result<Self> {
        Self::of_buffered(&number_lists(function, lists)?)
    }

    /// Lists as [`number_lists`] makes them.
    pub fn of_buffered(lists: &ArrayRef) -> Result<Self> {
        let Some(lists) = lists.as_list_opt::<i64>() else {
            return exec_err!("buffered lists are {}", lists.data_type());
        };
        if lists.values().data_type() != &DataType::Float64 {
            return exec_err!("buffered lists are {}", lists.data_type());
        }
        let start = |(row, offset): (usize, &i64)| {
            if lists.is_valid(row) { offset.as_usize() } else { NO_LIST }
        };
        let starts = lists.offsets().iter().take(lists.len()).enumerate().map(start).collect();
        Ok(Self { lists: lists.clone(), starts })
    }

    /// The numbers of all lists.
    pub fn values(&self) -> &[f64] {
        self.lists.values().as_primitive::<Float64Type>().values()
    }

    /// Where the list of each row begins, or [`NO_LIST`].
    pub fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// How many lists there are.
    pub fn len(&self) -> usize {
        self.lists.len()
    }

    /// How many numbers the list of a row has; `None` for a NULL.
    pub fn length(&self, row: usize) -> Option<usize> {
        self.lists.is_valid(row).then(|| self.lists.value_length(row).as_usize())
    }

    /// The elements at one index, NaN where a list does not reach there.
    pub fn element(&self, index: usize) -> Float64Array {
        let values = self.values();
        let number = |row: usize| {
            let reaches = self.length(row).is_some_and(|length| index < length);
            if reaches { values[self.starts[row] + index] } else { f64::NAN }
        };
        Float64Array::from_iter_values((0..self.len()).map(number))
    }
}

/// Lists of numbers in the type that they are buffered in, with NaN in the place of a NULL number.
pub(super) fn number_lists(function: &str, lists: &ArrayRef) -> Result<ArrayRef> {
    let lists = cast(&trimmed(lists)?, &list_type())?;
    let lists = lists.as_list::<i64>();
    let numbers = doubles_with_nan(function, "features", lists.values())?;
    let (item, offsets, _, nulls) = lists.clone().into_parts();
    Ok(Arc::new(LargeListArray::try_new(item, offsets, Arc::new(numbers), nulls)?))
}

/// The type that lists of features are buffered in.
fn list_type() -> DataType {
    DataType::new_large_list(DataType::Float64, true)
}

/// One feature's column, held so that the core can borrow it.
#[derive(Debug)]
pub(super) enum FeatureArray {
    /// Numbers, NaN where missing; one value where all rows have the same.
    Number(ArrayRef),
    /// Codes, the strings, and which of their values each code stands for.
    Category { codes: Vec<u32>, strings: StringColumn, value_of_code: Vec<usize> },
}

impl FeatureArray {
    /// Reads a feature to predict from.
    pub fn try_new(function: &str, name: &str, array: &ArrayRef) -> Result<Self> {
        match is_category(name, array.data_type()) {
            Ok(false) => number_feature(function, name, array),
            Ok(true) => category_feature(array),
            Err(error) => Err(refuse_value(function, &error)),
        }
    }

    /// The levels that codes stand for; empty for a number.
    pub fn levels(&self) -> Result<Vec<Option<&str>>> {
        match self {
            Self::Number(_) => Ok(Vec::new()),
            Self::Category { strings, value_of_code, .. } => {
                value_of_code.iter().map(|&value| strings.text(value)).collect()
            }
        }
    }

    /// The column as the core reads it.
    pub fn input<'a>(&'a self, levels: &'a [Option<&'a str>]) -> Result<FeatureInput<'a>> {
        Ok(match self {
            Self::Number(array) => FeatureInput::Number(number_column(array)?),
            Self::Category { codes, .. } => FeatureInput::Codes { codes, levels },
        })
    }
}

fn number_column(array: &ArrayRef) -> Result<Column<'_>> {
    if let Some(array) = array.as_primitive_opt::<Float64Type>() {
        return Ok(Column::F64(array.values()));
    }
    if let Some(array) = array.as_primitive_opt::<Float32Type>() {
        Ok(Column::F32(array.values()))
    } else {
        exec_err!("a numeric feature is {}", array.data_type())
    }
}

fn number_feature(function: &str, name: &str, array: &ArrayRef) -> Result<FeatureArray> {
    if array.data_type() == &DataType::Float32 && array.null_count() == 0 {
        return Ok(FeatureArray::Number(Arc::clone(array)));
    }
    let numbers = dates_as_days(array)?;
    let numbers = doubles_with_nan(function, &column_argument(name), &numbers)?;
    Ok(FeatureArray::Number(Arc::new(numbers)))
}

fn category_feature(array: &ArrayRef) -> Result<FeatureArray> {
    let strings = StringColumn::of(array);
    let mut value_of_code = Vec::new();
    let mut code_of_text: HashMap<Option<&str>, u32, RandomState> = HashMap::default();
    let codes = strings.codes(|value, text| {
        let next = value_of_code.len() as u32;
        let code = *code_of_text.entry(text).or_insert(next);
        if code == next {
            value_of_code.push(value);
        }
        Ok(code)
    })?;
    drop(code_of_text);
    Ok(FeatureArray::Category { codes, strings, value_of_code })
}
