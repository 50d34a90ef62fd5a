//! Arguments that must be constants of the query.

use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use datafusion_common::ScalarValue;
use datafusion_expr::ColumnarValue;
use datafusion_physical_expr_common::physical_expr::PhysicalExpr;

use crate::error::quoted;

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
