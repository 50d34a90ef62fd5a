//! The options struct, a constant of the query.

use std::sync::Arc;

use arrow::array::{Array, StructArray};
use arrow::datatypes::{DataType, Field};
use datafusion_common::{Result, ScalarValue};
use datafusion_physical_expr_common::physical_expr::PhysicalExpr;

use super::NAME;
use crate::error::quoted;
use crate::fit::{OptionValue, Options};
use crate::udf::constant::constant;
use crate::udf::error::{refuse_plan, wrong_type};

/// Reads the options, or the defaults where a call has none.
pub(super) fn read(options: Option<&Arc<dyn PhysicalExpr>>) -> Result<Options> {
    let Some(options) = options else { return Ok(Options::default()) };
    let values = constant_struct(options)?;
    let pairs = values
        .fields()
        .iter()
        .zip(values.columns())
        .map(|(field, column)| {
            let value = ScalarValue::try_from_array(column, 0)?;
            Ok((field.name().clone(), option_value(field, &value)?))
        })
        .collect::<Result<Vec<_>>>()?;
    Options::from_pairs(pairs).map_err(|error| refuse_plan(NAME, &error))
}

fn constant_struct(options: &Arc<dyn PhysicalExpr>) -> Result<StructArray> {
    let got = match constant(options) {
        Ok(ScalarValue::Struct(values)) if values.is_valid(0) => {
            return Ok(values.as_ref().clone());
        }
        Ok(null) if null.is_null() => return Ok(StructArray::new_empty_fields(1, None)),
        Ok(other) => other.data_type().to_string(),
        Err(expression) => expression,
    };
    Err(wrong_type(NAME, "options", "a constant struct such as {epochs: 30}", got))
}

fn option_value(field: &Arc<Field>, value: &ScalarValue) -> Result<OptionValue> {
    if value.is_null() {
        return Ok(OptionValue::Null);
    }
    Ok(match value.data_type() {
        DataType::Boolean => match value {
            ScalarValue::Boolean(Some(value)) => OptionValue::Bool(*value),
            _ => OptionValue::Null,
        },
        data_type if data_type.is_integer() => match value.cast_to(&DataType::Int64) {
            Ok(ScalarValue::Int64(Some(value))) => OptionValue::Integer(value),
            _ => number(value)?,
        },
        data_type if data_type.is_numeric() => number(value)?,
        data_type => match value.try_as_str() {
            Some(Some(text)) => OptionValue::Text(text.to_string()),
            _ => {
                return Err(wrong_type(
                    NAME,
                    &format!("options.{}", quoted(field.name())),
                    "a number, a string or a boolean",
                    data_type.to_string(),
                ));
            }
        },
    })
}

fn number(value: &ScalarValue) -> Result<OptionValue> {
    Ok(match value.cast_to(&DataType::Float64)? {
        ScalarValue::Float64(Some(value)) => OptionValue::Number(value),
        _ => OptionValue::Null,
    })
}
