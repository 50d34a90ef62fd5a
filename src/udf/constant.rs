//! Arguments that must be constants of the query.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::RecordBatch;
use datafusion_common::ScalarValue;
use datafusion_expr::ColumnarValue;
use datafusion_physical_expr_common::physical_expr::PhysicalExpr;

use crate::error::quoted;
use crate::fit::OptionValue;

/// The value of an expression that refers to no column; for any other what it is.
///
/// It is evaluated rather than looked into, so that it may also come from another library.
pub(super) fn constant(expression: &Arc<dyn PhysicalExpr>) -> Result<ScalarValue, String> {
    let no_columns = RecordBatch::new_empty(Arc::new(Schema::empty()));
    match expression.evaluate(&no_columns) {
        Ok(ColumnarValue::Scalar(value)) => Ok(value),
        Ok(ColumnarValue::Array(_)) | Err(_) => {
            Err(format!("an expression that is not constant, {}", quoted(&expression.to_string())))
        }
    }
}

/// A constant as an option; `None` if it is of a type that no option has.
pub(super) fn option_value(value: &ScalarValue) -> Option<OptionValue> {
    if value.is_null() {
        return Some(OptionValue::Null);
    }
    let number = || match value.cast_to(&DataType::Float64) {
        Ok(ScalarValue::Float64(Some(value))) => Some(OptionValue::Number(value)),
        _ => None,
    };
    match (value, value.data_type()) {
        (ScalarValue::Boolean(Some(value)), _) => Some(OptionValue::Bool(*value)),
        (_, data_type) if data_type.is_integer() => match value.cast_to(&DataType::Int64) {
            Ok(ScalarValue::Int64(Some(value))) => Some(OptionValue::Integer(value)),
            _ => number(),
        },
        (_, data_type) if data_type.is_numeric() => number(),
        (ScalarValue::List(list), _) => option_list(&list.value(0)),
        (ScalarValue::LargeList(list), _) => option_list(&list.value(0)),
        (ScalarValue::FixedSizeList(list), _) => option_list(&list.value(0)),
        _ => value.try_as_str().flatten().map(OptionValue::from),
    }
}

/// The values of a list as an option.
fn option_list(values: &ArrayRef) -> Option<OptionValue> {
    let value = |index| option_value(&ScalarValue::try_from_array(values, index).ok()?);
    (0..values.len()).map(value).collect::<Option<Vec<_>>>().map(OptionValue::List)
}
