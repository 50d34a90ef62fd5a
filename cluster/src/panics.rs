//! Panics of this process.
//!
//! A task of the engine that panics drops its end of a channel, and whoever reads the other end takes that for the end of
//! the rows. So panics are counted, and a result during which there was one is an error.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::common::exec_datafusion_err;
use datafusion::error::DataFusionError;

static PANICS: AtomicU64 = AtomicU64::new(0);

/// Counts panics from now on. What happens on a panic besides stays as it is.
pub(crate) fn count_from_now_on() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.fetch_add(1, Ordering::SeqCst);
            before(panic);
        }));
    });
}

/// What a query is during which there was one.
pub(crate) fn error() -> DataFusionError {
    exec_datafusion_err!(
        "something in this program panicked while the query ran; its result may be incomplete"
    )
}

/// How many there were. (A hook runs before anything of the thread is dropped.)
pub(crate) fn count() -> u64 {
    PANICS.load(Ordering::SeqCst)
}
