//! The loop over epochs.

use super::adam_rates::RateTable;
use super::history;
use super::packed_split::PackedSplit;
use super::part::PartWeights;
use super::parts::Parts;
use super::progress::Progress;
use super::shuffle::batch_order;
use super::steps::{Plan, Steps};
use crate::fit::best_epoch::BestEpoch;
use crate::fit::observer::{Stage, Step};
use crate::fit::watch::Watch;
use crate::model::StopReason;

/// Runs the epochs, and leaves the best weights in the parts. An interrupt leaves whatever there is.
pub(in crate::fit) fn run_epochs(
    rows: &PackedSplit,
    parts: &mut Parts,
    plan: &Plan,
    watch: &Watch,
) -> Progress {
    let an_epoch = rows.training.batches.len() as u64;
    let firsts: Vec<u64> = parts.iter().map(|part| part.weights().steps).collect();
    let most_before = firsts.iter().copied().max().unwrap_or_default();
    let rates = RateTable::new(most_before + an_epoch * plan.epochs);
    let steps: Vec<Steps<'_>> =
        firsts.iter().map(|&first| Steps::new(plan, &rates, first, an_epoch, watch)).collect();
    let mut epochs =
        Epochs { plan, watch, progress: Progress::default(), best: None, finite: parts.weights() };
    for epoch in 1..=plan.epochs {
        let kept = history::keeps(epoch, plan.epochs);
        let batches = batch_order(an_epoch as usize, plan.seed, plan.epochs_before + epoch);
        let train_loss = parts.epoch(&rows.training, &batches, &steps, kept);
        if watch.is_interrupted() {
            break;
        }
        if !parts.are_usable() {
            epochs.progress.stop = StopReason::Diverged;
            break;
        }
        let validation_loss = rows.validation_loss(parts, None);
        epochs.note(epoch, kept.then_some(train_loss), validation_loss);
        if epochs.remember(epoch, kept, validation_loss, parts) {
            epochs.progress.stop = StopReason::Patience;
            break;
        }
    }
    epochs.finish(parts)
}

/// What a training remembers from epoch to epoch.
struct Epochs<'a> {
    plan: &'a Plan,
    watch: &'a Watch,
    progress: Progress,
    /// The best weights, if rows are held out.
    best: Option<BestEpoch<Vec<PartWeights>>>,
    /// Otherwise those of the last epoch that the history keeps.
    finite: Vec<PartWeights>,
}

impl Epochs<'_> {
    /// Notes and tells what an epoch came to; the loss on the way is of one that the history keeps.
    fn note(&mut self, epoch: u64, train_loss: Option<f64>, validation_loss: Option<f64>) {
        self.progress.epochs = epoch;
        self.watch.tell(Step {
            stage: Stage::Epochs,
            done: epoch,
            most: Some(self.plan.epochs),
            loss: validation_loss.or(train_loss),
        });
        if let Some(train_loss) = train_loss {
            self.progress.keep(epoch, train_loss, validation_loss);
        }
    }

    /// Remembers the weights after an epoch where they are the best, or without held-out rows where the history keeps it.
    /// Returns whether patience is over.
    fn remember(&mut self, epoch: u64, kept: bool, loss: Option<f64>, parts: &Parts) -> bool {
        match (loss, &mut self.best) {
            (Some(loss), Some(best)) => {
                return best.update(epoch, loss, self.plan.patience, || parts.weights());
            }
            (Some(loss), None) => {
                self.best = Some(BestEpoch { epoch, loss, state: parts.weights() });
            }
            (None, _) if kept => {
                self.finite = parts.weights();
                self.progress.best_epoch = epoch;
            }
            (None, _) => (),
        }
        false
    }

    /// Puts the best weights into the parts.
    fn finish(self, parts: &mut Parts) -> Progress {
        let Self { mut progress, best, finite, .. } = self;
        match best {
            Some(best) => {
                progress.best_epoch = best.epoch;
                parts.set_weights(&best.state);
            }
            None if progress.stop == StopReason::Diverged => parts.set_weights(&finite),
            None => progress.best_epoch = progress.epochs,
        }
        progress
    }
}
