//! The core's errors as Polars': the function's name first, then what is wrong and what is expected.

use polars::prelude::{PolarsError, polars_err};

use crate::Error;
use crate::culprit;
use crate::error::printable;

/// A refused argument of `function`.
pub(super) fn refuse(function: &str, error: &Error) -> PolarsError {
    polars_err!(InvalidOperation: "{function}: {}", printable(&error.to_string()))
}

/// An argument that is not what `function` takes.
pub(super) fn wrong_argument(
    function: &str,
    argument: &str,
    expected: impl Into<String>,
    got: impl Into<String>,
) -> PolarsError {
    refuse(
        function,
        &Error::Argument {
            argument: argument.to_string(),
            expected: expected.into(),
            got: got.into(),
        },
    )
}

/// A text that is no model, in a row of a column unless it is a constant.
pub(super) fn no_model(
    function: &str,
    argument: &str,
    text: &str,
    row: Option<usize>,
    error: &Error,
) -> PolarsError {
    refuse(function, &culprit::no_model(argument, text, row, error))
}

/// A call with a number of arguments that `function` does not take.
pub(super) fn wrong_arity(function: &str, usage: &str, got: usize) -> PolarsError {
    polars_err!(
        InvalidOperation: "{function}: expected {usage}, got {got} argument{}",
        if got == 1 { "" } else { "s" }
    )
}
