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

/// A panic: its number, from 1 on, and what it said and where.
#[derive(Debug, Clone)]
struct Panic {
    number: u64,
    said: String,
}

/// The panics since the process began: how many there were, and the last of each runtime and of the threads of none.
#[derive(Debug, Default)]
struct Panics {
    count: u64,
    last: HashMap<Option<Id>, Panic>,
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
    let said = match panic.location() {
        Some(place) => format!("{message} ({place})"),
        None => message.to_owned(),
    };
    let runtime = runtime();
    let mut panics = panics();
    let panics = panics.get_or_insert_default();
    panics.count += 1;
    panics.last.insert(runtime, Panic { number: panics.count, said });
}

/// From when on panics matter, and which.
///
/// A hook runs before anything of its thread is dropped, so a panic is counted before a result can look complete.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PanicWatch {
    /// How many there were before.
    before: u64,
    /// The runtime on which the watch began.
    runtime: Option<Id>,
}

impl PanicWatch {
    pub(crate) fn begin() -> Self {
        let before = panics().as_ref().map_or(0, |panics| panics.count);
        Self { before, runtime: runtime() }
    }

    /// Whether there was one in the process.
    pub(crate) fn saw_any(self) -> bool {
        panics().as_ref().is_some_and(|panics| panics.count > self.before)
    }

    /// What a query is during which there was one on the runtime where the watch began, on that of this thread, which
    /// reads the result, or on a thread of none. Other runtimes of the process run other queries.
    pub(crate) fn error(self) -> Option<DataFusionError> {
        let here = runtime();
        let panics = panics();
        let of = |runtime| panics.as_ref()?.last.get(&runtime).filter(|p| p.number > self.before);
        let Panic { said, .. } = of(self.runtime).or_else(|| of(here)).or_else(|| of(None))?;
        Some(exec_datafusion_err!(
            "something in this program panicked while the query ran; its result may be incomplete. It said: {said}"
        ))
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

    fn panic_on(runtime: &tokio::runtime::Runtime, text: &'static str) {
        runtime
            .block_on(async { tokio::spawn(async move { panic!("{text}") }).await.unwrap_err() });
    }

    #[test]
    fn a_panic_of_another_runtime_does_not_matter() {
        let _one = ONE_TEST.blocking_lock();
        count_from_now_on();
        let (this, reader, other) = (runtime(), runtime(), runtime());
        let watch = this.block_on(async { PanicWatch::begin() });
        let error = |runtime: &tokio::runtime::Runtime| {
            runtime.block_on(async { watch.error() }).map(|error| error.to_string())
        };
        panic_on(&other, "of another");
        assert_eq!((error(&this), error(&reader)), (None, None));
        assert!(watch.saw_any());
        // What is read on another runtime than it began on is worked on by both.
        panic_on(&reader, "of the reader");
        assert_eq!(error(&this), None);
        assert!(error(&reader).unwrap().contains("It said: of the reader (cluster/src/panics.rs"));
        panic_on(&this, "of this test");
        panic_on(&other, "of another");
        assert!(error(&this).unwrap().contains("It said: of this test (cluster/src/panics.rs"));
        assert!(PanicWatch::begin().error().is_none());
    }

    #[test]
    fn a_panic_of_no_runtime_matters_to_all() {
        let _one = ONE_TEST.blocking_lock();
        count_from_now_on();
        let watch = runtime().block_on(async { PanicWatch::begin() });
        std::thread::spawn(|| panic!("of a thread")).join().unwrap_err();
        assert!(watch.error().unwrap().to_string().contains("It said: of a thread ("));
    }
}
