//! The features of customers as the models of the rows read them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::datatypes::DataType;
use datafusion_common::Result;

use super::error::refuse_value;
use super::features::{FeatureArray, NumberLists, feature_arrays};
use crate::call::customer::{check_columns, not_bound, not_read};
use crate::call::features::{check_date, numbered_name, short_list};
use crate::math::Column;
use crate::model::{FeatureInput, FeatureUse, ModelRows, Models};

/// Hands on the columns of features that the models of the rows need, checked, with the names of all.
pub(super) fn with_columns<R>(
    function: &str,
    mut models: Models<'_>,
    features: &ArrayRef,
    run: impl FnOnce(&ModelRows<'_>, &[String], &[FeatureInput<'_>]) -> Result<R>,
) -> Result<R> {
    let features = CustomerFeatures::try_new(function, features, || models.most_features())?;
    let names = &features.names;
    let bound = match models.bind(names) {
        Ok(bound) => bound,
        Err(error) => {
            return Err(refuse_value(function, &not_bound(error, &mut models, names)));
        }
    };
    features.check_lengths(function, |row| bound.feature_count(row))?;
    let columns = features.read(function, bound.uses())?;
    let levels = levels_of(&columns)?;
    let inputs = inputs(&columns, &levels)?;
    if let Err(error) = check_columns(&bound, &inputs) {
        return Err(refuse_value(function, &not_read(error, &mut models, names, &inputs)));
    }
    run(&bound, names, &inputs)
}

/// The features as they came: names and columns.
struct CustomerFeatures {
    names: Vec<String>,
    arrays: Vec<ArrayRef>,
    /// The lists that the columns were made of.
    lists: Option<NumberLists>,
}

impl CustomerFeatures {
    /// Reads the features; of lists as many elements as are needed.
    fn try_new(
        function: &str,
        features: &ArrayRef,
        width_of_lists: impl FnOnce() -> usize,
    ) -> Result<Self> {
        match features.data_type() {
            DataType::Struct(fields) => Ok(Self {
                names: fields.iter().map(|field| field.name().clone()).collect(),
                arrays: feature_arrays(features)?,
                lists: None,
            }),
            DataType::List(_) | DataType::LargeList(_) => {
                let lists = NumberLists::try_new(function, features)?;
                let element = |index| Arc::new(lists.element(index)) as ArrayRef;
                let numbered = Self::numbered((0..width_of_lists()).map(element).collect());
                Ok(Self { lists: Some(lists), ..numbered })
            }
            _ => Ok(Self::numbered(feature_arrays(features)?)),
        }
    }

    fn numbered(arrays: Vec<ArrayRef>) -> Self {
        Self { names: (0..arrays.len()).map(numbered_name).collect(), arrays, lists: None }
    }

    /// Refuses a list that is shorter than its row's model needs. One that is NULL has no number known.
    fn check_lengths(&self, function: &str, needed: impl Fn(usize) -> usize) -> Result<()> {
        let Some(lists) = &self.lists else { return Ok(()) };
        let is_short = |&row: &usize| lists.length(row).is_some_and(|length| length < needed(row));
        let Some(row) = (0..lists.len()).find(is_short) else { return Ok(()) };
        let length = lists.length(row).unwrap_or_default();
        Err(refuse_value(function, &short_list(needed(row), length, Some(row))))
    }

    /// The columns at these positions, read once each.
    ///
    /// An untyped NULL is a missing value of the kind that the model needs.
    fn read(&self, function: &str, uses: Vec<FeatureUse>) -> Result<Vec<Option<FeatureArray>>> {
        let mut columns: Vec<Option<FeatureArray>> = self.arrays.iter().map(|_| None).collect();
        for FeatureUse { position, is_category, is_date } in uses {
            let (name, found) = (&self.names[position], self.arrays[position].data_type());
            check_date(name, found, is_date || is_category)
                .map_err(|error| refuse_value(function, &error))?;
            if columns[position].is_none() {
                let mut array = Arc::clone(&self.arrays[position]);
                if is_category && array.data_type().is_null() {
                    array = new_null_array(&DataType::Utf8, array.len());
                }
                columns[position] =
                    Some(FeatureArray::try_new(function, &self.names[position], &array)?);
            }
        }
        Ok(columns)
    }
}

/// Columns as the core reads them; one that no model uses is a constant.
fn inputs<'a>(
    columns: &'a [Option<FeatureArray>],
    levels: &'a [Vec<Option<&'a str>>],
) -> Result<Vec<FeatureInput<'a>>> {
    let unused = FeatureInput::Number(Column::Scalar(f64::NAN));
    let pairs = columns.iter().zip(levels);
    pairs.map(|(column, levels)| column.as_ref().map_or(Ok(unused), |c| c.input(levels))).collect()
}

fn levels_of(columns: &[Option<FeatureArray>]) -> Result<Vec<Vec<Option<&str>>>> {
    columns.iter().map(|c| c.as_ref().map_or(Ok(Vec::new()), FeatureArray::levels)).collect()
}
