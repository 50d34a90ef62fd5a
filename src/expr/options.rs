//! Training options from a struct, as Polars' SQL and the plugin give them.

use polars::prelude::{AnyValue, DataType, PolarsResult, Series};

use super::error::{refuse, wrong_argument};
use crate::error::quoted;
use crate::fit::{OptionValue, Options};

/// Reads options that were given as a struct column of a constant.
///
/// # Errors
/// Where it is no struct, differs from row to row, or an option is refused.
pub(super) fn read(function: &str, series: &Series) -> PolarsResult<Options> {
    let DataType::Struct(fields) = series.dtype() else {
        let got = series.dtype().to_string();
        return Err(wrong_argument(function, "options", "a struct of options", got));
    };
    let pairs = fields
        .iter()
        .zip(series.struct_()?.fields_as_series())
        .map(|(field, column)| {
            let value = constant(function, field.name(), &column)?;
            Ok((field.name().to_string(), option_value(function, field.name(), &value)?))
        })
        .collect::<PolarsResult<Vec<_>>>()?;
    Options::from_pairs(pairs).map_err(|error| refuse(function, &error))
}

/// The value that a column has in every row; NULL where there is no row.
pub(super) fn constant(
    function: &str,
    argument: &str,
    column: &Series,
) -> PolarsResult<AnyValue<'static>> {
    if column.is_empty() {
        return Ok(AnyValue::Null);
    }
    if column.len() > 1 && column.n_unique()? > 1 {
        return Err(wrong_argument(function, argument, "a constant", "values that differ"));
    }
    Ok(column.get(0)?.into_static())
}

fn option_value(function: &str, name: &str, value: &AnyValue<'_>) -> PolarsResult<OptionValue> {
    if let Some(text) = value.get_str() {
        return Ok(OptionValue::Text(text.to_string()));
    }
    match value {
        AnyValue::Null => Ok(OptionValue::Null),
        AnyValue::Boolean(value) => Ok(OptionValue::Bool(*value)),
        value if value.is_integer() => Ok(match value.extract::<i64>() {
            Some(value) => OptionValue::Integer(value),
            None => OptionValue::Number(value.extract::<f64>().unwrap_or(f64::INFINITY)),
        }),
        value => value.extract::<f64>().map(OptionValue::Number).ok_or_else(|| {
            let argument = format!("options.{}", quoted(name));
            let got = value.dtype().to_string();
            wrong_argument(function, &argument, "a number, a string or a boolean", got)
        }),
    }
}
