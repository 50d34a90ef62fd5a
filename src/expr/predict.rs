//! `predict(model, features)`.

use polars::prelude::{PolarsResult, Series};
use polars_arrow::bitmap::Bitmap;

use super::Function;
use super::error::{refuse, wrong_arity};
use super::features::Features;
use super::params::params_type;
use super::result::Shape;
use super::text::scorer_of_row;
use crate::Error;
use crate::call::culprit::of_model_in_row;
use crate::call::predict::{NAME, USAGE};
use crate::model::{FeatureInput, NO_SCORER, ParamsOut, Scorer, ScorerSet};

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
    let shape = Shape::try_new(NAME, inputs)?;
    let mut models = ScorerSet::default();
    let place = |text: &str| Ok(models.add(Scorer::of_text(text)?));
    let mut scorer_of_row = scorer_of_row(NAME, "model", model, place)?;
    let is_constant = model.len() == 1;
    if let [one] = scorer_of_row.as_slice() {
        // Of no rows one: then too the model must fit the features.
        scorer_of_row = vec![*one; shape.rows().max(1)];
    }
    let features = Features::try_new(NAME, features, || models.most_features(&scorer_of_row))?;
    predict_rows(&mut models, &scorer_of_row, is_constant, &features, shape)
}

/// Predicts each row with the model of its place; NULL where it has none. A constant model has no row of its own.
fn predict_rows(
    models: &mut ScorerSet,
    scorer_of_row: &[u32],
    is_constant: bool,
    features: &Features,
    shape: Shape,
) -> PolarsResult<Series> {
    let refuse = |error: Error, of_row: Option<Error>| refuse(NAME, &of_row.unwrap_or(error));
    let bound = match models.bind(&features.names, scorer_of_row) {
        Ok(bound) => bound,
        Err(error) => {
            let bind = |place| models.bind(&features.names, &[place]).map(|_| ());
            return Err(refuse(error, of_model_in_row(scorer_of_row, is_constant, bind)));
        }
    };
    features.check_lengths(NAME, shape.rows(), |row| bound.feature_count(row))?;
    let mut columns = features.read(NAME, bound.uses())?;
    for column in &mut columns {
        column.broadcast(shape.rows());
    }
    let levels: Vec<_> = columns.iter().map(|column| column.levels().unwrap_or_default()).collect();
    let inputs: Vec<FeatureInput<'_>> =
        columns.iter().zip(&levels).map(|(column, levels)| column.input(levels)).collect();
    let has_model = scorer_of_row.iter().take(shape.rows()).map(|&place| place != NO_SCORER);
    let validity = has_model.clone().any(|has| !has).then(|| has_model.collect::<Bitmap>());
    let mut refused = None;
    let result = shape.params(validity, |out| {
        bound.predict(&inputs, out).map_err(|error| refuse(refused.insert(error).clone(), None))
    });
    let Some(error) = refused else { return result };
    let of_row = of_model_in_row(scorer_of_row, is_constant, |place| {
        let out = ParamsOut { logit: &mut [], mu: &mut [], sigma: &mut [] };
        models.bind(&features.names, &[place])?.predict(&inputs, out)
    });
    Err(refuse(error, of_row))
}
