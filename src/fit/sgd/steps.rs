//! How the steps of a training are made.

use super::adam_rates::RateTable;
use super::optimizer::Optimizer;
use super::schedule::Schedule;
use crate::fit::watch::Watch;

/// How a training goes on: its steps and its epochs.
#[derive(Debug, Clone)]
pub(in crate::fit) struct Plan {
    pub(in crate::fit) optimizer: Optimizer,
    pub(in crate::fit) schedule: Schedule,
    pub(in crate::fit) learning_rate: f64,
    pub(in crate::fit) clip_norm: Option<f64>,
    /// What the learning rate of levels is multiplied by.
    pub(in crate::fit) level_step_scale: f64,
    pub(in crate::fit) epochs: u64,
    /// Epochs without a better validation loss before training stops.
    pub(in crate::fit) patience: u64,
    pub(in crate::fit) seed: u64,
    /// Epochs behind the state that training continues with.
    pub(in crate::fit) epochs_before: u64,
}

/// The steps of one part.
#[derive(Debug)]
pub(in crate::fit) struct Steps<'a> {
    pub(super) optimizer: Optimizer,
    pub(super) clip_norm: Option<f64>,
    pub(super) level_step_scale: f64,
    pub(super) rates: &'a RateTable,
    schedule: Schedule,
    learning_rate: f64,
    /// Steps behind the part when training began.
    first: u64,
    total: u64,
    an_epoch: u64,
    watch: &'a Watch,
}

impl<'a> Steps<'a> {
    /// Those of a part that has `first` steps behind it, `an_epoch` an epoch.
    pub(super) fn new(
        plan: &Plan,
        rates: &'a RateTable,
        first: u64,
        an_epoch: u64,
        watch: &'a Watch,
    ) -> Self {
        Self {
            optimizer: plan.optimizer,
            clip_norm: plan.clip_norm,
            level_step_scale: plan.level_step_scale,
            rates,
            schedule: plan.schedule,
            learning_rate: plan.learning_rate,
            first,
            total: an_epoch * plan.epochs,
            an_epoch,
            watch,
        }
    }

    /// Whether there are to be no more steps.
    pub(super) fn are_interrupted(&self) -> bool {
        self.watch.is_interrupted()
    }

    /// The learning rate of the step after `done` others.
    pub(super) fn learning_rate(&self, done: u64) -> f64 {
        let share = self.schedule.factor(done, self.first, self.total, self.an_epoch);
        self.learning_rate * share
    }
}
