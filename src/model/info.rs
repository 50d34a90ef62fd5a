//! What a model says about itself, flat: the fields of `ziln_model_info`.

use super::document::Model;
use super::network::{LayerWeights, NetworkTraining};
use super::training::{StopReason, Training};
use crate::record::{Field, FieldType, FieldValue, Record, Sealed};

/// What happened in training and the options in force.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelInfo {
    values: Vec<FieldValue>,
}

impl Model {
    /// What happened in training and the options in force, as one flat record.
    pub fn info(&self) -> ModelInfo {
        ModelInfo { values: INFO.iter().map(|(_, value)| value(self)).collect() }
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
    const FIELDS: &'static [Field] = &FIELDS;

    fn into_values(self) -> Vec<FieldValue> {
        self.values
    }
}

/// A field and how it is read from a model: the one list of the fields.
type Entry = (Field, fn(&Model) -> FieldValue);

const fn entry(
    name: &'static str,
    field_type: FieldType,
    description: &'static str,
    value: fn(&Model) -> FieldValue,
) -> Entry {
    (Field { name, field_type, description }, value)
}

use FieldType::{Integer, Number, Numbers, Text, Texts};

const INFO: [Entry; 48] = [
    entry("format_version", Integer, "version of the model text", |m| {
        integer(u64::from(m.format_version()))
    }),
    entry("features", Integer, "features the model was trained on", |m| {
        integer(m.features().len() as u64)
    }),
    entry("rows", Integer, "rows trained on or held out", |m| integer(m.training().rows)),
    entry(
        "rows_seen",
        Integer,
        "usable rows that the rows are a sample of; NULL without option max_rows",
        |m| optional(m.training().rows_seen),
    ),
    entry("payers", Integer, "rows with a label of at least min_payment", |m| {
        integer(m.training().payers)
    }),
    entry("validation_rows", Integer, "rows held out for early stopping", |m| {
        integer(m.training().validation_rows)
    }),
    entry("skipped_labels", Integer, "rows skipped for a NaN or infinite label", |m| {
        integer(m.training().skipped_labels)
    }),
    entry("negative_labels", Integer, "rows whose negative label counted as 0", |m| {
        integer(m.training().negative_labels)
    }),
    entry("tiny_labels", Integer, "rows whose label below min_payment counted as 0", |m| {
        integer(m.training().tiny_labels)
    }),
    entry("label_min", Number, "least payment", |m| FieldValue::Number(m.training().label_min)),
    entry("label_max", Number, "greatest payment", |m| FieldValue::Number(m.training().label_max)),
    entry("weight_sum", Number, "sum of the rows' weights", |m| number(m.training().weight_sum)),
    entry("epochs_run", Integer, "epochs run, of the network if there is one", |m| {
        integer(of_network(m).map_or(m.training().epochs_run, |network| network.epochs_run))
    }),
    entry(
        "best_epoch",
        Integer,
        "epoch whose weights the model has, or its network if there is one; 0 if that adds nothing",
        |m| integer(of_network(m).map_or(m.training().best_epoch, |network| network.best_epoch)),
    ),
    entry(
        "stop_reason",
        Text,
        "why training stopped, of the network if there is one: epochs, patience, diverged, converged, max_iterations or unfinished",
        |m| text(stop_reason(m).name()),
    ),
    entry("train_loss", Number, "mean loss of the training rows", |m| {
        number(m.training().train_loss)
    }),
    entry("objective", Number, "mean training loss plus penalty", |m| {
        number(m.training().objective)
    }),
    entry("validation_loss", Number, "mean loss of the held-out rows", |m| {
        FieldValue::Number(m.training().validation_loss)
    }),
    entry("prediction_ratio", Number, "predicted over actual total of the training rows", |m| {
        FieldValue::Number(m.training().prediction_ratio)
    }),
    entry("warnings", Texts, "what to look at before trusting the model", |m| {
        FieldValue::Texts(Some(m.training().warnings.clone()))
    }),
    entry(
        "history_epoch",
        Numbers,
        "epochs of the loss history, which is of the linear heads",
        |m| {
            let epochs = &m.training().history.epoch;
            FieldValue::Numbers(Some(epochs.iter().map(|&epoch| epoch as f64).collect()))
        },
    ),
    entry("history_train", Numbers, "mean training loss while the epoch ran", |m| {
        FieldValue::Numbers(Some(m.training().history.train.clone()))
    }),
    entry("history_validation", Numbers, "mean held-out loss after the epoch", |m| {
        let losses = &m.training().history.validation;
        FieldValue::Numbers((!losses.is_empty()).then(|| losses.clone()))
    }),
    entry("epochs", Integer, "option epochs, of the network if there is one", |m| {
        integer(of_network(m).map_or(m.options().epochs, |network| network.epochs))
    }),
    entry("batch_size", Integer, "option batch_size, of the network if there is one", |m| {
        integer(of_network(m).map_or(m.options().batch_size, |network| network.batch_size))
    }),
    entry("learning_rate", Number, "option learning_rate, of the network if there is one", |m| {
        number(of_network(m).map_or(m.options().learning_rate, |network| network.learning_rate))
    }),
    entry("optimizer", Text, "option optimizer", |m| text(&m.options().optimizer)),
    entry("schedule", Text, "option schedule", |m| text(&m.options().schedule)),
    entry("l2_logit", Number, "option l2 of the logit head", |m| number(m.options().l2.logit)),
    entry("l2_mu", Number, "option l2 of the mu head", |m| number(m.options().l2.mu)),
    entry("l2_raw_sigma", Number, "option l2 of the raw_sigma head", |m| {
        number(m.options().l2.raw_sigma)
    }),
    entry("clip_norm", Number, "option clip_norm, NULL for none", |m| {
        FieldValue::Number(m.options().clip_norm)
    }),
    entry("seed", Integer, "option seed", |m| integer(m.options().seed)),
    entry(
        "validation_fraction",
        Number,
        "option validation_fraction; the share of the rows that were held out if there is a network",
        |m| number(validation_fraction(m)),
    ),
    entry("patience", Integer, "option patience, of the network if there is one", |m| {
        integer(of_network(m).map_or(m.options().patience, |network| network.patience))
    }),
    entry("max_sigma", Number, "option max_sigma", |m| number(m.max_sigma())),
    entry("min_payment", Number, "option min_payment", |m| {
        FieldValue::Number(m.options().min_payment)
    }),
    entry(
        "sigma_prior_weight",
        Number,
        "imagined payers of the prior of sigma, as a share of the rows; NULL for no prior",
        |m| FieldValue::Number(m.options().sigma_prior.map(|prior| prior.weight)),
    ),
    entry("sigma_prior_spread", Number, "how far their ln(label) lie from mu", |m| {
        FieldValue::Number(m.options().sigma_prior.map(|prior| prior.spread))
    }),
    entry("min_count", Integer, "option min_count", |m| integer(m.options().min_count)),
    entry("max_rows", Integer, "option max_rows, NULL for none", |m| {
        optional(m.options().max_rows)
    }),
    entry("hidden", Numbers, "option hidden: units of each hidden layer; NULL for none", |m| {
        let units = |layer: &LayerWeights| layer.biases.len() as f64;
        FieldValue::Numbers(m.network().map(|network| network.layers.iter().map(units).collect()))
    }),
    entry(
        "dropout",
        Number,
        "share of the units that a step did without; NULL without a network",
        |m| FieldValue::Number(of_network(m).map(|network| network.dropout)),
    ),
    entry("decay", Number, "what a step took off a weight of the network; NULL without one", |m| {
        FieldValue::Number(of_network(m).map(|network| network.decay))
    }),
    entry(
        "mended_total",
        Number,
        "predicted over actual total before the network's amounts were moved for its sake; NULL if they were not",
        |m| FieldValue::Number(of_network(m).and_then(|network| network.total).map(|t| t.ratio)),
    ),
    entry("init", Integer, "1 if training continued from a given model, else 0", |m| {
        integer(u64::from(m.options().init))
    }),
    entry("keep_state", Integer, "1 if the optimiser's state is in the model, else 0", |m| {
        integer(u64::from(m.optimizer_state().is_some()))
    }),
    entry("weights", Integer, "weights of a head, without the intercept", |m| {
        integer(m.head_weights().logit.weights.len() as u64)
    }),
];

const FIELDS: [Field; INFO.len()] = fields();

const fn fields() -> [Field; INFO.len()] {
    let mut fields = [INFO[0].0; INFO.len()];
    let mut index = 0;
    while index < INFO.len() {
        fields[index] = INFO[index].0;
        index += 1;
    }
    fields
}

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

fn integer(value: u64) -> FieldValue {
    FieldValue::Integer(Some(i64::try_from(value).unwrap_or(i64::MAX)))
}

fn optional(value: Option<u64>) -> FieldValue {
    FieldValue::Integer(value.map(|value| i64::try_from(value).unwrap_or(i64::MAX)))
}

fn number(value: f64) -> FieldValue {
    FieldValue::Number(Some(value))
}

fn text(value: &str) -> FieldValue {
    FieldValue::Text(Some(value.to_owned()))
}
