//! `ziln_spearman(label, prediction)`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};
use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::metric::{Amount, MetricFunction, MetricGroup};
use crate::call::metric::{self, MetricCall};
use crate::metrics;

#[user_doc(
    doc_section(label = "Statistical Functions"),
    description = "Returns Spearman's rank correlation of label and prediction, with mid-ranks for ties, between -1 and 1. Rows with a NULL are skipped; NULL where either is constant.",
    syntax_example = "ziln_spearman(label, prediction)",
    sql_example = r"```sql
> SELECT round(ziln_spearman(y, p), 4) AS spearman FROM (VALUES (0, 1), (2, 2), (5, 3), (0, 0)) AS t(y, p);
+----------+
| spearman |
+----------+
| 0.9487   |
+----------+
```",
    argument(name = "label", description = "What the customer spent."),
    argument(name = "prediction", description = "What was predicted."),
    related_udf(name = "ziln_evaluate")
)]
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Spearman;

impl MetricFunction for Spearman {
    const CALL: MetricCall = metric::SPEARMAN;

    type Predicted = Amount;
    type Value = Option<f64>;

    fn return_type() -> DataType {
        DataType::Float64
    }

    fn compute(group: &MetricGroup<'_, Amount>) -> Option<f64> {
        let rows = group.whole();
        metrics::spearman(&rows.label, &rows.predicted)
    }

    fn collect(values: Vec<Option<f64>>) -> Result<ArrayRef> {
        Ok(Arc::new(Float64Array::from(values)))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
