//! Who watches a training: a person who interrupts it, and an [`Observer`](super::Observer) who is told how far it is.
//!
//! An interrupt is heard between batches, and ends the training with [`Error::Interrupted`]. It changes no bit of a training
//! that is not interrupted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::observer::{CallGuard, ModelGuard, Step};
use crate::{Error, Result};

/// How many interrupts there were.
static INTERRUPTS: AtomicU64 = AtomicU64::new(0);

/// Whoever listens for interrupts while there are trainings.
static LISTENER: OnceLock<&'static dyn Listener> = OnceLock::new();

/// Ends all trainings that run, each with [`Error::Interrupted`]. Those that begin later are not concerned.
///
/// A signal handler may call it.
pub fn interrupt() {
    INTERRUPTS.fetch_add(1, Ordering::Relaxed);
}

/// Listens for interrupts, such as a signal, while there are trainings, and calls [`interrupt`].
pub trait Listener: Sync {
    /// A training, or the trainings of a call, begin.
    fn begin(&self);

    /// They are over.
    fn end(&self);

    /// A call is about to tell its engine that it was interrupted, on the thread that the engine called on: whoever
    /// interrupted may be answered first.
    fn interrupted(&self) {}
}

/// Sets who listens to all trainings of the process; later calls change nothing.
pub fn listen(listener: &'static dyn Listener) {
    let _ = LISTENER.set(listener);
}

/// Watches a training, or all those of a call, from its beginning to its end.
#[derive(Debug, Clone)]
pub struct Watch {
    /// How many interrupts there were before.
    before: u64,
    /// The model that is told of, and the call, in the order in which they end.
    model: Option<Arc<ModelGuard>>,
    call: Option<Arc<CallGuard>>,
    _listening: Arc<Listening>,
}

impl Watch {
    /// Begins to watch.
    #[must_use]
    pub fn begin() -> Self {
        let listening = Arc::new(Listening::begin());
        let before = INTERRUPTS.load(Ordering::Relaxed);
        Self { before, model: None, call: None, _listening: listening }
    }

    /// Begins to watch, and tells the observer that a call begins which fits so many models, if that is known.
    pub(super) fn begin_telling(models: Option<u64>) -> Self {
        Self { call: CallGuard::begin(models).map(Arc::new), ..Self::begin() }
    }

    /// Watches a model of the call from now on, as long as this and its clones live.
    pub(super) fn of_model(&self) -> Self {
        let begin = || self.call.is_some().then(|| Arc::new(ModelGuard::begin()));
        Self { model: self.model.clone().or_else(begin), ..self.clone() }
    }

    /// Tells how far the model is.
    pub(super) fn tell(&self, step: Step) {
        if let Some(model) = &self.model {
            model.tell(step);
        }
    }

    /// Whether there was an interrupt since the beginning.
    pub fn is_interrupted(&self) -> bool {
        INTERRUPTS.load(Ordering::Relaxed) != self.before
    }

    /// # Errors
    /// [`Error::Interrupted`] if there was an interrupt since the beginning.
    pub fn check(&self) -> Result<()> {
        if self.is_interrupted() { Err(Error::Interrupted) } else { Ok(()) }
    }
}

/// An adapter is about to tell its engine that a call was interrupted, on the thread that the engine called on.
#[cfg(any(feature = "datafusion", feature = "polars"))]
pub(crate) fn tell_listener() {
    if let Some(listener) = LISTENER.get() {
        listener.interrupted();
    }
}

/// As long as it lives, the listener listens.
#[derive(Debug)]
struct Listening;

impl Listening {
    fn begin() -> Self {
        if let Some(listener) = LISTENER.get() {
            listener.begin();
        }
        Self
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(listener) = LISTENER.get() {
            listener.end();
        }
    }
}
