//! `weights(model)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::error::wrong_arity;
use super::record::{record_list_series, record_list_type};
use super::text::Texts;
use crate::model::{Model, WeightRow};

pub(super) const FUNCTION: Function =
    Function::scalar("ziln_weights", weights, record_list_type::<WeightRow>);

/// The coefficients of a model as a list of structs, the intercept of each head first.
///
/// `inputs` are `model`, the text of a model. NULL where it is.
///
/// # Errors
/// Where a text is no model.
pub fn weights(inputs: &[Series]) -> PolarsResult<Series> {
    let [model] = inputs else {
        return Err(wrong_arity(FUNCTION.name, "ziln_weights(model)", inputs.len()));
    };
    let texts = Texts::of_models(FUNCTION.name, "model", model)?;
    let weights =
        texts.map_models(FUNCTION.name, "model", |text| Ok(Model::from_json(text)?.weights()))?;
    record_list_series(model.name().clone(), weights)
}
