//! `is_model(text)`.

use polars::prelude::{
    BooleanChunked, DataType, IntoSeries, NewChunkedArray, PolarsResult, Series,
};

use super::Function;
use super::error::wrong_arity;
use super::text::Texts;
use crate::model::Scorer;

pub(super) const FUNCTION: Function =
    Function::scalar("ziln_is_model", is_model, || DataType::Boolean);

/// Whether a text is a model that this build can read.
///
/// `inputs` are `text`. NULL where it is. Never an error, whatever the text.
///
/// # Errors
/// Where the input is of a type that holds no text.
pub fn is_model(inputs: &[Series]) -> PolarsResult<Series> {
    let [text] = inputs else {
        return Err(wrong_arity(FUNCTION.name, "ziln_is_model(text)", inputs.len()));
    };
    let texts = Texts::of_texts(FUNCTION.name, "text", text)?;
    // Through the cache: who asks is about to predict.
    let is_model = |text: &str| Ok(Scorer::of_text(text).is_ok());
    let are_models = texts.map_models(FUNCTION.name, "text", is_model)?;
    Ok(BooleanChunked::from_iter_options(text.name().clone(), are_models.into_iter()).into_series())
}
