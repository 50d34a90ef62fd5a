//! The features of customers as the models of the rows read them, and the functions of both beside prediction.

use std::sync::Arc;

use polars::prelude::{PolarsResult, Series};

use super::error::refuse;
use super::features::Features;
use super::result::ResultShape;
use super::text::Texts;
use crate::call::culprit::no_model;
use crate::call::customer::{
    CustomerCall, arguments_of, check_columns, not_bound, not_read, values_of_rows,
};
use crate::call::{NO_CODE, check_text};
use crate::error::MODEL_TEXT;
use crate::model::{FeatureInput, ModelRows, Models, Scorer, ScorerSet};

/// Hands on the columns of features that the models of `rows` rows need, checked, with the names of all.
pub(super) fn with_columns<R>(
    function: &str,
    mut models: Models<'_>,
    features: &Series,
    rows: usize,
    run: impl FnOnce(&ModelRows<'_>, &[String], &[FeatureInput<'_>]) -> PolarsResult<R>,
) -> PolarsResult<R> {
    let features = Features::try_new(function, features, || models.most_features())?;
    let names = &features.names;
    let bound = match models.bind(names) {
        Ok(bound) => bound,
        Err(error) => return Err(refuse(function, &not_bound(error, &mut models, names))),
    };
    features.check_lengths(function, rows, |row| bound.feature_count(row))?;
    let mut columns = features.read(function, bound.uses())?;
    for column in &mut columns {
        column.broadcast(rows);
    }
    let levels: Vec<_> = columns.iter().map(|column| column.levels().unwrap_or_default()).collect();
    let inputs: Vec<FeatureInput<'_>> =
        columns.iter().zip(&levels).map(|(column, levels)| column.input(levels)).collect();
    if let Err(error) = check_columns(&bound, &inputs) {
        return Err(refuse(function, &not_read(error, &mut models, names, &inputs)));
    }
    run(&bound, names, &inputs)
}

/// What a function says of every row; `None` where the model is NULL.
pub(super) fn values<C: CustomerCall>(inputs: &[Series]) -> PolarsResult<Vec<Option<C::Value>>> {
    let [model, features] =
        arguments_of::<C, _>(inputs).map_err(|error| refuse(C::NAME, &error))?;
    let rows = ResultShape::try_new(C::NAME, inputs)?.rows();
    check_text("model", MODEL_TEXT, model.dtype()).map_err(|error| refuse(C::NAME, &error))?;
    let is_constant = model.len() == 1;
    let texts = Texts::try_new(model)?;
    let mut set = ScorerSet::default();
    let mut readers = Vec::new();
    for (row, text) in texts.iter_rows() {
        let row = (!is_constant).then_some(row);
        let named = |error| refuse(C::NAME, &no_model("model", text, row, &error));
        set.add(Scorer::of_text(text).map_err(named)?);
        readers.push(C::read(text).map_err(named)?);
    }
    // A set gives texts their indices in the order of their codes.
    let codes = texts.code_of_row();
    let models = match (is_constant, set.get(0)) {
        (true, Some(scorer)) => Models::One(Arc::clone(scorer)),
        (true, None) => return Ok((0..rows).map(|_| None).collect()),
        (false, _) => Models::Each(&mut set, codes),
    };
    let code_of = |row: usize| match codes {
        [one] if is_constant => *one,
        codes => codes.get(row).copied().unwrap_or(NO_CODE),
    };
    with_columns(C::NAME, models, features, rows, |_, names, columns| {
        values_of_rows::<C>(&readers, (0..rows).map(code_of), names, columns)
            .map_err(|error| refuse(C::NAME, &error))
    })
}
