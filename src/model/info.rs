//! What a model says about itself, flat: the fields of `ziln_model_info`.

use super::document::Model;
use super::network::{LayerWeights, NetworkTraining};
use super::training::{StopReason, Training};
use crate::record::{
    Entry, Field, FieldValue, Record, Sealed, fields, integer, number, numbers, text, texts, values,
};

/// What happened in training and the options in force.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelInfo {
    values: Vec<FieldValue>,
}

impl Model {
    /// What happened in training and the options in force, as one flat record.
    pub fn info(&self) -> ModelInfo {
        ModelInfo { values: values(&INFO, self) }
    }
}

impl ModelInfo {
    /// The value of the field of that name.
    pub fn get(&self, name: &str) -> Option<&FieldValue> {
        let index = Self::FIELDS.iter().position(|field| field.name == name)?;
        self.values.get(index)
    }
}

impl Sealed for ModelInfo {}

impl Record for ModelInfo {
    const FIELDS: &'static [Field] = &fields(&INFO);

    fn into_values(self) -> Vec<FieldValue> {
        self.values
    }
}

/// The one list of the fields.
const INFO: [Entry<Model>; 48] = [
    integer("format_version", "version of the model text", |m| Some(u64::from(m.format_version()))),
    integer("features", "features the model was trained on", |m| Some(m.features().len() as u64)),
    integer("rows", "rows trained on or held out", |m| Some(m.training().rows)),
    integer(
        "rows_seen",
        "usable rows that the rows are a sample of; NULL without option max_rows",
        |m| m.training().rows_seen,
    ),
    integer("payers", "rows with a label of at least min_payment", |m| Some(m.training().payers)),
    integer("validation_rows", "rows held out for early stopping", |m| {
        Some(m.training().validation_rows)
    }),
    integer("skipped_labels", "rows skipped for a NaN or infinite label", |m| {
        Some(m.training().skipped_labels)
    }),
    integer("negative_labels", "rows whose negative label counted as 0", |m| {
        Some(m.training().negative_labels)
    }),
    integer("tiny_labels", "rows whose label below min_payment counted as 0", |m| {
        Some(m.training().tiny_labels)
    }),
    number("label_min", "least payment", |m| m.training().label_min),
    number("label_max", "greatest payment", |m| m.training().label_max),
    number("weight_sum", "sum of the rows' weights", |m| Some(m.training().weight_sum)),
    integer("epochs_run", "epochs run, of the network if there is one", |m| {
        Some(of_network(m).map_or(m.training().epochs_run, |network| network.epochs_run))
    }),
    integer(
        "best_epoch",
        "epoch whose weights the model has, or its network if there is one; 0 if that adds nothing",
        |m| Some(of_network(m).map_or(m.training().best_epoch, |network| network.best_epoch)),
    ),
    text(
        "stop_reason",
        "why training stopped, of the network if there is one: epochs, patience, diverged, converged, max_iterations or unfinished",
        |m| Some(stop_reason(m).name()),
    ),
    number("train_loss", "mean loss of the training rows", |m| Some(m.training().train_loss)),
    number("objective", "mean training loss plus penalty", |m| Some(m.training().objective)),
    number("validation_loss", "mean loss of the held-out rows", |m| m.training().validation_loss),
    number("prediction_ratio", "predicted over actual total of the training rows", |m| {
        m.training().prediction_ratio
    }),
    texts("warnings", "what to look at before trusting the model", |m| {
        Some(&m.training().warnings)
    }),
    numbers("history_epoch", "epochs of the loss history, which is of the linear heads", |m| {
        let epochs = &m.training().history.epoch;
        Some(epochs.iter().map(|&epoch| epoch as f64).collect())
    }),
    numbers("history_train", "mean training loss while the epoch ran", |m| {
        Some(m.training().history.train.clone())
    }),
    numbers("history_validation", "mean held-out loss after the epoch", |m| {
        let losses = &m.training().history.validation;
        (!losses.is_empty()).then(|| losses.clone())
    }),
    integer("epochs", "option epochs, of the network if there is one", |m| {
        Some(of_network(m).map_or(m.options().epochs, |network| network.epochs))
    }),
    integer("batch_size", "option batch_size, of the network if there is one", |m| {
        Some(of_network(m).map_or(m.options().batch_size, |network| network.batch_size))
    }),
    number("learning_rate", "option learning_rate, of the network if there is one", |m| {
        Some(of_network(m).map_or(m.options().learning_rate, |network| network.learning_rate))
    }),
    text("optimizer", "option optimizer", |m| Some(&m.options().optimizer)),
    text("schedule", "option schedule", |m| Some(&m.options().schedule)),
    number("l2_logit", "option l2 of the logit head", |m| Some(m.options().l2.logit)),
    number("l2_mu", "option l2 of the mu head", |m| Some(m.options().l2.mu)),
    number("l2_raw_sigma", "option l2 of the raw_sigma head", |m| Some(m.options().l2.raw_sigma)),
    number("clip_norm", "option clip_norm, NULL for none", |m| m.options().clip_norm),
    integer("seed", "option seed", |m| Some(m.options().seed)),
    number(
        "validation_fraction",
        "option validation_fraction; the share of the rows that were held out if there is a network",
        |m| Some(validation_fraction(m)),
    ),
    integer("patience", "option patience, of the network if there is one", |m| {
        Some(of_network(m).map_or(m.options().patience, |network| network.patience))
    }),
    number("max_sigma", "option max_sigma", |m| Some(m.max_sigma())),
    number("min_payment", "option min_payment", |m| m.options().min_payment),
    number(
        "sigma_prior_weight",
        "imagined payers of the prior of sigma, as a share of the rows; NULL for no prior",
        |m| m.options().sigma_prior.map(|prior| prior.weight),
    ),
    number("sigma_prior_spread", "how far their ln(label) lie from mu", |m| {
        m.options().sigma_prior.map(|prior| prior.spread)
    }),
    integer("min_count", "option min_count", |m| Some(m.options().min_count)),
    integer("max_rows", "option max_rows, NULL for none", |m| m.options().max_rows),
    numbers("hidden", "option hidden: units of each hidden layer; NULL for none", |m| {
        let units = |layer: &LayerWeights| layer.biases.len() as f64;
        m.network().map(|network| network.layers.iter().map(units).collect())
    }),
    number("dropout", "share of the units that a step did without; NULL without a network", |m| {
        of_network(m).map(|network| network.dropout)
    }),
    number("decay", "what a step took off a weight of the network; NULL without one", |m| {
        of_network(m).map(|network| network.decay)
    }),
    number(
        "mended_total",
        "predicted over actual total before the network's amounts were moved for its sake; NULL if they were not",
        |m| of_network(m).and_then(|network| network.total).map(|t| t.ratio),
    ),
    integer("init", "1 if training continued from a given model, else 0", |m| {
        Some(u64::from(m.options().init))
    }),
    integer("keep_state", "1 if the optimiser's state is in the model, else 0", |m| {
        Some(u64::from(m.optimizer_state().is_some()))
    }),
    integer("weights", "weights of a head, without the intercept", |m| {
        Some(m.head_weights().logit.weights.len() as u64)
    }),
];

fn of_network(model: &Model) -> Option<NetworkTraining> {
    model.network().and_then(|network| network.training)
}

/// Why the training of the network stopped, or of the linear heads if there is none.
fn stop_reason(model: &Model) -> StopReason {
    match of_network(model) {
        None => model.training().stop_reason,
        Some(NetworkTraining { epochs, epochs_run, .. }) if epochs_run >= epochs => {
            StopReason::Epochs
        }
        Some(NetworkTraining { epochs_run, best_epoch, patience, .. }) => {
            if epochs_run - best_epoch.min(epochs_run) >= patience {
                StopReason::Patience
            } else {
                StopReason::Diverged
            }
        }
    }
}

fn validation_fraction(model: &Model) -> f64 {
    let Training { rows, validation_rows, .. } = model.training();
    match of_network(model) {
        Some(_) if *rows > 0 => *validation_rows as f64 / *rows as f64,
        _ => model.options().validation_fraction,
    }
}
