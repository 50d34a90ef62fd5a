//! Continuing from a given model.

use std::collections::HashMap;

use super::options::Options;
use super::part_indices::known_part_indices;
use super::problem::Problem;
use super::rows::Table;
use super::sgd::{ModelPart, Parts};
use crate::error::quoted;
use crate::family::Head;
use crate::model::{
    Encoding, Feature, HeadState, HeadWeights, Model, Network, OptimizerState, Weights,
};
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
            return Err(refuse(format!("one without the feature `{}`", quoted(column.name))));
        };
        let categorical = matches!(feature.encoding, Encoding::Categorical { .. });
        if categorical != column.levels.is_some() {
            let kind = if categorical { "category" } else { "number" };
            return Err(refuse(format!("one in which `{}` is a {kind}", quoted(column.name))));
        }
        features.push((*feature).clone());
    }
    if let Some(extra) = model
        .features()
        .iter()
        .find(|feature| !table.features.iter().any(|column| column.name == feature.name))
    {
        return Err(refuse(format!("one that also has the feature `{}`", quoted(&extra.name))));
    }
    Ok(Some(features))
}

/// Refuses a model whose network would be lost: the exact fits train linear heads only.
///
/// # Errors
/// [`Error::Option`] that says so.
pub(super) fn check_linear(options: &Options) -> Result<()> {
    let network = options.init.as_deref().and_then(Model::network);
    network.map_or(Ok(()), |network| {
        Err(wrong_layers(network, "a model without hidden layers".to_owned()))
    })
}

/// The same of a training by steps: without hidden layers only the linear heads are trained, and with others there is
/// nothing to continue.
///
/// # Errors
/// [`Error::Option`] that says so.
pub(super) fn check_network(options: &Options) -> Result<()> {
    let Some(network) = options.init.as_deref().and_then(Model::network) else { return Ok(()) };
    let expected = match options.network() {
        Some(plan) if plan.hidden() == network.units() => return Ok(()),
        Some(plan) => {
            format!("a model without hidden layers, or with those to train, {:?}", plan.hidden())
        }
        None => "a model without hidden layers, or hidden layers to train".to_owned(),
    };
    Err(wrong_layers(network, expected))
}

fn wrong_layers(network: &Network, expected: String) -> Error {
    let got = format!("a model with hidden layers {:?}", network.units());
    Error::Option { option: "init".to_owned(), expected, got }
}

/// A model of finite numbers, or none.
///
/// # Errors
/// [`Error::Option`] if it continues from a model with weights so large that training from them overflows.
pub(super) fn finite(model: Model, options: &Options) -> Result<Option<Model>> {
    if model.is_finite() {
        return Ok(Some(model));
    }
    if !options.has_init() {
        return Ok(None);
    }
    Err(Error::Option {
        option: "init".to_owned(),
        expected: "a model from which training comes to finite numbers".to_owned(),
        got: "one with numbers that are too large".to_owned(),
    })
}

/// The weights of the heads as a model has them, with mu in units of 1 instead of `amount_scale`.
pub(super) fn save_weights(parts: &Parts, part_indices: &[usize], amount_scale: f64) -> Weights {
    let head = |head: Head| {
        let weights = parts.head(head);
        let unit = unit(head, amount_scale);
        let value = |index: usize| unit * weights.get(index).copied().unwrap_or(0.0);
        HeadWeights {
            intercept: value(0),
            weights: part_indices.iter().map(|&index| value(index)).collect(),
        }
    };
    Weights { logit: head(Head::Logit), mu: head(Head::Mu), raw_sigma: head(Head::RawSigma) }
}

/// What a part measures a head in.
fn unit(head: Head, amount_scale: f64) -> f64 {
    if head == Head::Mu { amount_scale } else { 1.0 }
}

/// The optimiser's state after `epochs` epochs, as a model keeps it.
pub(super) fn save_state(
    options: &Options,
    epochs: u64,
    amount_scale: f64,
    parts: &Parts,
    part_indices: &[usize],
) -> OptimizerState {
    let mut state = OptimizerState::new(options.optimizer.name(), epochs, amount_scale);
    for part in parts.iter() {
        let weights = part.weights();
        for (index, &head) in part.heads().iter().enumerate() {
            // The averages of the intercept, then of the weights; nothing if the optimiser keeps none.
            let averages = |all: &[f64], kept: bool| -> Vec<f64> {
                let head = all.chunks_exact(weights.width).nth(index).unwrap_or(&[]);
                let value = |index: usize| head.get(index).copied().unwrap_or(0.0);
                let part_indices = std::iter::once(0).chain(part_indices.iter().copied());
                if kept { part_indices.map(value).collect() } else { Vec::new() }
            };
            *state.head_mut(head) = HeadState {
                first: averages(&weights.first, options.optimizer.keeps_first()),
                second: averages(&weights.second, options.optimizer.keeps_second()),
            };
            state.set_steps(head, weights.steps, &weights.level_steps);
        }
    }
    state
}

/// Epochs behind the state that training continues with.
pub(super) fn epochs_before(options: &Options) -> u64 {
    usable_state(options).map_or(0, |state| state.epochs)
}

/// Writes the weights of the model to continue from over those of a part's new start, and the optimiser's averages if the
/// model kept them and they are of the same optimiser.
pub(super) fn resume(problem: &Problem<'_>, amount_scale: f64, part: &mut dyn ModelPart) {
    let Some(model) = problem.options.init.as_deref() else { return };
    let known = known_part_indices(model, problem.table, &problem.encodings, &problem.part_indices);
    let is_level: Vec<bool> = model
        .features()
        .iter()
        .flat_map(|feature| {
            let is_level = matches!(feature.encoding, Encoding::Categorical { .. });
            std::iter::repeat_n(is_level, feature.encoding.width())
        })
        .collect();
    let state = usable_state(problem.options);
    let heads = part.heads().to_vec();
    let weights = part.weights_mut();
    let width = weights.width;
    for (index, head) in heads.into_iter().enumerate() {
        let of_head = index * width..(index + 1) * width;
        let HeadWeights { intercept, weights: values } = model.head_weights().head(head);
        let unit = unit(head, amount_scale);
        let slots = weights.values.get_mut(of_head.clone()).unwrap_or_default();
        load(*intercept / unit, values.iter().map(|value| value / unit), &known, slots);
        let Some(state) = state else { continue };
        let HeadState { first, second } = state.head(head);
        for (values, all) in [(first, &mut weights.first), (second, &mut weights.second)] {
            if let ([intercept, values @ ..], Some(slots)) =
                (&**values, all.get_mut(of_head.clone()))
            {
                load(*intercept, values.iter().copied(), &known, slots);
            }
        }
        weights.steps = state.steps(head);
        let first_level = 1 + problem.packed().inputs.number_count;
        let levels = known.iter().zip(&is_level).filter(|(_, is_level)| **is_level);
        for ((index, _), &steps) in levels.zip(state.level_steps(head)) {
            let level = index.and_then(|index| index.checked_sub(first_level));
            if let Some(slot) = level.and_then(|level| weights.level_steps.get_mut(level)) {
                *slot = steps;
            }
        }
    }
}

/// Writes an intercept and weights into a head of a part, each weight to its index if it has one.
pub(super) fn load(
    intercept: f64,
    values: impl Iterator<Item = f64>,
    part_indices: &[Option<usize>],
    out: &mut [f64],
) {
    if let Some(slot) = out.first_mut() {
        *slot = intercept;
    }
    for (value, &index) in values.zip(part_indices) {
        if let Some(slot) = index.and_then(|index| out.get_mut(index)) {
            *slot = value;
        }
    }
}

/// The state of the model to continue from, if it is of the optimiser in use.
pub(super) fn usable_state(options: &Options) -> Option<&OptimizerState> {
    let state = options.init.as_deref()?.optimizer_state()?;
    (state.optimizer == options.optimizer.name()).then_some(state)
}
