//! The core's errors as Polars': the function's name first, then what is wrong and what is expected.

use polars::prelude::{PolarsError, polars_err};

use crate::Error;
use crate::call;
use crate::error::printable;

/// What the core or the rules of calls refuse in a call of `function`.
pub(super) fn refuse(function: &str, error: &Error) -> PolarsError {
    polars_err!(InvalidOperation: "{function}: {}", printable(&error.to_string()))
}

/// A call with a number of arguments that `function` does not take.
pub(super) fn wrong_arity(function: &str, usage: &str, got: usize) -> PolarsError {
    refuse(function, &call::wrong_arity(usage, got))
}
