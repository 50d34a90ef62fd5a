//! The forms of the argument `features`: a struct, a list of numbers, a single number.

use std::borrow::Cow;
use std::ops::Range;

use polars::prelude::{
    DataType, Field, Float64Chunked, IntoSeries, ListChunked, PlHashMap, PolarsResult, Series,
};
use polars_arrow::array::PrimitiveArray;

use super::error::{refuse, wrong_argument};
use super::number::{Number, doubles_with_nan, is_number};
use super::rows::Rows;
use super::text::{NO_TEXT, Texts};
use crate::culprit::row_of_batch;
use crate::error::quoted;
use crate::fit::Values;
use crate::math::Column;
use crate::model::{FeatureInput, FeatureUse, check_feature_count};

/// What the argument `features` may be.
const EXPECTED: &str =
    "a struct of numbers, booleans and strings, a list of numbers, or one number";

/// The features as they came: names and columns.
#[derive(Debug)]
pub(super) struct Features {
    pub(super) names: Vec<String>,
    columns: Vec<Series>,
    /// How many numbers the list of each row has (`None` is NULL), where the columns were made of lists.
    lengths: Option<Vec<Option<usize>>>,
}

/// How many columns lists become.
pub(super) enum ListWidth {
    /// As many as every list has, of the rows that count.
    OfAll(Rows),
    /// So many, however long the lists are.
    Fixed(usize),
}

impl Features {
    /// Reads the argument `features` of `function`.
    ///
    /// # Errors
    /// Where it is none of the forms, or lists that must not differ in length do.
    pub(super) fn try_new(
        function: &str,
        series: &Series,
        width: impl FnOnce() -> PolarsResult<ListWidth>,
    ) -> PolarsResult<Self> {
        match series.dtype() {
            DataType::Struct(fields) => Self::of_struct(function, series, fields),
            DataType::List(inner) if is_number(inner) => {
                Self::of_lists(function, series.list()?, &width()?)
            }
            DataType::Array(inner, width) if is_number(inner) => {
                check_count(function, *width)?;
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
        check_count(function, fields.len())?;
        Ok(Self {
            names: fields.iter().map(|field| field.name().to_string()).collect(),
            columns: series.struct_()?.fields_as_series(),
            lengths: None,
        })
    }

    /// Lists of numbers, one column a place. A list that is NULL, or does not reach there, has no number known.
    fn of_lists(function: &str, lists: &ListChunked, width: &ListWidth) -> PolarsResult<Self> {
        let lists = lists.rechunk();
        let numbers = doubles_with_nan(&lists.get_inner())?;
        let Some(array) = lists.downcast_iter().next() else { return Ok(Self::numbered(vec![])) };
        let is_valid = |row: usize| array.validity().is_none_or(|bits| bits.get(row) == Some(true));
        let bounds: Vec<Option<Range<usize>>> = array
            .offsets()
            .offset_and_length_iter()
            .enumerate()
            .map(|(row, (start, length))| is_valid(row).then_some(start..start + length))
            .collect();
        let width = match width {
            ListWidth::Fixed(width) => *width,
            ListWidth::OfAll(counted) => width_of_all(function, &bounds, counted)?,
        };
        let lengths = bounds.iter().map(|list| list.as_ref().map(ExactSizeIterator::len)).collect();
        Ok(Self { lengths: Some(lengths), ..Self::numbered(places(&numbers, &bounds, width)) })
    }

    /// Refuses a list that is shorter than `needed` says of its row, of `rows` rows. One that is NULL has no number
    /// known, and one alone is that of every row.
    ///
    /// # Errors
    /// Where there is one.
    pub(super) fn check_lengths(
        &self,
        function: &str,
        rows: usize,
        needed: impl Fn(usize) -> usize,
    ) -> PolarsResult<()> {
        let alone = self.lengths.as_ref().is_some_and(|lengths| lengths.len() == 1);
        let needed = |row: usize| {
            if alone { (0..rows).map(&needed).max().unwrap_or_default() } else { needed(row) }
        };
        let lengths = self.lengths.iter().flatten().enumerate();
        let mut known = lengths.filter_map(|(row, &length)| Some((row, length?)));
        match known.find(|&(row, length)| length < needed(row)) {
            None => Ok(()),
            Some((row, length)) => Err(wrong_argument(
                function,
                "features",
                format!("a list of {} numbers, as the model was trained on", needed(row)),
                match alone {
                    true => format!("a list of length {length}"),
                    false => format!("a list of length {length} in {}", row_of_batch(row)),
                },
            )),
        }
    }

    fn numbered(columns: Vec<Series>) -> Self {
        let names = (0..columns.len()).map(|place| format!("x{place}")).collect();
        Self { names, columns, lengths: None }
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
        uses: impl IntoIterator<Item = FeatureUse>,
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
                &format!("features.{}", quoted(name)),
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

/// The length of all lists that count, 0 if there is none.
fn width_of_all(
    function: &str,
    bounds: &[Option<Range<usize>>],
    counted: &Rows,
) -> PolarsResult<usize> {
    // One row stands for all of them.
    let counts = |row: usize| bounds.len() == 1 || counted.contains(row);
    let lengths = bounds.iter().enumerate().filter(|(row, _)| counts(*row));
    let mut lengths = lengths.filter_map(|(_, list)| list.as_ref().map(ExactSizeIterator::len));
    let Some(width) = lengths.next() else { return Ok(0) };
    check_count(function, width)?;
    match lengths.find(|&length| length != width) {
        None => Ok(width),
        Some(other) => Err(wrong_argument(
            function,
            "features",
            "lists of one length in all rows of a group",
            format!("lists of {} and of {} numbers", width.min(other), width.max(other)),
        )),
    }
}

/// Refuses more features than a model may have.
fn check_count(function: &str, count: usize) -> PolarsResult<()> {
    check_feature_count(count).map_err(|error| refuse(function, &error))
}

/// Fixed-size lists as one column a place.
fn split_arrays(series: &Series, width: usize) -> PolarsResult<Vec<Series>> {
    let arrays = series.array()?.rechunk();
    let numbers = doubles_with_nan(&arrays.get_inner())?;
    let validity = arrays.downcast_iter().next().and_then(|array| array.validity().cloned());
    let is_valid = |row: usize| validity.as_ref().is_none_or(|bits| bits.get(row) == Some(true));
    let bounds: Vec<Option<Range<usize>>> = (0..arrays.len())
        .map(|row| is_valid(row).then_some(row * width..(row + 1) * width))
        .collect();
    Ok(places(&numbers, &bounds, width))
}

/// The numbers at each place of lists.
fn places(
    numbers: &PrimitiveArray<f64>,
    bounds: &[Option<Range<usize>>],
    width: usize,
) -> Vec<Series> {
    let number = |list: &Option<Range<usize>>, place: usize| {
        let list = numbers.values().get(list.clone()?)?;
        list.get(place).copied()
    };
    let column = |place: usize| {
        let values: Vec<f64> =
            bounds.iter().map(|list| number(list, place).unwrap_or(f64::NAN)).collect();
        Float64Chunked::from_vec("".into(), values).into_series()
    };
    (0..width).map(column).collect()
}
