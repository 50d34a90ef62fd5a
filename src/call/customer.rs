//! The functions of a model and of a customer's features, beside prediction.

use super::culprit::of_model_in_row;
use super::wrong_arity;
use crate::model::{FeatureInput, ModelRows, Models, ParamsOut};
use crate::{Error, Result};

/// A function of a model and of a customer's features.
pub(crate) trait CustomerCall {
    /// The name in SQL.
    const NAME: &'static str;

    /// How it is called.
    const USAGE: &'static str;

    /// A model made ready.
    type Reader;

    /// What is said of a customer.
    type Value;

    /// Makes the model of a text ready.
    ///
    /// # Errors
    /// Where the text is no model, or one that does not hold what the function needs.
    fn read(text: &str) -> Result<Self::Reader>;

    /// For each feature of the model the position of the column of that name.
    ///
    /// # Errors
    /// Where one is missing.
    fn positions(reader: &Self::Reader, names: &[String]) -> Result<Vec<usize>>;

    /// What is said of a row; `columns` are those of the model's features.
    ///
    /// # Errors
    /// Where a column is not what the model needs.
    fn value(
        reader: &Self::Reader,
        columns: &[FeatureInput<'_>],
        row: usize,
    ) -> Result<Self::Value>;
}

/// The two arguments: the model and the features.
pub(crate) fn arguments_of<C: CustomerCall, A>(arguments: &[A]) -> Result<[&A; 2]> {
    match arguments {
        [model, features] => Ok([model, features]),
        _ => Err(wrong_arity(C::USAGE, arguments.len())),
    }
}

/// What is said of every row: `reader_of_row` are indices among `readers`, and an index behind the last means that the row has
/// no model. `columns` have these names.
///
/// # Errors
/// Those of the function.
pub(crate) fn values_of_rows<C: CustomerCall>(
    readers: &[C::Reader],
    reader_of_row: impl Iterator<Item = u32>,
    names: &[String],
    columns: &[FeatureInput<'_>],
) -> Result<Vec<Option<C::Value>>> {
    let columns_of = |reader: &C::Reader| {
        let positions = C::positions(reader, names)?;
        Ok(positions.into_iter().filter_map(|position| columns.get(position).copied()).collect())
    };
    let columns = readers.iter().map(columns_of).collect::<Result<Vec<Vec<FeatureInput<'_>>>>>()?;
    let value = |(row, index): (usize, u32)| {
        let index = index as usize;
        let Some((reader, columns)) = readers.get(index).zip(columns.get(index)) else {
            return Ok(None);
        };
        C::value(reader, columns, row).map(Some)
    };
    reader_of_row.enumerate().map(value).collect()
}

/// The error of models that have a feature without a column among those of these names, with the first row whose model has.
pub(crate) fn not_bound(error: Error, models: &mut Models<'_>, names: &[String]) -> Error {
    of_model_in_row(error, models, |set, index| set.bind(names, &[index]).map(|_| ()))
}

/// Checks that columns are of the kinds that the models of the rows need: a prediction of no rows.
///
/// # Errors
/// Where one is of another kind; [`not_read`] says of which row's model.
pub(crate) fn check_columns(models: &ModelRows<'_>, columns: &[FeatureInput<'_>]) -> Result<()> {
    models.predict(columns, ParamsOut { logit: &mut [], mu: &mut [], sigma: &mut [] })
}

/// The error of models that do not read columns of these names, with the first row whose model does not.
pub(crate) fn not_read(
    error: Error,
    models: &mut Models<'_>,
    names: &[String],
    columns: &[FeatureInput<'_>],
) -> Error {
    of_model_in_row(error, models, |set, index| check_columns(&set.bind(names, &[index])?, columns))
}
