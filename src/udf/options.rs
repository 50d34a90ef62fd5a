//! The argument `options`: a struct, a constant of the query.

use std::sync::Arc;

use arrow::array::{Array, StructArray};
use datafusion_common::{Result, ScalarValue};
use datafusion_physical_expr_common::physical_expr::PhysicalExpr;

use super::constant::{constant, option_value};
use super::error::refuse_plan;
use crate::Error;
use crate::call::options::wrong_option;
use crate::fit::OptionValue;

/// Reads the names and values of options; `None` where a call has none. `wrong` is the error of what is no constant struct.
pub(super) fn read_options(
    function: &str,
    options: Option<&Arc<dyn PhysicalExpr>>,
    wrong: impl FnOnce(String) -> Error,
) -> Result<Option<Vec<(String, OptionValue)>>> {
    let Some(options) = options else { return Ok(None) };
    let values = constant_struct(options).map_err(|got| refuse_plan(function, &wrong(got)))?;
    let pairs = values.fields().iter().zip(values.columns()).map(|(field, column)| {
        let value = ScalarValue::try_from_array(column, 0)?;
        let wrong = || wrong_option(field.name(), value.data_type().to_string());
        let value = option_value(&value).ok_or_else(|| refuse_plan(function, &wrong()))?;
        Ok((field.name().clone(), value))
    });
    pairs.collect::<Result<Vec<_>>>().map(Some)
}

/// The struct of one row, or what came instead.
fn constant_struct(options: &Arc<dyn PhysicalExpr>) -> Result<StructArray, String> {
    match constant(options)? {
        ScalarValue::Struct(values) if values.is_valid(0) => Ok(values.as_ref().clone()),
        null if null.is_null() => Ok(StructArray::new_empty_fields(1, None)),
        other => Err(other.data_type().to_string()),
    }
}
