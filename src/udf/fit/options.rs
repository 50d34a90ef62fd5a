//! The options struct, a constant of the query.

use std::sync::Arc;

use arrow::array::{Array, StructArray};
use datafusion_common::{Result, ScalarValue};
use datafusion_physical_expr_common::physical_expr::PhysicalExpr;

use crate::call::fit::{FitOptions, Solver};
use crate::call::options::{wrong_option, wrong_options};
use crate::udf::constant::{constant, option_value};
use crate::udf::error::refuse_plan;

/// Reads the options, or the defaults where a call has none.
pub(super) fn read<S: Solver>(options: Option<&Arc<dyn PhysicalExpr>>) -> Result<S::Options> {
    let Some(options) = options else { return Ok(S::Options::default()) };
    let values = constant_struct::<S>(options)?;
    let pairs = values
        .fields()
        .iter()
        .zip(values.columns())
        .map(|(field, column)| {
            let value = ScalarValue::try_from_array(column, 0)?;
            let wrong = || wrong_option(field.name(), value.data_type().to_string());
            let value = option_value(&value).ok_or_else(|| refuse_plan(S::NAME, &wrong()))?;
            Ok((field.name().clone(), value))
        })
        .collect::<Result<Vec<_>>>()?;
    S::Options::of_pairs(pairs).map_err(|error| refuse_plan(S::NAME, &error))
}

fn constant_struct<S: Solver>(options: &Arc<dyn PhysicalExpr>) -> Result<StructArray> {
    let got = match constant(options) {
        Ok(ScalarValue::Struct(values)) if values.is_valid(0) => {
            return Ok(values.as_ref().clone());
        }
        Ok(null) if null.is_null() => return Ok(StructArray::new_empty_fields(1, None)),
        Ok(other) => other.data_type().to_string(),
        Err(expression) => expression,
    };
    Err(refuse_plan(S::NAME, &wrong_options(S::EXAMPLE, got)))
}
