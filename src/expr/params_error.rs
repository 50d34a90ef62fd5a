//! `params_error(model, features)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::customer::values;
use super::record::{record_series, record_type};
use super::result::name_of;
use crate::call::customer::CustomerCall;
use crate::call::params_error::ParamsErrorCall;
use crate::model;

pub(super) const FUNCTION: Function =
    Function::scalar(ParamsErrorCall::NAME, params_error, record_type::<model::ParamsError>);

/// The standard errors of what a model predicts for a customer, as a struct.
///
/// `inputs` are those of [`predict`](super::predict). NULL where the model is.
///
/// # Errors
/// Those of [`predict`](super::predict), and where a model keeps no covariances.
pub fn params_error(inputs: &[Series]) -> PolarsResult<Series> {
    record_series(name_of(inputs), values::<ParamsErrorCall>(inputs)?)
}
