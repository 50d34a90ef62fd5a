//! `model_info(model)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::error::wrong_arity;
use super::record::{record_series, record_type};
use super::text::Texts;
use crate::model::{Model, ModelInfo};

pub(super) const FUNCTION: Function =
    Function::scalar("ziln_model_info", model_info, record_type::<ModelInfo>);

/// What happened in a model's training, and the options in force, as a struct.
///
/// `inputs` are `model`, the text of a model. NULL where it is.
///
/// # Errors
/// Where a text is no model.
pub fn model_info(inputs: &[Series]) -> PolarsResult<Series> {
    let [model] = inputs else {
        return Err(wrong_arity(FUNCTION.name, "ziln_model_info(model)", inputs.len()));
    };
    let texts = Texts::of_models(FUNCTION.name, "model", model)?;
    let infos =
        texts.map_models(FUNCTION.name, "model", |text| Ok(Model::from_json(text)?.info()))?;
    record_series(model.name().clone(), infos)
}
