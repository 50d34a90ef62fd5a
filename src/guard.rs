//! Between the functions and whoever calls them: a panic becomes an error, and ends no process.
//!
//! Nothing shall panic on data. What does so all the same is caught here, by everything that an engine calls: the SQL
//! functions and their accumulators (`udf::guard`), the expressions and plugins of Polars (`expr::guard`), and the
//! calls from other libraries.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Error, Result};

/// The result of a call, or the error that its panic is.
///
/// Whoever calls gives up what the call was changing when it panicked: an engine ends the query.
///
/// # Errors
/// [`Error::Internal`] where the call panics.
///
/// ```
/// use ziln::guard::guarded;
///
/// assert_eq!(guarded(|| 2 + 2)?, 4);
/// let nobody: [u8; 0] = [];
/// let error = guarded(|| nobody.iter().map(|&n| usize::from(n)).reduce(|a, _| a).unwrap()).unwrap_err();
/// assert!(error.to_string().starts_with("internal error: "));
/// # Ok::<(), ziln::Error>(())
/// ```
pub fn guarded<T>(call: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call))
        .map_err(|panic| Error::Internal { problem: text_of(panic.as_ref()).to_owned() })
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
