//! `is_model(text)`.

use polars::prelude::{
    BooleanChunked, DataType, IntoSeries, NewChunkedArray, PolarsResult, Series,
};

use super::Function;
use super::model_function::read;
use super::result::name_of;
use crate::call::model::IS_MODEL;

pub(super) const FUNCTION: Function =
    Function::scalar(IS_MODEL.name, is_model, || DataType::Boolean);

/// Whether a text is a model that this build can read.
///
/// `inputs` are `text`. NULL where it is. Never an error, whatever the text.
///
/// # Errors
/// Where the input is of a type that holds no text.
pub fn is_model(inputs: &[Series]) -> PolarsResult<Series> {
    let are_models = read(&IS_MODEL, inputs)?.into_iter();
    Ok(BooleanChunked::from_iter_options(name_of(inputs), are_models).into_series())
}
