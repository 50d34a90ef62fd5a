//! From trained parts to the model: ranges and totals that keep predictions credible, and what the model says of itself.

use super::ceiling::Ceiling;
use super::network::{Linear, Outcome, TrainedNetwork, train_network};
use super::problem::Problem;
use super::regularizer::Regularizer;
use super::sgd::{PartWeights, Parts, Progress};
use super::shrink::{is_near, shrink_amount};
use super::total::{self, Totals, totals};
use super::warm_start;
use super::warnings::{TrainingSummary, network_warning};
use crate::family::Head;
use crate::model::{
    Bounds, Encoding, Feature, Model, OptimizerState, OptionsInForce, Range, Standardizer, Training,
};

/// What a solver leaves.
pub(super) struct Fitted {
    pub(super) parts: Parts,
    /// What the mu head of the parts is in units of.
    pub(super) amount_scale: f64,
    pub(super) regularizer: Regularizer,
    pub(super) progress: Progress,
    /// The mean loss of the training rows.
    pub(super) train_loss: f64,
    pub(super) in_force: OptionsInForce,
    pub(super) state: Option<OptimizerState>,
    /// What the solver has to say.
    pub(super) warnings: Vec<String>,
}

/// The model.
pub(super) fn finish(mut problem: Problem<'_>, mut fitted: Fitted) -> Model {
    let usable_rows = problem.usable.rows;
    let held = hold_rising_numbers(&mut problem, fitted.parts.head(Head::Logit));
    let widened = problem.widened_bounds();
    let mut totals = totals_of(&problem, &fitted, widened, None);
    let ceiling = find_ceiling(&problem, &fitted, widened, &totals);
    let bounds = ceiling.map_or(widened, |ceiling| ceiling.bounds);
    if ceiling.is_some() {
        totals = totals_of(&problem, &fitted, bounds, None);
    }
    let shrunk = shrink_to_total(&problem, &mut fitted, bounds, &totals);
    if shrunk.is_some() {
        totals = totals_of(&problem, &fitted, bounds, None);
    }
    // A ceiling of its own, or that of a prior.
    let is_held = bounds.mu.most < problem.bounds.mu.most || ceiling.is_some();
    let limits = is_held.then(|| bounds.limits());
    let train_loss = if shrunk.is_some() || limits.is_some() || held {
        problem.rows.train_loss(&mut fitted.parts, limits)
    } else {
        fitted.train_loss
    };
    let of_linear = Outcome {
        train_loss,
        validation_loss: problem.rows.validation_loss(&mut fitted.parts, limits),
        validation_rows: (usable_rows - problem.training_rows) as u64,
        totals,
        ceiling,
        shrunk,
    };
    let (network, outcome) = match network_on(&problem, &fitted) {
        None => (None, of_linear),
        Some((network, outcome)) => {
            let shrunk = [outcome.shrunk, shrunk].into_iter().flatten().reduce(f64::min);
            (Some(network), Outcome { shrunk, ..outcome })
        }
    };
    let weights =
        warm_start::save_weights(&fitted.parts, &problem.part_indices, fitted.amount_scale);
    let mut warnings = warnings(&problem, &outcome);
    let Fitted { regularizer, progress, in_force, state, warnings: of_solver, .. } = fitted;
    warnings.extend(of_solver);
    if problem.options.network().is_some() {
        let training = network.as_ref().map(|network| network.training);
        let before = problem.options.init.as_deref().and_then(Model::network);
        warnings.extend(network_warning(training, before.is_some()));
    }
    let objective = outcome.train_loss
        + regularizer.penalty(&weights)
        + regularizer.of_sigma(weights.raw_sigma.intercept)
        + regularizer.drawn;
    let training = training(&problem, progress, outcome, objective, warnings);
    let bounds = outcome.ceiling.map_or(widened, |ceiling| ceiling.bounds);
    let model = Model::new(features(problem), weights, bounds, in_force, training, state);
    match network {
        Some(TrainedNetwork { parts, training, state }) => {
            model.with_network(parts, training, state)
        }
        None => model,
    }
}

/// What the model remembers of its training.
fn training(
    problem: &Problem<'_>,
    progress: Progress,
    outcome: Outcome,
    objective: f64,
    warnings: Vec<String>,
) -> Training {
    let usable = problem.usable;
    Training {
        rows: usable.rows as u64,
        rows_seen: None,
        payers: usable.payers,
        validation_rows: outcome.validation_rows,
        skipped_labels: usable.skipped,
        negative_labels: usable.negative,
        tiny_labels: usable.tiny,
        label_min: Some(usable.payments.least),
        label_max: Some(usable.payments.most),
        weight_sum: problem.weight_sum,
        epochs_run: progress.epochs,
        best_epoch: progress.best_epoch,
        stop_reason: progress.stop,
        train_loss: outcome.train_loss,
        objective,
        validation_loss: outcome.validation_loss,
        prediction_ratio: Some(outcome.totals.ratio).filter(|ratio| ratio.is_finite()),
        warnings,
        history: progress.history,
    }
}

/// The features with their encodings.
fn features(problem: Problem<'_>) -> Vec<Feature> {
    // An adapter knows what came as dates; those of the model that training continues from stay so.
    let known = problem.options.init.as_deref().map(Model::features).unwrap_or_default();
    let unit = |name: &str| known.iter().find(|feature| feature.name == name)?.unit;
    let names = problem.table.features.iter().map(|column| column.name.to_owned());
    let features = names.zip(problem.encodings).map(|(name, encoding)| Feature {
        unit: unit(&name),
        name,
        encoding,
    });
    features.collect()
}

/// The network on top of the linear heads, if there is to be one, and what it comes to.
fn network_on(problem: &Problem<'_>, fitted: &Fitted) -> Option<(TrainedNetwork, Outcome)> {
    let plan = problem.options.network()?;
    let parts = &fitted.parts;
    let linear = Linear {
        table: problem.table,
        usable: problem.usable,
        ordered: &problem.ordered,
        encodings: &problem.encodings,
        heads: total::LinearHeads {
            logit: parts.head(Head::Logit),
            mu: parts.head(Head::Mu),
            raw_sigma: parts.head(Head::RawSigma),
            amount_scale: fitted.amount_scale,
            bounds: problem.widened_bounds(),
        },
        unit: problem.start.mu,
        held_out: problem.options.held_out(),
        seed: problem.options.seed,
        init: problem.options.init.as_deref(),
        keep_state: problem.options.keep_state,
        watch: &problem.watch,
    };
    train_network(&linear, plan)
}

/// Has the logit head hold a number where it would rise beyond all payers: nobody out there paid. Returns whether that
/// changes anything for the rows.
fn hold_rising_numbers(problem: &mut Problem<'_>, logit: &[f64]) -> bool {
    let mut held = false;
    let numbers = problem.encodings.iter_mut().filter_map(|encoding| match encoding {
        Encoding::Numeric { mean, scale, range: Some(range), payer_range: Some(payers) } => {
            Some((*mean, *scale, range, *payers))
        }
        _ => None,
    });
    for (column, (mean, scale, range, payers)) in numbers.enumerate() {
        let weight = logit.get(1 + column).copied().unwrap_or_default();
        let rises = rising_range(*range, payers, weight);
        if rises == *range {
            continue;
        }
        *range = rises;
        let standard = Standardizer::new(mean, scale);
        let ends = [rises.least, rises.most].map(|end| standard.end(end));
        // The held-out rows of the logit head's part come first.
        let rows = &mut problem.rows;
        for packed in rows.validation.first_mut().into_iter().chain([&mut rows.training]) {
            held |= packed.hold(column, ends);
        }
    }
    held
}

/// The range within which the logit head holds a number of this weight: where it would rise, only as far as payers are.
pub(super) fn rising_range(range: Range, payers: Range, weight: f64) -> Range {
    if weight > 0.0 {
        Range { most: payers.most, ..range }
    } else if weight < 0.0 {
        Range { least: payers.least, ..range }
    } else {
        range
    }
}

/// Where the amount is to be held because the total of the training rows is too high. A campaign that is drawn to a prior
/// keeps the ceiling of all: by itself it may have paid little by chance.
fn find_ceiling(
    problem: &Problem<'_>,
    fitted: &Fitted,
    bounds: Bounds,
    totals: &Totals,
) -> Option<Ceiling> {
    // A loss that is no number is not to be mended, but to be refused.
    if problem.options.prior().is_some() || !fitted.train_loss.is_finite() {
        return None;
    }
    Ceiling::find(bounds, totals, |bounds| totals_of(problem, fitted, bounds, None))
}

/// Keeps the total of the training rows near what they paid; returns what the weights of the amount were multiplied by,
/// if they were. A model that training continues from has seen other rows, and is left as it is.
fn shrink_to_total(
    problem: &Problem<'_>,
    fitted: &mut Fitted,
    bounds: Bounds,
    totals: &Totals,
) -> Option<f64> {
    if problem.options.init.is_some() || is_near(totals.ratio) {
        return None;
    }
    let mut amount = fitted.parts.weights_with(Head::Mu)?.clone();
    let intercepts = [problem.start.mu / fitted.amount_scale, problem.start.raw_sigma];
    let ratio = |amount: &PartWeights| totals_of(problem, fitted, bounds, Some(amount)).ratio;
    let shrunk = shrink_amount(&mut amount, intercepts, &problem.payer_means, ratio);
    *fitted.parts.weights_with(Head::Mu)? = amount;
    shrunk
}

/// What the model predicts for its training rows within bounds, with other weights of the amount if they are given.
fn totals_of(
    problem: &Problem<'_>,
    fitted: &Fitted,
    bounds: Bounds,
    amount: Option<&PartWeights>,
) -> Totals {
    let parts = &fitted.parts;
    let heads = total::LinearHeads {
        logit: parts.head(Head::Logit),
        mu: amount.map_or_else(|| parts.head(Head::Mu), |amount| amount.head(0)),
        raw_sigma: amount.map_or_else(|| parts.head(Head::RawSigma), |amount| amount.head(1)),
        amount_scale: fitted.amount_scale,
        bounds,
    };
    totals(problem.packed(), &problem.encodings, &heads, problem.start.mu)
}

fn warnings(problem: &Problem<'_>, outcome: &Outcome) -> Vec<String> {
    let seen = TrainingSummary {
        payers: problem.usable.payers,
        tiny: problem.usable.tiny,
        min_payment: problem.usable.min_payment,
        weights: problem.packed().inputs.width() - 1,
        names: problem.table.features.iter().map(|feature| feature.name).collect(),
        encodings: &problem.encodings,
        ranges: &problem.ranges,
        totals: outcome.totals,
        max_sigma: problem.bounds.max_sigma,
        ceiling: outcome.ceiling,
        shrunk: outcome.shrunk,
    };
    seen.warnings()
}
