//! The core's errors as DataFusion's: the function's name first, then what is wrong and what is expected.

use datafusion_common::{DataFusionError, Result, plan_err};

use crate::Error;
use crate::call;
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

/// A call with a number of arguments that `function` does not take.
pub(super) fn wrong_arity(function: &str, usage: &str, got: usize) -> DataFusionError {
    refuse_plan(function, &call::wrong_arity(usage, got))
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
