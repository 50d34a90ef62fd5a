//! `ziln_gini(label, prediction [, weight])`.

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
    description = "Returns the normalised Gini coefficient: how well a prediction ranks customers by label, 1 for the order of the labels themselves and 0 for a constant. Tied predictions share their labels evenly. Rows with a NULL are skipped; NULL where labels are all equal.",
    syntax_example = "ziln_gini(label, prediction [, weight])",
    sql_example = r"```sql
> SELECT ziln_gini(y, p) AS gini FROM (VALUES (0, 1), (2, 2), (5, 3), (0, 0)) AS t(y, p);
+------+
| gini |
+------+
| 1.0  |
+------+
```",
    argument(name = "label", description = "What the customer spent."),
    argument(
        name = "prediction",
        description = "What was predicted: any number that should be higher for better customers."
    ),
    argument(
        name = "weight",
        description = "How often the row counts: a number, not negative. Optional; NULL without a type is none."
    ),
    related_udf(name = "ziln_evaluate")
)]
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Gini;

impl MetricFunction for Gini {
    const CALL: MetricCall = metric::GINI;

    type Predicted = Amount;
    type Value = Option<f64>;

    fn return_type() -> DataType {
        DataType::Float64
    }

    fn compute(group: &MetricGroup<'_, Amount>) -> Option<f64> {
        let rows = group.whole();
        metrics::gini(&rows.label, &rows.predicted, rows.weight.as_deref())
    }

    fn collect(values: Vec<Option<f64>>) -> Result<ArrayRef> {
        Ok(Arc::new(Float64Array::from(values)))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
