//! `model_info(model)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::model_function::read;
use super::record::{record_series, record_type};
use super::result::name_of;
use crate::call::model::MODEL_INFO;
use crate::model::ModelInfo;

pub(super) const FUNCTION: Function =
    Function::scalar(MODEL_INFO.name, model_info, record_type::<ModelInfo>);

/// What happened in a model's training, and the options in force, as a struct.
///
/// `inputs` are `model`, the text of a model. NULL where it is.
///
/// # Errors
/// Where a text is no model.
pub fn model_info(inputs: &[Series]) -> PolarsResult<Series> {
    record_series(name_of(inputs), read(&MODEL_INFO, inputs)?)
}
