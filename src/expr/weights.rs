//! `weights(model)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::model_function::read;
use super::record::{record_list_series, record_list_type};
use super::result::name_of;
use crate::call::model::WEIGHTS;
use crate::model::WeightRow;

pub(super) const FUNCTION: Function =
    Function::scalar(WEIGHTS.name, weights, record_list_type::<WeightRow>);

/// The coefficients of a model as a list of structs, the intercept of each head first.
///
/// `inputs` are `model`, the text of a model. NULL where it is.
///
/// # Errors
/// Where a text is no model.
pub fn weights(inputs: &[Series]) -> PolarsResult<Series> {
    record_list_series(name_of(inputs), read(&WEIGHTS, inputs)?)
}
