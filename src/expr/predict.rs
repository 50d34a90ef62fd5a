//! `predict(model, features)`.

use std::sync::Arc;

use polars::prelude::{PolarsResult, Series};
use polars_arrow::bitmap::Bitmap;

use super::Function;
use super::error::{refuse, wrong_arity};
use super::features::{Features, ListWidth, Use};
use super::params::params_type;
use super::result::{ParamsColumns, Shape};
use super::text::{NO_TEXT, Texts};
use crate::model::{FeatureInput, ParamsOut, Scorer, predict_mixed};

pub(super) const FUNCTION: Function = Function::scalar("ziln_predict", predict, params_type);

const NAME: &str = FUNCTION.name;
const USAGE: &str = "ziln_predict(model, features)";

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
    let texts = Texts::of_models(NAME, "model", model)?;
    let scorers = texts
        .iter()
        .map(|text| Scorer::of_text(text).map_err(|error| refuse(NAME, &error)))
        .collect::<PolarsResult<Vec<_>>>()?;
    let needed = scorers.iter().map(|scorer| scorer.feature_count());
    let most_needed = ListWidth::Fixed(needed.max().unwrap_or_default());
    let features = Features::try_new(NAME, features, || Ok(most_needed))?;
    match scorers.as_slice() {
        [scorer] if texts.is_complete() => with_one(scorer, &features, shape),
        _ => with_many(&scorers, &texts.index_of_row, &features, shape),
    }
}

fn with_one(scorer: &Scorer, features: &Features, shape: Shape) -> PolarsResult<Series> {
    let positions = positions(scorer, features)?;
    features.check_lengths(NAME, 1, |_| scorer.feature_count())?;
    with_inputs(features, uses(scorer, &positions), shape.rows(), |inputs| {
        let used: Vec<FeatureInput<'_>> =
            positions.iter().filter_map(|&position| inputs.get(position).copied()).collect();
        shape.params(None, |out| {
            scorer.predict(&used, out.into()).map_err(|error| refuse(NAME, &error))
        })
    })
}

/// Predicts with a model that differs from row to row, or is NULL in some.
fn with_many(
    scorers: &[Arc<Scorer>],
    scorer_of_row: &[u32],
    features: &Features,
    shape: Shape,
) -> PolarsResult<Series> {
    let scorers: Vec<&Scorer> = scorers.iter().map(AsRef::as_ref).collect();
    let positions = scorers
        .iter()
        .map(|scorer| positions(scorer, features))
        .collect::<PolarsResult<Vec<_>>>()?;
    let repeated = match scorer_of_row {
        [one] => vec![*one; shape.rows()],
        rows => rows.to_vec(),
    };
    features.check_lengths(NAME, shape.rows(), |row| {
        let scorer = repeated.get(row).and_then(|&scorer| scorers.get(scorer as usize));
        scorer.map_or(0, |scorer| scorer.feature_count())
    })?;
    let validity: Bitmap = repeated.iter().map(|&scorer| scorer != NO_TEXT).collect();
    let pairs = scorers.iter().zip(&positions);
    let used = pairs.flat_map(|(scorer, positions)| uses(scorer, positions));
    with_inputs(features, used, shape.rows(), |inputs| {
        shape.params(Some(validity), |out| {
            predict_mixed(&scorers, &repeated, &positions, inputs, out.into())
                .map_err(|error| refuse(NAME, &error))
        })
    })
}

fn positions(scorer: &Scorer, features: &Features) -> PolarsResult<Vec<usize>> {
    let names: Vec<&str> = features.names.iter().map(String::as_str).collect();
    scorer.match_features(&names).map_err(|error| refuse(NAME, &error))
}

fn uses<'a>(scorer: &'a Scorer, positions: &'a [usize]) -> impl Iterator<Item = Use> + 'a {
    let place =
        move |(feature, &position)| Use { position, is_category: scorer.is_category(feature) };
    positions.iter().enumerate().map(place)
}

/// Reads the columns that are used and hands all of them on as the core reads them.
fn with_inputs<T>(
    features: &Features,
    used: impl Iterator<Item = Use>,
    rows: usize,
    compute: impl FnOnce(&[FeatureInput<'_>]) -> PolarsResult<T>,
) -> PolarsResult<T> {
    let mut columns = features.read(NAME, used)?;
    for column in &mut columns {
        column.broadcast(rows);
    }
    let levels: Vec<_> = columns.iter().map(|column| column.levels().unwrap_or_default()).collect();
    let inputs: Vec<FeatureInput<'_>> =
        columns.iter().zip(&levels).map(|(column, levels)| column.input(levels)).collect();
    compute(&inputs)
}

impl<'a> From<ParamsColumns<'a>> for ParamsOut<'a> {
    fn from(columns: ParamsColumns<'a>) -> Self {
        Self { logit: columns.logit, mu: columns.mu, sigma: columns.sigma }
    }
}
