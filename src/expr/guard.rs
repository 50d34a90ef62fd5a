//! The guard around what Polars calls.

use polars::prelude::{PolarsResult, polars_err};

use super::error::refuse;
use crate::error::printable;

/// The result of a call of `function`. A panic in it is an error, and an error has a message that can be passed on:
/// with a NUL in its message, a plugin would panic over the error.
///
/// # Errors
/// Those of the call, and where it panics.
pub fn guarded<T>(function: &str, call: impl FnOnce() -> PolarsResult<T>) -> PolarsResult<T> {
    let result = crate::guard::guarded(call).unwrap_or_else(|error| Err(refuse(function, &error)));
    result.map_err(|error| {
        let message = error.to_string();
        match message.contains('\0') {
            true => polars_err!(ComputeError: "{}", printable(&message)),
            false => error,
        }
    })
}
