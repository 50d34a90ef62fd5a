//! The forms of the argument `features`: a struct, a list of numbers, a single number.

use std::borrow::Cow;

use polars::prelude::{DataType, PlHashMap, PolarsResult, Series};

use super::error::refuse;
use super::lists::NumberLists;
use super::number::Number;
use super::rows::CompleteRows;
use super::text::Texts;
use crate::call::features::{FeaturesForm, check_date, is_category, numbered_name, short_list};
use crate::call::{ArgumentType, NO_CODE, TypeForm};
use crate::fit::FeatureValues;
use crate::math::Column;
use crate::model::{FeatureInput, FeatureUse};

/// The features as they came: names and columns.
#[derive(Debug)]
pub(super) struct Features {
    pub(super) names: Vec<String>,
    columns: Vec<Series>,
    /// The lists that the columns were made of.
    lists: Option<NumberLists>,
}

impl Features {
    /// Reads the argument `features` of `function`; of lists as many numbers as `width` says.
    ///
    /// # Errors
    /// Where it is none of the forms.
    pub(super) fn try_new(
        function: &str,
        series: &Series,
        width: impl FnOnce() -> usize,
    ) -> PolarsResult<Self> {
        let form = FeaturesForm::of_type(series.dtype());
        match form.map_err(|error| refuse(function, &error))? {
            FeaturesForm::Lists => {
                let lists = NumberLists::try_new(series)?;
                let width = width();
                Ok(Self {
                    names: (0..width).map(numbered_name).collect(),
                    columns: (0..width).map(|index| lists.column(index)).collect(),
                    lists: Some(lists),
                })
            }
            FeaturesForm::Columns(columns) => Ok(Self {
                names: columns.into_iter().map(|(name, _)| name.into_owned()).collect(),
                columns: columns_of(series)?,
                lists: None,
            }),
        }
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
        let Some(lists) = &self.lists else { return Ok(()) };
        let needed = |row: usize| match lists.is_constant() {
            true => (0..rows).map(&needed).max().unwrap_or_default(),
            false => needed(row),
        };
        let mut known = lists.lengths().enumerate().filter_map(|(row, n)| Some((row, n?)));
        match known.find(|&(row, length)| length < needed(row)) {
            None => Ok(()),
            Some((row, length)) => {
                let named = (!lists.is_constant()).then_some(row);
                Err(refuse(function, &short_list(needed(row), length, named)))
            }
        }
    }

    /// The columns of the categories, each for `rows` rows; nothing for numbers.
    ///
    /// # Errors
    /// Where Polars cannot read one.
    pub(super) fn categories(
        &self,
        function: &str,
        rows: usize,
    ) -> PolarsResult<Vec<Option<FeatureSeries>>> {
        let columns = self.names.iter().zip(&self.columns).map(|(name, column)| {
            if !holds_texts(column.dtype()) {
                return Ok(None);
            }
            let mut column = FeatureSeries::try_new(function, name, column)?;
            column.broadcast(rows);
            Ok(Some(column))
        });
        columns.collect()
    }

    /// Names and columns of the features that are not categories.
    pub(super) fn numbers(&self) -> impl Iterator<Item = (&str, &Series)> {
        let columns = self.names.iter().map(String::as_str).zip(&self.columns);
        columns.filter(|(_, column)| !holds_texts(column.dtype()))
    }

    /// The names of the features that are dates.
    pub(super) fn dates(&self) -> Vec<String> {
        let dates = self.numbers().filter(|(_, column)| column.dtype().form().is_date());
        dates.map(|(name, _)| name.to_owned()).collect()
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
    ) -> PolarsResult<Vec<FeatureSeries>> {
        let mut is_category = vec![None; self.columns.len()];
        for used in uses {
            if let (Some(name), Some(column)) =
                (self.names.get(used.position), self.columns.get(used.position))
            {
                check_date(name, column.dtype(), used.is_date || used.is_category)
                    .map_err(|error| refuse(function, &error))?;
            }
            if let Some(slot) = is_category.get_mut(used.position) {
                slot.get_or_insert(used.is_category);
            }
        }
        let columns = self.names.iter().zip(&self.columns).zip(is_category);
        columns
            .map(|((name, column), is_category)| match is_category {
                Some(true) if column.dtype().is_null() => {
                    FeatureSeries::try_new(function, name, &column.cast(&DataType::String)?)
                }
                Some(_) => FeatureSeries::try_new(function, name, column),
                None => Ok(FeatureSeries::Number(Number::scalar(None))),
            })
            .collect()
    }
}

/// One feature's column, held so that the core can borrow it.
#[derive(Debug)]
pub(super) enum FeatureSeries {
    /// Numbers, NaN where missing.
    Number(Number),
    /// Codes, and the strings that they stand for.
    Category { codes: Vec<u32>, levels: LevelTexts },
}

/// Numbers to train on, copied only where the core cannot read them in place.
#[derive(Debug)]
pub(super) enum TrainingValues<'a> {
    Numbers(Cow<'a, [f64]>),
    Singles(&'a [f32]),
}

impl TrainingValues<'_> {
    /// The values as the core reads them.
    pub(super) fn values(&self) -> FeatureValues<'_> {
        match self {
            Self::Numbers(numbers) => FeatureValues::Numbers(numbers),
            Self::Singles(singles) => FeatureValues::Singles(singles),
        }
    }
}

/// The strings that codes stand for.
#[derive(Debug)]
pub(super) enum LevelTexts {
    /// Those of a column of strings, then NULL.
    Strings(Texts),
    /// Those of a `Categorical` or `Enum` column that occur in it.
    Categories { dtype: DataType, categories: Vec<Option<u32>> },
}

fn holds_texts(dtype: &DataType) -> bool {
    matches!(dtype.form(), TypeForm::Text)
}

/// The columns of features that are no lists of any length.
fn columns_of(features: &Series) -> PolarsResult<Vec<Series>> {
    match features.dtype() {
        DataType::Struct(_) => Ok(features.struct_()?.fields_as_series()),
        DataType::Array(_, width) => {
            let lists = NumberLists::try_new(features)?;
            Ok((0..*width).map(|index| lists.column(index)).collect())
        }
        _ => Ok(vec![features.clone()]),
    }
}

impl FeatureSeries {
    /// Reads a column.
    ///
    /// # Errors
    /// Where it is of a type that is no feature.
    pub(super) fn try_new(function: &str, name: &str, series: &Series) -> PolarsResult<Self> {
        is_category(name, series.dtype()).map_err(|error| refuse(function, &error))?;
        match series.dtype() {
            DataType::String => Ok(Self::of_strings(Texts::try_new(series)?)),
            dtype @ (DataType::Categorical(..) | DataType::Enum(..)) => {
                Self::of_categories(series, dtype)
            }
            _ => Ok(Self::Number(Number::with_nan(series)?)),
        }
    }

    fn of_strings(texts: Texts) -> Self {
        let null = u32::try_from(texts.iter().count()).unwrap_or(NO_CODE);
        // `NO_CODE` is the greatest, and stands for NULL, which is the level after all others.
        let codes = texts.code_of_row().iter().map(|&code| code.min(null)).collect();
        Self::Category { codes, levels: LevelTexts::Strings(texts) }
    }

    /// Renumbers the categories in the order they occur: the mapping may hold many that other columns brought.
    fn of_categories(series: &Series, dtype: &DataType) -> PolarsResult<Self> {
        let physical = series.to_physical_repr().cast(&DataType::UInt32)?;
        let mut code_of: PlHashMap<Option<u32>, u32> = PlHashMap::default();
        let mut categories = Vec::new();
        let code = |category| {
            *code_of.entry(category).or_insert_with(|| {
                categories.push(category);
                u32::try_from(categories.len() - 1).unwrap_or(NO_CODE)
            })
        };
        let codes = physical.u32()?.iter().map(code).collect();
        Ok(Self::Category {
            codes,
            levels: LevelTexts::Categories { dtype: dtype.clone(), categories },
        })
    }

    /// The levels that codes stand for; `None` for a number.
    pub(super) fn levels(&self) -> Option<Vec<Option<&str>>> {
        match self {
            Self::Number(_) => None,
            Self::Category { levels: LevelTexts::Strings(texts), .. } => {
                Some(texts.iter().map(Some).chain([None]).collect())
            }
            Self::Category { levels: LevelTexts::Categories { dtype, categories }, .. } => {
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
    pub(super) fn training_values(&self, rows: &CompleteRows) -> TrainingValues<'_> {
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
