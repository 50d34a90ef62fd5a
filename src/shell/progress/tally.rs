//! What is to be shown of the trainings that run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use indicatif::HumanDuration;

use crate::fit::{Event, Stage, Step};

/// Trainings that are over sooner are not shown.
const PATIENCE: Duration = Duration::from_secs(2);

/// Calls that follow each other sooner are shown as one: Polars calls for each group anew.
const PAUSE: Duration = Duration::from_millis(300);

/// What there is to show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// What is counted.
    pub counted: Counted,
    /// How many are done.
    pub done: u64,
    /// How many there will be, at most, if that is known.
    pub most: Option<u64>,
    /// The mean loss so far, if it is known.
    pub loss: Option<f64>,
    /// How long it will take at most, if that is known.
    pub left: Option<Duration>,
}

/// What is counted of trainings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Counted {
    /// Nothing yet: the rows are put in order and encoded.
    Nothing,
    /// Steps of the only model.
    Steps(Stage),
    /// Models.
    Models,
}

impl Counted {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "preparing",
            Self::Steps(Stage::Epochs) => "epoch",
            Self::Steps(Stage::NetworkEpochs) => "network, epoch",
            Self::Steps(Stage::Iterations) => "iteration",
            Self::Steps(Stage::Rounds) => "variances between campaigns, round",
            Self::Models => "models",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.counted.name())?;
        match (self.counted, self.most) {
            (Counted::Nothing, _) => (),
            (_, Some(most)) => write!(f, " {} of {most}", self.done)?,
            (_, None) => write!(f, " {}", self.done)?,
        }
        if let Some(loss) = self.loss {
            write!(f, ", loss {loss:.4}")?;
        }
        match self.left {
            Some(left) => write!(f, ", {:#} left", HumanDuration(left)),
            None => Ok(()),
        }
    }
}

/// The trainings of a process that asked to be shown, from the first call to a pause.
#[derive(Debug, Default)]
pub(super) struct Tally {
    begun: Option<Instant>,
    calls: u64,
    /// Since when there has been no call.
    idle: Option<Instant>,
    /// Models done, and how many there are in the calls that said so; `None` if one did not.
    done: u64,
    announced: Option<u64>,
    fitting: BTreeMap<u64, Fitting>,
}

/// A model that is being fitted.
#[derive(Debug)]
struct Fitting {
    begun: Instant,
    /// Its last step, and when its stage had come to its first.
    last: Option<(Step, Instant)>,
    first: Option<(u64, Instant)>,
}

impl Tally {
    /// Takes in what happened.
    pub(super) fn take(&mut self, event: Event, now: Instant) {
        match event {
            Event::CallBegun { models } => {
                if self.begun.is_none() {
                    (self.begun, self.announced) = (Some(now), Some(0));
                }
                self.calls += 1;
                self.idle = None;
                self.announced = self.announced.zip(models).map(|(all, more)| all + more);
            }
            Event::CallEnded => {
                self.calls = self.calls.saturating_sub(1);
                self.idle = (self.calls == 0).then_some(now);
            }
            Event::ModelBegun { model } => {
                self.fitting.insert(model, Fitting { begun: now, last: None, first: None });
            }
            Event::Step { model, step } => {
                if let Some(fitting) = self.fitting.get_mut(&model) {
                    fitting.step(step, now);
                }
            }
            Event::ModelEnded { model } => {
                self.fitting.remove(&model);
                self.done += 1;
            }
        }
    }

    /// Whether a call runs.
    pub(super) fn is_at_work(&self) -> bool {
        self.calls > 0
    }

    /// Whether all calls have been over for a while, so that the next has nothing to do with them.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.idle.is_some_and(|since| now.duration_since(since) >= PAUSE)
    }

    /// What there is to show; nothing of what is quickly over.
    pub(super) fn standing(&self, now: Instant) -> Option<Standing> {
        let elapsed = now.duration_since(self.begun.filter(|_| self.is_at_work())?);
        if elapsed < PATIENCE {
            return None;
        }
        let mut all = self.fitting.values();
        match (all.next(), all.next()) {
            // Of many small models, which are often alone, the number says more.
            (Some(one), None) if self.done == 0 || now.duration_since(one.begun) >= PATIENCE => {
                Some(one.standing())
            }
            (None, _) if self.done == 0 => Some(Standing::PREPARING),
            _ => {
                let most = self.announced.filter(|&most| most >= self.done);
                Some(Standing {
                    counted: Counted::Models,
                    done: self.done,
                    most,
                    loss: None,
                    left: left(self.done, most, elapsed),
                })
            }
        }
    }
}

impl Standing {
    const PREPARING: Self =
        Self { counted: Counted::Nothing, done: 0, most: None, loss: None, left: None };
}

impl Fitting {
    fn step(&mut self, step: Step, now: Instant) {
        let before = self.last.filter(|(last, _)| last.stage == step.stage);
        // The loss of some steps is not known, and near the last one that was.
        let loss = step.loss.or_else(|| before?.0.loss);
        // Training may have begun anew, with smaller steps.
        if before.is_none_or(|(last, _)| last.done > step.done) {
            self.first = Some((step.done, now));
        }
        self.last = Some((Step { loss, ..step }, now));
    }

    fn standing(&self) -> Standing {
        let Some((step, at)) = self.last else { return Standing::PREPARING };
        let Step { stage, done, most, loss } = step;
        let since = self.first.map(|(first, since)| (first, at.duration_since(since)));
        let left = since.and_then(|(first, elapsed)| {
            left(done.saturating_sub(first), Some(most?.saturating_sub(first)), elapsed)
        });
        Standing { counted: Counted::Steps(stage), done, most, loss, left }
    }
}

/// How long the rest takes if it takes as long as what is done.
fn left(done: u64, most: Option<u64>, elapsed: Duration) -> Option<Duration> {
    let rest = most?.saturating_sub(done) as f64;
    let each = elapsed.as_secs_f64() / done as f64;
    Duration::try_from_secs_f64(rest * each).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: Event = Event::CallBegun { models: Some(1) };

    fn epoch(model: u64, done: u64, loss: Option<f64>) -> Event {
        Event::Step { model, step: Step { stage: Stage::Epochs, done, most: Some(60), loss } }
    }

    /// What is shown at some second after events, each at its second.
    fn shown(events: &[(f64, Event)], at: f64) -> Option<String> {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs_f64(seconds);
        let mut tally = Tally::default();
        for (second, event) in events {
            tally.take(*event, after(*second));
        }
        tally.standing(after(at)).map(|standing| standing.to_string())
    }

    #[test]
    fn the_steps_of_a_model_are_shown_after_two_seconds() {
        let mut events = vec![(0.0, BEGUN), (0.0, Event::ModelBegun { model: 7 })];
        assert_eq!(shown(&events, 1.9), None);
        assert_eq!(shown(&events, 2.1).unwrap(), "preparing");
        events.extend([(3.0, epoch(7, 1, Some(2.5))), (5.0, epoch(7, 11, None))]);
        // Ten epochs took two seconds.
        assert_eq!(shown(&events, 5.5).unwrap(), "epoch 11 of 60, loss 2.5000, 10s left");
        // And again, with smaller steps.
        events.push((6.0, epoch(7, 1, Some(2.0))));
        assert_eq!(shown(&events, 6.0).unwrap(), "epoch 1 of 60, loss 2.0000");
        events.extend([(7.0, Event::ModelEnded { model: 7 }), (7.0, Event::CallEnded)]);
        assert_eq!(shown(&events, 7.0), None);
    }

    #[test]
    fn of_many_models_those_done_are_shown() {
        let mut events = vec![(0.0, Event::CallBegun { models: Some(40) })];
        for model in 0..10 {
            events.push((0.0, Event::ModelBegun { model }));
            events.push((1.0, Event::ModelEnded { model }));
        }
        let begun = |model| (2.0, Event::ModelBegun { model });
        events.extend([begun(10), begun(11), (2.0, epoch(10, 1, None))]);
        assert_eq!(shown(&events, 3.0).unwrap(), "models 10 of 40, 9s left");
        // Another partition has as many.
        events.push((3.0, Event::CallBegun { models: Some(40) }));
        assert_eq!(shown(&events, 3.0).unwrap(), "models 10 of 80, 21s left");
        // Polars does not say how many groups there are.
        events.push((3.0, Event::CallBegun { models: None }));
        assert_eq!(shown(&events, 3.0).unwrap(), "models 10");
    }

    #[test]
    fn a_large_model_after_small_ones_has_its_steps_shown() {
        let done = [(0.0, Event::ModelBegun { model: 1 }), (1.0, Event::ModelEnded { model: 1 })];
        let large = [(1.0, Event::ModelBegun { model: 2 }), (2.5, epoch(2, 3, None))];
        let events = [&[(0.0, BEGUN)], &done[..], &large].concat();
        assert_eq!(shown(&events, 2.5).unwrap(), "models 1 of 1, 0s left");
        assert_eq!(shown(&events, 3.5).unwrap(), "epoch 3 of 60");
    }

    #[test]
    fn calls_are_over_after_a_pause() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut tally = Tally::default();
        tally.take(BEGUN, after(0));
        tally.take(Event::CallEnded, after(1000));
        assert!(!tally.is_over(after(1200)));
        tally.take(BEGUN, after(1250));
        assert!(!tally.is_over(after(9000)));
        assert!(tally.standing(after(2100)).is_some());
        tally.take(Event::CallEnded, after(9000));
        assert!(tally.is_over(after(9400)));
    }
}
