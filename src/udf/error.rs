//! The core's errors as DataFusion's: the function's name first, then what is wrong and what is expected.

use datafusion_common::DataFusionError;

use crate::Error;

/// A refused argument found while planning or running `function`.
pub(super) fn refuse(function: &str, error: &Error) -> DataFusionError {
    DataFusionError::Plan(format!("{function}: {error}"))
}

/// An argument that is not what `function` takes.
pub(super) fn wrong_argument(
    function: &str,
    argument: &str,
    expected: impl Into<String>,
    got: impl Into<String>,
) -> DataFusionError {
    refuse(
        function,
        &Error::Argument {
            argument: argument.to_string(),
            expected: expected.into(),
            got: got.into(),
        },
    )
}

/// A call with a number of arguments that `function` does not take.
pub(super) fn wrong_arity(function: &str, usage: &str, got: usize) -> DataFusionError {
    DataFusionError::Plan(format!(
        "{function}: expected {usage}, got {got} argument{}",
        if got == 1 { "" } else { "s" }
    ))
}
