//! `predict(model, features)`.

use std::sync::Arc;

use polars::prelude::{PolarsResult, Series};
use polars_arrow::bitmap::Bitmap;

use super::Function;
use super::customer::with_columns;
use super::error::{refuse, wrong_arity};
use super::params::params_type;
use super::result::ResultShape;
use super::text::scorer_of_row;
use crate::call::predict::{NAME, USAGE};
use crate::model::{Models, NO_SCORER, Scorer, ScorerSet};

pub(super) const FUNCTION: Function = Function::scalar(NAME, predict, params_type);

/// The params struct (`logit`, `mu`, `sigma`) that a model predicts.
///
/// `inputs` are `model` (the text of a model; it may differ from row to row) and `features` (a struct, a list of
/// numbers or a number). Features are matched by name; further ones are ignored. A missing, NaN or infinite number
/// counts as the training mean, a level unknown to the model adds nothing; an untyped NULL is a missing value of the
/// kind the model needs. NULL where the model is.
///
/// # Errors
/// Where a text is no model, or a feature is missing or of another kind than in training.
pub fn predict(inputs: &[Series]) -> PolarsResult<Series> {
    let [model, features] = inputs else {
        return Err(wrong_arity(NAME, USAGE, inputs.len()));
    };
    let shape = ResultShape::try_new(NAME, inputs)?;
    let mut set = ScorerSet::default();
    let add = |text: &str| Ok(set.add(Scorer::of_text(text)?));
    let mut scorer_of_row = scorer_of_row(NAME, "model", model, add)?;
    if let &[index] = scorer_of_row.as_slice() {
        if let Some(scorer) = set.get(index) {
            return predict_rows(Models::One(Arc::clone(scorer)), features, shape, None);
        }
        scorer_of_row = vec![index; shape.rows()];
    }
    let has_model = scorer_of_row.iter().map(|&index| index != NO_SCORER);
    let validity = has_model.clone().any(|has| !has).then(|| has_model.collect::<Bitmap>());
    predict_rows(Models::Each(&mut set, &scorer_of_row), features, shape, validity)
}

/// Predicts each row with its model.
fn predict_rows(
    models: Models<'_>,
    features: &Series,
    shape: ResultShape,
    validity: Option<Bitmap>,
) -> PolarsResult<Series> {
    with_columns(NAME, models, features, shape.rows(), |bound, _, columns| {
        shape.params(validity, |out| {
            bound.predict(columns, out).map_err(|error| refuse(NAME, &error))
        })
    })
}
