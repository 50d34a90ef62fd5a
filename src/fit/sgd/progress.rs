//! What has happened in a training.

use crate::model::{History, StopReason};

/// What has happened so far.
#[derive(Debug)]
pub(in crate::fit) struct Progress {
    pub(in crate::fit) epochs: u64,
    pub(in crate::fit) best_epoch: u64,
    pub(in crate::fit) stop: StopReason,
    pub(in crate::fit) history: History,
}

impl Default for Progress {
    fn default() -> Self {
        Self { epochs: 0, best_epoch: 0, stop: StopReason::Epochs, history: History::default() }
    }
}

impl Progress {
    /// Adds an epoch to the history.
    pub(super) fn keep(&mut self, epoch: u64, train_loss: f64, validation_loss: Option<f64>) {
        self.history.epoch.push(epoch);
        self.history.train.push(train_loss);
        self.history.validation.extend(validation_loss);
    }
}
