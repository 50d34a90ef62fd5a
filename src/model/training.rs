//! What a model remembers of its training.

use serde::{Deserialize, Serialize};

use crate::family::SigmaPrior;

/// The options that were in force, with every automatic one as it was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OptionsInForce {
    /// Passes over the rows, at most.
    pub epochs: u64,
    /// Rows a step.
    pub batch_size: u64,
    /// The learning rate before the schedule.
    pub learning_rate: f64,
    /// The optimiser's name.
    pub optimizer: String,
    /// The schedule's name.
    pub schedule: String,
    /// The penalty of each head.
    pub l2: L2,
    /// The greatest norm of a gradient, if one was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// The seed of the canonical order.
    pub seed: u64,
    /// The share of the rows held out for early stopping.
    pub validation_fraction: f64,
    /// Epochs without improvement before training stops.
    pub patience: u64,
    /// Rows a level needs to have weights of its own.
    pub min_count: u64,
    /// Whether training continued from a given model.
    pub init: bool,
    /// The least payment: a smaller positive label counted as 0. `None` in a text that was written before there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_payment: Option<f64>,
    /// The greatest norm of the gradient at which an exact solver stopped; `None` for training by steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    /// Rows kept at most, if training was on a sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rows: Option<u64>,
    /// The prior of sigma, unless it was off (with `l2` 0).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma_prior: Option<SigmaPrior>,
}

/// The penalty `l2/2 * sum of squared weights` of each head, in the units of the weighted mean loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct L2 {
    /// On the weights of the logit head.
    pub logit: f64,
    /// On the weights of the mu head.
    pub mu: f64,
    /// On the weights of the raw sigma head.
    pub raw_sigma: f64,
}

/// What happened in training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Training {
    /// Rows trained on or held out.
    pub rows: u64,
    /// Rows that could be used, of which `rows` are a sample; `None` without option `max_rows`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_seen: Option<u64>,
    /// Of `rows`, those with a positive label.
    pub payers: u64,
    /// Of `rows`, those held out for validation.
    pub validation_rows: u64,
    /// Rows skipped because their label was NaN or infinite.
    pub skipped_labels: u64,
    /// Rows whose negative label counted as 0.
    pub negative_labels: u64,
    /// Rows whose positive label was below `min_payment` and counted as 0.
    #[serde(default)]
    pub tiny_labels: u64,
    /// The least payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_min: Option<f64>,
    /// The greatest payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_max: Option<f64>,
    /// The weights of `rows`, summed.
    pub weight_sum: f64,
    /// Epochs run.
    pub epochs_run: u64,
    /// The epoch whose weights the model has.
    pub best_epoch: u64,
    /// Why training stopped.
    pub stop_reason: StopReason,
    /// The weighted mean loss of the training rows with the model's weights, without the penalty.
    pub train_loss: f64,
    /// The same plus the penalty: what training minimises.
    pub objective: f64,
    /// The weighted mean loss of the held-out rows with the model's weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f64>,
    /// The expected lifetime values that the model predicts for the training rows, over their labels, both summed with
    /// their weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction_ratio: Option<f64>,
    /// What a person should look at before trusting the model; each a sentence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The losses as training went on.
    pub history: History,
}

/// Why training stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// All epochs were run.
    Epochs,
    /// The validation loss had not improved for `patience` epochs.
    Patience,
    /// The gradient came to 0, within the tolerance.
    Converged,
    /// An exact solver came to its greatest number of iterations, or no step made the objective less any more.
    MaxIterations,
    /// Training by passes goes on with the next pass over the rows.
    Unfinished,
    /// A weight was no longer finite; the model has the last weights that were. Only with a learning rate that is far
    /// too large.
    Diverged,
}

impl StopReason {
    /// The reason's name in the model text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Epochs => "epochs",
            Self::Patience => "patience",
            Self::Converged => "converged",
            Self::MaxIterations => "max_iterations",
            Self::Unfinished => "unfinished",
            Self::Diverged => "diverged",
        }
    }
}

/// Losses after some of the epochs: at most 32, evenly spaced, and the last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct History {
    /// The epochs, counted from 1.
    pub epoch: Vec<u64>,
    /// The weighted mean loss of the training rows, taken while the epoch ran.
    pub train: Vec<f64>,
    /// The weighted mean loss of the held-out rows after the epoch; empty without validation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validation: Vec<f64>,
}
