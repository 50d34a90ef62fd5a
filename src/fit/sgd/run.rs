//! The loop over epochs.

use super::adam_rates::RateTable;
use super::history;
use super::optimizer::Optimizer;
use super::part::PartWeights;
use super::parts::Parts;
use super::schedule::Schedule;
use super::shuffle::batch_order;
use crate::fit::encode::Packed;
use crate::fit::observer::{Stage, Step};
use crate::fit::watch::Watch;
use crate::model::{History, StopReason};

/// How the steps are made.
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

impl Steps<'_> {
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

/// The rows to train on, and those that say when to stop.
#[derive(Debug)]
pub(in crate::fit) struct PackedSplit {
    pub(in crate::fit) training: Packed,
    /// The held-out rows, once for each part; none if nothing is held out.
    pub(in crate::fit) validation: Vec<Packed>,
}

impl PackedSplit {
    /// The mean loss of the training rows; that of a sigma without bound if asked for.
    pub(in crate::fit) fn train_loss(&self, parts: &mut Parts, unbounded: bool) -> f64 {
        let packed = std::iter::repeat(&self.training);
        parts.total_loss(packed, unbounded) / self.training.weight_sum
    }

    /// The mean loss of the held-out rows.
    pub(in crate::fit) fn validation_loss(&self, parts: &mut Parts) -> Option<f64> {
        let weight_sum = self.validation.first()?.weight_sum;
        Some(parts.total_loss(self.validation.iter(), false) / weight_sum)
    }
}

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
    fn keep(&mut self, epoch: u64, train_loss: f64, validation_loss: Option<f64>) {
        self.history.epoch.push(epoch);
        self.history.train.push(train_loss);
        self.history.validation.extend(validation_loss);
    }
}

/// The best weights so far, by the validation loss.
struct Best {
    loss: f64,
    epoch: u64,
    weights: Vec<PartWeights>,
}

/// Runs the epochs, and leaves the best weights in the parts. An interrupt leaves whatever there is.
pub(in crate::fit) fn run(
    rows: &PackedSplit,
    parts: &mut Parts,
    plan: &Plan,
    watch: &Watch,
) -> Progress {
    let an_epoch = rows.training.batches.len() as u64;
    let total = an_epoch * plan.epochs;
    let firsts: Vec<u64> = parts.iter().map(|part| part.weights().steps).collect();
    let rates = RateTable::new(firsts.iter().copied().max().unwrap_or_default() + total);
    let steps = |&first: &u64| Steps {
        optimizer: plan.optimizer,
        clip_norm: plan.clip_norm,
        level_step_scale: plan.level_step_scale,
        rates: &rates,
        schedule: plan.schedule,
        learning_rate: plan.learning_rate,
        first,
        total,
        an_epoch,
        watch,
    };
    let steps: Vec<Steps<'_>> = firsts.iter().map(steps).collect();
    let mut progress = Progress::default();
    let mut best: Option<Best> = None;
    let mut finite = parts.weights();
    for epoch in 1..=plan.epochs {
        let kept = history::keeps(epoch, plan.epochs);
        let batches = batch_order(an_epoch as usize, plan.seed, plan.epochs_before + epoch);
        let train_loss = parts.epoch(&rows.training, &batches, &steps, kept);
        if watch.is_interrupted() {
            break;
        }
        if !parts.are_usable() {
            progress.stop = StopReason::Diverged;
            break;
        }
        progress.epochs = epoch;
        let validation_loss = rows.validation_loss(parts);
        watch.tell(Step {
            stage: Stage::Epochs,
            done: epoch,
            most: Some(plan.epochs),
            loss: validation_loss.or(kept.then_some(train_loss)),
        });
        if kept {
            progress.keep(epoch, train_loss, validation_loss);
        }
        if let Some(loss) = validation_loss {
            if best.as_ref().is_none_or(|best| loss < best.loss) {
                best = Some(Best { loss, epoch, weights: parts.weights() });
            } else if best.as_ref().is_some_and(|best| epoch - best.epoch >= plan.patience) {
                progress.stop = StopReason::Patience;
                break;
            }
        } else if kept {
            finite = parts.weights();
            progress.best_epoch = epoch;
        }
    }
    match best {
        Some(best) => {
            progress.best_epoch = best.epoch;
            parts.set_weights(&best.weights);
        }
        None if progress.stop == StopReason::Diverged => parts.set_weights(&finite),
        None => progress.best_epoch = progress.epochs,
    }
    progress
}
