//! Constants among the arguments, as Polars' SQL and the plugin give them: options from a struct.

use polars::prelude::{AnyValue, PolarsResult, Series};

use super::error::refuse;
use crate::Error;
use crate::call::options::{option_that_differs, wrong_option};
use crate::fit::OptionValue;

/// Reads the names and values of options that were given as a struct column of a constant.
///
/// # Errors
/// Where it differs from row to row, or an option has a type that none has.
pub(super) fn read(function: &str, options: &Series) -> PolarsResult<Vec<(String, OptionValue)>> {
    let columns = options.struct_()?.fields_as_series();
    let pairs = columns.iter().map(|column| {
        let name = column.name().to_string();
        let value = constant(column, || option_that_differs(&name))?;
        let value =
            option_value(&value).ok_or_else(|| wrong_option(&name, value.dtype().to_string()))?;
        Ok((name, value))
    });
    pairs.collect::<Result<Vec<_>, Error>>().map_err(|error| refuse(function, &error))
}

/// The value that a column has in every row; NULL where there is no row.
///
/// # Errors
/// `differs`, where rows have several.
pub(super) fn constant(
    column: &Series,
    differs: impl FnOnce() -> Error,
) -> Result<AnyValue<'static>, Error> {
    // What cannot be counted is of no type that an option has, and is refused for that.
    if column.len() > 1 && column.n_unique().is_ok_and(|values| values > 1) {
        return Err(differs());
    }
    Ok(column.get(0).map_or(AnyValue::Null, AnyValue::into_static))
}

/// A constant as an option; `None` if it is of a type that no option has.
pub(super) fn option_value(value: &AnyValue<'_>) -> Option<OptionValue> {
    match value {
        AnyValue::Null => Some(OptionValue::Null),
        AnyValue::Boolean(value) => Some(OptionValue::Bool(*value)),
        AnyValue::List(values) | AnyValue::Array(values, _) => {
            let items: Option<Vec<OptionValue>> =
                values.iter().map(|value| option_value(&value)).collect();
            items.map(OptionValue::List)
        }
        value => match value.get_str() {
            Some(text) => Some(OptionValue::from(text)),
            None if value.is_integer() => Some(match value.extract::<i64>() {
                Some(value) => OptionValue::Integer(value),
                None => OptionValue::Number(value.extract::<f64>().unwrap_or(f64::INFINITY)),
            }),
            None => value.extract::<f64>().map(OptionValue::Number),
        },
    }
}
