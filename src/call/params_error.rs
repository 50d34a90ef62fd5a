//! `ziln_params_error(model, features)`.

use super::customer::CustomerCall;
use crate::Result;
use crate::model::{self, ErrorScorer, FeatureInput, Model};

/// How sure a model is of what it predicts for a customer.
#[derive(Debug)]
pub(crate) struct ParamsErrorCall;

impl CustomerCall for ParamsErrorCall {
    const NAME: &'static str = "ziln_params_error";
    const USAGE: &'static str = "ziln_params_error(model, features)";

    type Reader = ErrorScorer;
    type Value = model::ParamsError;

    fn read(text: &str) -> Result<ErrorScorer> {
        ErrorScorer::new(&Model::from_json(text)?)
    }

    fn positions(reader: &ErrorScorer, names: &[String]) -> Result<Vec<usize>> {
        reader.match_features(names)
    }

    fn value(
        reader: &ErrorScorer,
        columns: &[FeatureInput<'_>],
        row: usize,
    ) -> Result<model::ParamsError> {
        reader.error(columns, row)
    }
}
