//! Progress of trainings with option `progress`, as events for whoever shows it.
//!
//! Nothing is drawn here: a program, such as the shell, sets an [`Observer`] once. What it does with an [`Event`] changes no
//! bit of a training, and whether there is one is not part of a model.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Whoever is told of trainings.
static OBSERVER: OnceLock<&'static dyn Observer> = OnceLock::new();

/// How many models there were to tell of.
static MODELS: AtomicU64 = AtomicU64::new(0);

/// Is told of trainings with option `progress`.
///
/// It is called on the threads that train, of which there may be many, and which wait for it.
///
/// ```
/// use ziln::fit::{Event, Observer, Stage, observe};
///
/// struct Log;
///
/// impl Observer for Log {
///     fn tell(&self, event: Event) {
///         if let Event::Step { model, step } = event
///             && step.stage == Stage::Epochs
///         {
///             eprintln!("model {model}: epoch {}, loss {:?}", step.done, step.loss);
///         }
///     }
/// }
///
/// observe(&Log);
/// ```
pub trait Observer: Sync {
    /// Something happened.
    fn tell(&self, event: Event);
}

/// Has an observer told of all trainings of the process that have option `progress`; the first observer stays.
pub fn observe(observer: &'static dyn Observer) {
    let _ = OBSERVER.set(observer);
}

/// What happens in trainings.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A call of the engine begins, which fits so many models, if that is known: Polars calls for each group anew.
    CallBegun {
        /// How many.
        models: Option<u64>,
    },
    /// A call is over, whatever it came to.
    CallEnded,
    /// A model is begun.
    ModelBegun {
        /// Its number in this process.
        model: u64,
    },
    /// A model has come a step further.
    Step {
        /// Its number.
        model: u64,
        /// How far it is.
        step: Step,
    },
    /// A model is done, whatever it came to.
    ModelEnded {
        /// Its number.
        model: u64,
    },
}

/// How far a model is.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// What is counted.
    pub stage: Stage,
    /// How many are done.
    pub done: u64,
    /// How many there will be at most, where more than a few of them are to be expected.
    pub most: Option<u64>,
    /// The mean loss of the held-out rows after it, else that of the training rows, where it is known.
    pub loss: Option<f64>,
}

/// What there is to count in a training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Epochs of the linear heads.
    Epochs,
    /// Epochs of the network on top of them.
    NetworkEpochs,
    /// Iterations of the exact solver; its two parts count on their own, and may be at work at once.
    Iterations,
    /// Rounds in which the variances between campaigns are estimated.
    Rounds,
}

/// Tells the observer that a call is over when it is dropped.
#[derive(Debug)]
pub(super) struct CallGuard;

impl CallGuard {
    /// A call that fits so many models. `None` if there is nobody to tell.
    pub(super) fn begin(models: Option<u64>) -> Option<Self> {
        OBSERVER.get()?.tell(Event::CallBegun { models });
        Some(Self)
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        tell(Event::CallEnded);
    }
}

/// A model that is told of: that it is done when this is dropped.
#[derive(Debug)]
pub(super) struct ModelGuard(u64);

impl ModelGuard {
    pub(super) fn begin() -> Self {
        let model = MODELS.fetch_add(1, Ordering::Relaxed);
        tell(Event::ModelBegun { model });
        Self(model)
    }

    pub(super) fn tell(&self, step: Step) {
        tell(Event::Step { model: self.0, step });
    }
}

impl Drop for ModelGuard {
    fn drop(&mut self) {
        tell(Event::ModelEnded { model: self.0 });
    }
}

fn tell(event: Event) {
    if let Some(observer) = OBSERVER.get() {
        observer.tell(event);
    }
}
