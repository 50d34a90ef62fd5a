//! What a network is to be, and how it is trained.

use crate::fit::options::Options;
use crate::fit::sgd::Schedule;
use crate::model::NetworkTraining;

/// A network to train: its layers, and how. [`NetworkOptions::new`] has the defaults, which need no tuning.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::fit) struct NetworkOptions {
    /// The units of each hidden layer.
    hidden: Vec<usize>,
    /// Rows a step; decided from the rows unless given.
    batch_size: Option<usize>,
    /// Passes over the rows, at most; decided from the rows unless given.
    epochs: Option<u64>,
    /// The learning rate before the schedule.
    learning_rate: f64,
    /// What a step takes off a weight, beside the learning rate.
    decay: f64,
    /// The same of the vectors of levels.
    embedding_decay: f64,
    /// Units in 16 that a step does without.
    dropout: u8,
    /// The share of the rows that decides when to stop, unless the linear heads were trained without some. Without any the
    /// weights are those of the last epoch.
    pub(super) validation_fraction: f64,
    /// Epochs without a better validation loss before training stops.
    patience: u64,
    /// Steps over which the weights of the model are averaged.
    average: f64,
    /// How the learning rate falls.
    schedule: Schedule,
}

impl NetworkOptions {
    /// Layers of so many units.
    pub(in crate::fit) fn new(hidden: Vec<usize>) -> Self {
        Self {
            hidden,
            batch_size: None,
            epochs: None,
            learning_rate: 0.002,
            decay: 0.1,
            embedding_decay: 3.0,
            dropout: 3,
            validation_fraction: 0.1,
            patience: 10,
            average: 300.0,
            schedule: Schedule::Cosine,
        }
    }

    /// The units of each hidden layer.
    pub(in crate::fit) fn hidden(&self) -> &[usize] {
        &self.hidden
    }

    /// The same with what the options say of steps.
    pub(in crate::fit) fn with_steps(&self, options: &Options) -> Self {
        Self {
            batch_size: self.batch_size.or(options.batch_size.map(|rows| rows as usize)),
            epochs: self.epochs.or(options.epochs),
            learning_rate: options.learning_rate.unwrap_or(self.learning_rate),
            validation_fraction: options.validation_fraction.unwrap_or(self.validation_fraction),
            patience: options.patience.unwrap_or(self.patience),
            schedule: options.schedule,
            ..self.clone()
        }
    }

    /// What is in force on so many rows.
    pub(super) fn plan(&self, rows: usize) -> NetworkPlan {
        let batch_size = self.batch_size.unwrap_or_else(|| automatic_batch_size(rows)).max(1);
        let epochs = self.epochs.unwrap_or_else(|| automatic_epochs(rows.div_ceil(batch_size)));
        let Self {
            learning_rate,
            decay,
            embedding_decay,
            dropout,
            patience,
            average,
            schedule,
            ..
        } = *self;
        NetworkPlan {
            batch_size,
            epochs,
            learning_rate,
            decay,
            embedding_decay,
            dropout,
            patience,
            average: average.max(1.0),
            schedule,
        }
    }
}

/// Rows a step: few where there are few, so that there are steps enough, and many where noise costs more than steps.
pub(in crate::fit) fn automatic_batch_size(rows: usize) -> usize {
    (rows / 200).next_power_of_two().clamp(128, 1024)
}

/// Steps that are enough, and those below which few rows are passed over more often.
const STEPS: usize = 10_000;
const FEW_STEPS: usize = 600;

/// Passes over the rows.
fn automatic_epochs(batches: usize) -> u64 {
    let batches = batches.max(1);
    let most = FEW_STEPS.div_ceil(batches).clamp(20, 40);
    STEPS.div_ceil(batches).clamp(5, most) as u64
}

/// [`NetworkOptions`] with what was decided.
#[derive(Debug, Clone, Copy)]
pub(super) struct NetworkPlan {
    pub(super) batch_size: usize,
    pub(super) epochs: u64,
    pub(super) learning_rate: f64,
    pub(super) decay: f64,
    pub(super) embedding_decay: f64,
    pub(super) dropout: u8,
    pub(super) patience: u64,
    pub(super) average: f64,
    pub(super) schedule: Schedule,
}

impl NetworkPlan {
    /// What the model remembers of it.
    pub(super) fn training(&self, epochs_run: u64, best_epoch: u64) -> NetworkTraining {
        NetworkTraining {
            epochs: self.epochs,
            batch_size: self.batch_size as u64,
            learning_rate: self.learning_rate,
            decay: self.decay,
            embedding_decay: self.embedding_decay,
            dropout: f64::from(self.dropout.min(8)) / 16.0,
            patience: self.patience,
            epochs_run,
            best_epoch,
            total: None,
        }
    }
}
