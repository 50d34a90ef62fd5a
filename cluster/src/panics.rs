//! Panics of this process.
//!
//! A task of the engine that panics drops its end of a channel, and whoever reads the other end takes that for the end of
//! the rows. So panics are counted, and a result during which there was one is an error.

use std::collections::HashMap;
use std::panic::PanicHookInfo;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use datafusion::common::exec_datafusion_err;
use datafusion::error::DataFusionError;
use tokio::runtime::{Handle, Id};

/// The panics since the process began.
#[derive(Debug, Default)]
struct Panics {
    /// On threads of a runtime.
    of_runtime: HashMap<Id, u64>,
    /// On threads of none.
    of_others: u64,
    all: u64,
    /// Where the last was, and what it said.
    last: String,
}

static PANICS: Mutex<Option<Panics>> = Mutex::new(None);

fn panics() -> MutexGuard<'static, Option<Panics>> {
    PANICS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The runtime that this thread works for.
fn runtime() -> Option<Id> {
    Handle::try_current().ok().map(|runtime| runtime.id())
}

/// Counts panics from now on. What happens on a panic besides stays as it is.
pub(crate) fn count_from_now_on() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            count(panic);
            before(panic);
        }));
    });
}

fn count(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("no text");
    let last = match panic.location() {
        Some(place) => format!("{message} ({place})"),
        None => message.to_owned(),
    };
    let runtime = runtime();
    let mut panics = panics();
    let panics = panics.get_or_insert_default();
    match runtime {
        Some(runtime) => *panics.of_runtime.entry(runtime).or_default() += 1,
        None => panics.of_others += 1,
    }
    panics.all += 1;
    panics.last = last;
}

/// From when on panics matter, and which.
///
/// A hook runs before anything of its thread is dropped, so a panic is counted before a result can look complete.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PanicWatch {
    /// Panics of other runtimes do not matter; those on threads of none do.
    runtime: Option<Id>,
    /// How many there were before.
    before: u64,
}

impl PanicWatch {
    /// Over all of the process.
    pub(crate) fn of_process() -> Self {
        Self::of(None)
    }

    /// Over the runtime of this thread: other runtimes of the process run other queries.
    pub(crate) fn of_runtime() -> Self {
        Self::of(runtime())
    }

    fn of(runtime: Option<Id>) -> Self {
        let mut watch = Self { runtime, before: 0 };
        watch.before = watch.count();
        watch
    }

    fn count(self) -> u64 {
        let panics = panics();
        let Some(panics) = panics.as_ref() else { return 0 };
        match self.runtime {
            Some(runtime) => {
                panics.of_others + panics.of_runtime.get(&runtime).copied().unwrap_or_default()
            }
            None => panics.all,
        }
    }

    /// Whether there was one.
    pub(crate) fn saw_one(self) -> bool {
        self.count() != self.before
    }

    /// What a query is during which there was one.
    pub(crate) fn error(self) -> Option<DataFusionError> {
        self.saw_one().then(|| {
            let last = panics().as_ref().map(|panics| panics.last.clone()).unwrap_or_default();
            exec_datafusion_err!(
                "something in this program panicked while the query ran; its result may be incomplete. It said: {last}"
            )
        })
    }
}

/// Tests that panic wait for each other.
#[cfg(test)]
pub(crate) static ONE_TEST: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap()
    }

    #[test]
    fn a_panic_of_another_runtime_does_not_matter() {
        let _one = ONE_TEST.blocking_lock();
        count_from_now_on();
        let (this, other) = (runtime(), runtime());
        let watch = this.block_on(async { PanicWatch::of_runtime() });
        other.block_on(async { tokio::spawn(async { panic!("of another") }).await.unwrap_err() });
        assert!(this.block_on(async { watch.error() }).is_none());
        this.block_on(async { tokio::spawn(async { panic!("of this test") }).await.unwrap_err() });
        let error = watch.error().expect("a panic").to_string();
        assert!(error.contains("It said: of this test (cluster/src/panics.rs"), "{error}");
    }
}
