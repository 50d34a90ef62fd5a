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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        let nobody: [u8; 0] = [];
        let error = guarded("ziln_loss", || Ok(nobody[nobody.len()])).unwrap_err().to_string();
        assert!(error.contains("ziln_loss: internal error: index out of bounds"), "{error}");
    }

    #[test]
    fn a_message_can_be_passed_on() {
        let refuse = |name: &str| polars_err!(ColumnNotFound: "there is no \"{name}\"\n");
        let error = guarded::<()>("ziln_loss", || Err(refuse("a\0b"))).unwrap_err().to_string();
        assert!(error.contains(r#"there is no "a\u{0}b""#), "{error}");
        let error = guarded::<()>("ziln_loss", || Err(refuse("b"))).unwrap_err();
        assert_eq!(error.to_string(), refuse("b").to_string());
    }
}
