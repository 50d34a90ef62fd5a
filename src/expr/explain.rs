//! `explain(model, features)`.

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::customer::values;
use super::record::{record_list_series, record_list_type};
use super::result::name_of;
use crate::call::customer::CustomerCall;
use crate::call::explain::Explain;
use crate::model::Contribution;

pub(super) const FUNCTION: Function =
    Function::scalar(Explain::NAME, explain, record_list_type::<Contribution>);

/// Why a model predicts what it does for a customer: what each feature adds, as a list of structs, the greatest effect on
/// the expected lifetime value first.
///
/// `inputs` are those of [`predict`](super::predict). NULL where the model is.
///
/// # Errors
/// Those of [`predict`](super::predict).
pub fn explain(inputs: &[Series]) -> PolarsResult<Series> {
    record_list_series(name_of(inputs), values::<Explain>(inputs)?)
}
