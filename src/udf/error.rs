//! The core's errors as DataFusion's: the function's name first, then what is wrong and what is expected.

use datafusion_common::{DataFusionError, Result, plan_err};

use crate::Error;
use crate::culprit;
use crate::error::printable;

/// What the core refuses while a query is planned: a type, an option.
pub(super) fn refuse_plan(function: &str, error: &Error) -> DataFusionError {
    DataFusionError::Plan(message(function, error))
}

/// What the core refuses while a query runs: a value.
pub(super) fn refuse_value(function: &str, error: &Error) -> DataFusionError {
    DataFusionError::Execution(message(function, error))
}

fn message(function: &str, error: &Error) -> String {
    format!("{function}: {}", printable(&error.to_string()))
}

/// An argument whose type is not what `function` takes.
pub(super) fn wrong_type(
    function: &str,
    argument: &str,
    expected: impl Into<String>,
    got: impl Into<String>,
) -> DataFusionError {
    refuse_plan(function, &wrong(argument, expected, got))
}

/// An argument with a value that `function` does not take.
pub(super) fn wrong_value(
    function: &str,
    argument: &str,
    expected: impl Into<String>,
    got: impl Into<String>,
) -> DataFusionError {
    refuse_value(function, &wrong(argument, expected, got))
}

fn wrong(argument: &str, expected: impl Into<String>, got: impl Into<String>) -> Error {
    Error::Argument { argument: argument.to_string(), expected: expected.into(), got: got.into() }
}

/// A text that is no model, in a row of a batch unless it is a constant.
pub(super) fn no_model(
    function: &str,
    argument: &str,
    text: &str,
    row: Option<usize>,
    error: &Error,
) -> DataFusionError {
    refuse_value(function, &culprit::no_model(argument, text, row, error))
}

/// A call with a number of arguments that `function` does not take.
pub(super) fn wrong_arity(function: &str, usage: &str, got: usize) -> DataFusionError {
    DataFusionError::Plan(format!(
        "{function}: expected {usage}, got {got} argument{}",
        if got == 1 { "" } else { "s" }
    ))
}

/// Refuses DISTINCT, which an aggregate would otherwise silently ignore.
pub(super) fn refuse_distinct(function: &str, is_distinct: bool) -> Result<()> {
    if !is_distinct {
        return Ok(());
    }
    plan_err!(
        "{function}: DISTINCT is not supported; remove duplicate rows in a subquery with SELECT DISTINCT"
    )
}
