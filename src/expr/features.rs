//! The forms of the argument `features`: a struct, a list of numbers, a single number.

use std::borrow::Cow;

use polars::prelude::{
    DataType, Field, Float64Chunked, IntoSeries, ListChunked, PlHashMap, PolarsResult, Series,
};
use polars_arrow::array::PrimitiveArray;

use super::error::wrong_argument;
use super::number::{Number, doubles_with_nan, is_number};
use super::rows::Rows;
use super::text::{NO_TEXT, Texts};
use crate::fit::Values;
use crate::math::Column;
use crate::model::FeatureInput;

/// What the argument `features` may be.
const EXPECTED: &str =
    "a struct of numbers, booleans and strings, a list of numbers, or one number";

/// The features as they came: names and columns.
#[derive(Debug)]
pub(super) struct Features {
    pub(super) names: Vec<String>,
    columns: Vec<Series>,
}

impl Features {
    /// Reads the argument `features` of `function`.
    ///
    /// # Errors
    /// Where it is none of the forms, or lists differ in length.
    pub(super) fn try_new(function: &str, series: &Series) -> PolarsResult<Self> {
        match series.dtype() {
            DataType::Struct(fields) => Self::of_struct(function, series, fields),
            DataType::List(inner) if is_number(inner) => {
                Ok(Self::numbered(split_lists(function, series.list()?)?))
            }
            DataType::Array(inner, width) if is_number(inner) => {
                Ok(Self::numbered(split_arrays(series, *width)?))
            }
            dtype if is_number(dtype) => Ok(Self::numbered(vec![series.clone()])),
            dtype => Err(wrong_argument(function, "features", EXPECTED, dtype.to_string())),
        }
    }

    fn of_struct(function: &str, series: &Series, fields: &[Field]) -> PolarsResult<Self> {
        if fields.is_empty() {
            return Err(wrong_argument(function, "features", EXPECTED, "a struct without fields"));
        }
        Ok(Self {
            names: fields.iter().map(|field| field.name().to_string()).collect(),
            columns: series.struct_()?.fields_as_series(),
        })
    }

    fn numbered(columns: Vec<Series>) -> Self {
        Self { names: (0..columns.len()).map(|place| format!("x{place}")).collect(), columns }
    }

    /// The columns of the categories, each for `rows` rows; nothing in the places of numbers.
    ///
    /// # Errors
    /// Where Polars cannot read one.
    pub(super) fn categories(
        &self,
        function: &str,
        rows: usize,
    ) -> PolarsResult<Vec<Option<FeatureColumn>>> {
        let columns = self.names.iter().zip(&self.columns).map(|(name, column)| {
            if !is_category(column.dtype()) {
                return Ok(None);
            }
            let mut column = FeatureColumn::try_new(function, name, column)?;
            column.broadcast(rows);
            Ok(Some(column))
        });
        columns.collect()
    }

    /// Names and columns of the features that are not categories.
    pub(super) fn numbers(&self) -> impl Iterator<Item = (&str, &Series)> {
        let columns = self.names.iter().map(String::as_str).zip(&self.columns);
        columns.filter(|(_, column)| !is_category(column.dtype()))
    }

    /// The columns that are used, read once each; the others are not looked at.
    ///
    /// An untyped NULL is a missing value of the kind that the model needs.
    ///
    /// # Errors
    /// Where a column is of a type that is no feature.
    pub(super) fn read(
        &self,
        function: &str,
        uses: impl IntoIterator<Item = Use>,
    ) -> PolarsResult<Vec<FeatureColumn>> {
        let mut is_category = vec![None; self.columns.len()];
        for used in uses {
            if let Some(slot) = is_category.get_mut(used.position) {
                slot.get_or_insert(used.is_category);
            }
        }
        let columns = self.names.iter().zip(&self.columns).zip(is_category);
        columns
            .map(|((name, column), is_category)| match is_category {
                Some(true) if column.dtype().is_null() => {
                    FeatureColumn::try_new(function, name, &column.cast(&DataType::String)?)
                }
                Some(_) => FeatureColumn::try_new(function, name, column),
                None => Ok(FeatureColumn::Number(Number::scalar(None))),
            })
            .collect()
    }
}

/// A feature that a model uses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use {
    /// Where it came.
    pub(super) position: usize,
    /// Whether the model takes it as a category.
    pub(super) is_category: bool,
}

/// One feature's column, held so that the core can borrow it.
#[derive(Debug)]
pub(super) enum FeatureColumn {
    /// Numbers, NaN where missing.
    Number(Number),
    /// Codes, and the strings that they stand for.
    Category { codes: Vec<u32>, levels: Levels },
}

/// Numbers to train on, copied only where the core cannot read them in place.
#[derive(Debug)]
pub(super) enum TrainingValues<'a> {
    Numbers(Cow<'a, [f64]>),
    Singles(&'a [f32]),
}

impl TrainingValues<'_> {
    /// The values as the core reads them.
    pub(super) fn values(&self) -> Values<'_> {
        match self {
            Self::Numbers(numbers) => Values::Numbers(numbers),
            Self::Singles(singles) => Values::Singles(singles),
        }
    }
}

/// The strings that codes stand for.
#[derive(Debug)]
pub(super) enum Levels {
    /// Those of a column of strings, then NULL.
    Strings(Texts),
    /// Those of a `Categorical` or `Enum` column that occur in it.
    Categories { dtype: DataType, categories: Vec<Option<u32>> },
}

fn is_category(dtype: &DataType) -> bool {
    matches!(dtype, DataType::String | DataType::Categorical(..) | DataType::Enum(..))
}

impl FeatureColumn {
    /// Reads a column.
    ///
    /// # Errors
    /// Where it is of a type that is no feature.
    pub(super) fn try_new(function: &str, name: &str, series: &Series) -> PolarsResult<Self> {
        match series.dtype() {
            DataType::String => Ok(Self::of_strings(Texts::try_new(series)?)),
            dtype @ (DataType::Categorical(..) | DataType::Enum(..)) => {
                Self::of_categories(series, dtype)
            }
            dtype if is_number(dtype) || dtype.is_bool() => {
                Ok(Self::Number(Number::with_nan(series)?))
            }
            dtype => Err(wrong_argument(
                function,
                &format!("features.{name}"),
                "a number, a boolean or a string (cast a date or another type to one of them)",
                dtype.to_string(),
            )),
        }
    }

    fn of_strings(mut texts: Texts) -> Self {
        let null = u32::try_from(texts.iter().count()).unwrap_or(NO_TEXT);
        let mut codes = std::mem::take(&mut texts.index_of_row);
        for code in codes.iter_mut().filter(|code| **code == NO_TEXT) {
            *code = null;
        }
        Self::Category { codes, levels: Levels::Strings(texts) }
    }

    /// Renumbers the categories in the order they occur: the mapping may hold many that other columns brought.
    fn of_categories(series: &Series, dtype: &DataType) -> PolarsResult<Self> {
        let physical = series.to_physical_repr().cast(&DataType::UInt32)?;
        let mut places: PlHashMap<Option<u32>, u32> = PlHashMap::default();
        let mut categories = Vec::new();
        let code = |category| {
            *places.entry(category).or_insert_with(|| {
                categories.push(category);
                u32::try_from(categories.len() - 1).unwrap_or(NO_TEXT)
            })
        };
        let codes = physical.u32()?.iter().map(code).collect();
        Ok(Self::Category {
            codes,
            levels: Levels::Categories { dtype: dtype.clone(), categories },
        })
    }

    /// The levels that codes stand for; `None` for a number.
    pub(super) fn levels(&self) -> Option<Vec<Option<&str>>> {
        match self {
            Self::Number(_) => None,
            Self::Category { levels: Levels::Strings(texts), .. } => {
                Some(texts.iter().map(Some).chain([None]).collect())
            }
            Self::Category { levels: Levels::Categories { dtype, categories }, .. } => {
                let (DataType::Categorical(_, mapping) | DataType::Enum(_, mapping)) = dtype else {
                    return Some(Vec::new());
                };
                Some(categories.iter().map(|category| mapping.cat_to_str((*category)?)).collect())
            }
        }
    }

    /// The column as the core reads it to predict. One row stands for `rows` rows.
    pub(super) fn input<'a>(&'a self, levels: &'a [Option<&'a str>]) -> FeatureInput<'a> {
        match self {
            Self::Number(number) => FeatureInput::Number(number.column()),
            Self::Category { codes, .. } => FeatureInput::Codes { codes, levels },
        }
    }

    /// The numbers to train on in some rows; nothing for a category.
    pub(super) fn training_values(&self, rows: &Rows) -> TrainingValues<'_> {
        match self {
            Self::Category { .. } => TrainingValues::Numbers(Cow::Borrowed(&[])),
            Self::Number(number) => match number.column() {
                Column::F32(values) => TrainingValues::Singles(values),
                _ => TrainingValues::Numbers(rows.doubles(number)),
            },
        }
    }

    /// The codes of a category.
    pub(super) fn codes(&self) -> &[u32] {
        match self {
            Self::Number(_) => &[],
            Self::Category { codes, .. } => codes,
        }
    }

    /// Repeats a column of one row.
    pub(super) fn broadcast(&mut self, rows: usize) {
        if let Self::Category { codes, .. } = self
            && let [code] = codes.as_slice()
        {
            *codes = vec![*code; rows];
        }
    }
}

/// Lists of numbers, all of the length of the first, as one column a place. A list that is NULL has no number known.
fn split_lists(function: &str, lists: &ListChunked) -> PolarsResult<Vec<Series>> {
    let lists = lists.rechunk();
    let numbers = doubles_with_nan(&lists.get_inner())?;
    let Some(array) = lists.downcast_iter().next() else { return Ok(Vec::new()) };
    let is_valid = |row: usize| array.validity().is_none_or(|bits| bits.get(row) == Some(true));
    let mut valid = array.offsets().lengths().enumerate().filter(|(row, _)| is_valid(*row));
    let Some((_, width)) = valid.next() else { return Ok(Vec::new()) };
    if let Some((_, other)) = valid.find(|(_, length)| *length != width) {
        return Err(wrong_argument(
            function,
            "features",
            format!("a list of {width} numbers in every row, as in the first"),
            format!("a list of length {other}"),
        ));
    }
    let starts = array.offsets().offset_and_length_iter().enumerate();
    let starts: Vec<Option<usize>> =
        starts.map(|(row, (start, _))| is_valid(row).then_some(start)).collect();
    Ok(places(&numbers, &starts, width))
}

/// Fixed-size lists as one column a place.
fn split_arrays(series: &Series, width: usize) -> PolarsResult<Vec<Series>> {
    let arrays = series.array()?.rechunk();
    let numbers = doubles_with_nan(&arrays.get_inner())?;
    let validity = arrays.downcast_iter().next().and_then(|array| array.validity().cloned());
    let is_valid = |row: usize| validity.as_ref().is_none_or(|bits| bits.get(row) == Some(true));
    let starts: Vec<Option<usize>> =
        (0..arrays.len()).map(|row| is_valid(row).then_some(row * width)).collect();
    Ok(places(&numbers, &starts, width))
}

/// The numbers at each place of lists that begin at `starts`.
fn places(numbers: &PrimitiveArray<f64>, starts: &[Option<usize>], width: usize) -> Vec<Series> {
    let number = |start: Option<usize>, place: usize| {
        start.and_then(|start| numbers.values().get(start + place).copied()).unwrap_or(f64::NAN)
    };
    let column = |place: usize| {
        let values: Vec<f64> = starts.iter().map(|start| number(*start, place)).collect();
        Float64Chunked::from_vec("".into(), values).into_series()
    };
    (0..width).map(column).collect()
}
