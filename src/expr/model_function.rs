//! The functions that look into a model: one argument, a text, read once a distinct text.

use polars::prelude::{PolarsResult, Series};

use super::error::refuse;
use super::text::Texts;
use super::types::types_of;
use crate::call::model::ModelCall;

/// What is read from the models of all rows; `None` where a row has none.
pub(super) fn read<V: Clone>(
    call: &ModelCall<V>,
    inputs: &[Series],
) -> PolarsResult<Vec<Option<V>>> {
    call.check(&types_of(inputs)).map_err(|error| refuse(call.name, &error))?;
    let texts = call.argument_of(inputs).map_err(|error| refuse(call.name, &error))?;
    let texts = Texts::try_new(texts)?;
    texts.map_models(call.argument, call.read).map_err(|error| refuse(call.name, &error))
}
