//! Continuing from a given model.

use std::collections::HashMap;

use super::options::Options;
use super::pack::Packed;
use super::part::PartValues;
use super::table::Table;
use crate::error::shortened;
use crate::model::{Encoding, Feature, Head, HeadState, HeadWeights, Model, OptimizerState};
use crate::{Error, Result};

/// The features of the model to continue from, in the order of the table's.
///
/// # Errors
/// [`Error::Option`] if the table's features are not those of the model.
pub(super) fn known_features(table: &Table<'_>, options: &Options) -> Result<Option<Vec<Feature>>> {
    let Some(model) = &options.init else { return Ok(None) };
    let refuse = |got: String| Error::Option {
        option: "init".to_owned(),
        expected: "a model with the features of this training".to_owned(),
        got,
    };
    let by_name: HashMap<&str, &Feature> =
        model.features().iter().map(|feature| (feature.name.as_str(), feature)).collect();
    let mut features = Vec::with_capacity(table.features.len());
    for column in &table.features {
        let Some(feature) = by_name.get(column.name) else {
            return Err(refuse(format!("one without the feature `{}`", shortened(column.name))));
        };
        let categorical = matches!(feature.encoding, Encoding::Categorical { .. });
        if categorical != column.levels.is_some() {
            let kind = if categorical { "category" } else { "number" };
            return Err(refuse(format!("one in which `{}` is a {kind}", shortened(column.name))));
        }
        features.push((*feature).clone());
    }
    if let Some(extra) = model
        .features()
        .iter()
        .find(|feature| !table.features.iter().any(|column| column.name == feature.name))
    {
        return Err(refuse(format!("one that also has the feature `{}`", shortened(&extra.name))));
    }
    Ok(Some(features))
}

/// Where each weight of a model's head stands in a head of a part, the intercept left out.
///
/// A model has its weights in the order of the features; a part has the numbers first, then the levels.
pub(super) fn places(encodings: &[Encoding], packed: &Packed) -> Vec<usize> {
    let mut number = 1;
    let mut level = 1 + packed.number_count;
    let mut places = Vec::with_capacity(packed.number_count + packed.level_count);
    for encoding in encodings {
        let next = match encoding {
            Encoding::Numeric { .. } => &mut number,
            Encoding::Categorical { .. } => &mut level,
        };
        places.extend(*next..*next + encoding.width());
        *next += encoding.width();
    }
    places
}

/// Where each weight of the model to continue from stands in a head of a part; weights of features in another
/// order, and levels between which new ones came, are found by name.
pub(super) fn places_of_known(
    model: &Model,
    table: &Table<'_>,
    encodings: &[Encoding],
    places: &[usize],
) -> Vec<usize> {
    let mut of_name: HashMap<(&str, Option<&str>), usize> = HashMap::new();
    let mut rest = places.iter().copied();
    for (column, encoding) in table.features.iter().zip(encodings) {
        match encoding {
            Encoding::Numeric { .. } => {
                of_name.extend(rest.next().map(|place| ((column.name, None), place)));
            }
            Encoding::Categorical { levels, .. } => {
                for (level, place) in levels.iter().zip(rest.by_ref()) {
                    of_name.insert((column.name, level.as_deref()), place);
                }
            }
        }
    }
    let names = model.features().iter().flat_map(|feature| {
        let levels: Vec<Option<&str>> = match &feature.encoding {
            Encoding::Numeric { .. } => vec![None],
            Encoding::Categorical { levels, .. } => levels.iter().map(Option::as_deref).collect(),
        };
        levels.into_iter().map(|level| (feature.name.as_str(), level))
    });
    // Every feature and level of the model is among the encodings, so none is missing.
    names.map(|name| of_name.get(&name).copied().unwrap_or(0)).collect()
}

/// The weights of a head, written into a part's; `unit` is what the part measures the head in.
pub(super) fn load_weights(weights: &HeadWeights, places: &[usize], unit: f64, out: &mut [f64]) {
    load(weights.intercept, &weights.weights, places, unit, out);
}

/// The optimiser's averages of a head, written into a part's.
pub(super) fn load_state(values: &[f64], places: &[usize], out: &mut [f64]) {
    if let [intercept, weights @ ..] = values {
        load(*intercept, weights, places, 1.0, out);
    }
}

fn load(intercept: f64, weights: &[f64], places: &[usize], unit: f64, out: &mut [f64]) {
    if let Some(slot) = out.first_mut() {
        *slot = intercept / unit;
    }
    for (weight, &place) in weights.iter().zip(places) {
        if let Some(slot) = out.get_mut(place) {
            *slot = weight / unit;
        }
    }
}

/// A head of a part as a model has it.
pub(super) fn save_weights(head: &[f64], places: &[usize], unit: f64) -> HeadWeights {
    let value = |place: usize| unit * head.get(place).copied().unwrap_or(0.0);
    HeadWeights { intercept: value(0), weights: places.iter().map(|&place| value(place)).collect() }
}

/// Averages of a head of a part as a model has them; nothing if the optimiser keeps none.
fn save_averages(kept: bool, head: &[f64], places: &[usize]) -> Vec<f64> {
    if !kept {
        return Vec::new();
    }
    let value = |place: usize| head.get(place).copied().unwrap_or(0.0);
    std::iter::once(0).chain(places.iter().copied()).map(value).collect()
}

/// The state of one head.
fn save_head(options: &Options, values: &PartValues, head: usize, places: &[usize]) -> HeadState {
    let of = |all: &[f64], kept| {
        let head = all.chunks_exact(values.width).nth(head).unwrap_or(&[]);
        save_averages(kept, head, places)
    };
    HeadState {
        first: of(&values.first, options.optimizer.keeps_first()),
        second: of(&values.second, options.optimizer.keeps_second()),
    }
}

/// The optimiser's state after `epochs` epochs, as a model keeps it.
pub(super) fn save_state(
    options: &Options,
    epochs: u64,
    amount_scale: f64,
    paying: &PartValues,
    amount: &PartValues,
    places: &[usize],
) -> OptimizerState {
    OptimizerState {
        optimizer: options.optimizer.name().to_owned(),
        epochs,
        steps: paying.steps.max(amount.steps),
        amount_scale,
        logit: save_head(options, paying, 0, places),
        mu: save_head(options, amount, 0, places),
        raw_sigma: save_head(options, amount, 1, places),
        level_steps_logit: paying.level_steps.clone(),
        level_steps_amount: amount.level_steps.clone(),
    }
}

/// What training continues with: the weights of the given model and, if it kept them, the optimiser's averages.
pub(super) struct Resumed {
    pub(super) paying: PartValues,
    pub(super) amount: PartValues,
    /// Epochs behind the state.
    pub(super) epochs: u64,
}

/// Writes the given model's weights, and its state if it is of the same optimiser, over those of a new start.
pub(super) fn resume(
    model: &Model,
    options: &Options,
    known: &[usize],
    amount_scale: f64,
    packed: &Packed,
    (mut paying, mut amount): (PartValues, PartValues),
) -> Resumed {
    let weights = model.head_weights();
    for (head, unit) in [(Head::Logit, 1.0), (Head::Mu, amount_scale), (Head::RawSigma, 1.0)] {
        let (values, place) = match head {
            Head::Logit => (&mut paying, 0),
            Head::Mu => (&mut amount, 0),
            Head::RawSigma => (&mut amount, 1),
        };
        let width = values.width;
        if let Some(out) = values.weights.chunks_exact_mut(width).nth(place) {
            load_weights(weights.head(head), known, unit, out);
        }
    }
    let mut epochs = 0;
    let state = usable_state(model, options);
    if let Some(state) = state {
        epochs = state.epochs;
        let heads = [&state.logit, &state.mu, &state.raw_sigma];
        let parts = [(0, 0), (1, 0), (1, 1)];
        for (state, (part, head)) in heads.into_iter().zip(parts) {
            let values = if part == 0 { &mut paying } else { &mut amount };
            let width = values.width;
            if let Some(out) = values.first.chunks_exact_mut(width).nth(head) {
                load_state(&state.first, known, out);
            }
            if let Some(out) = values.second.chunks_exact_mut(width).nth(head) {
                load_state(&state.second, known, out);
            }
        }
        let levels: Vec<usize> =
            known.iter().filter_map(|place| place.checked_sub(1 + packed.number_count)).collect();
        let counts =
            [(&mut paying, &state.level_steps_logit), (&mut amount, &state.level_steps_amount)];
        for (values, steps) in counts {
            values.steps = state.steps;
            for (&level, &steps) in levels.iter().zip(steps) {
                if let Some(slot) = values.level_steps.get_mut(level) {
                    *slot = steps;
                }
            }
        }
    }
    Resumed { paying, amount, epochs }
}

/// The state of the model to continue from, if it is of the optimiser in use.
pub(super) fn usable_state<'a>(model: &'a Model, options: &Options) -> Option<&'a OptimizerState> {
    model.optimizer_state().filter(|state| state.optimizer == options.optimizer.name())
}
