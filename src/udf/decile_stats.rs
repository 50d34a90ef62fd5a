//! `ziln_decile_stats(label, prediction [, buckets])`.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::metric::{Amount, MetricFunction, MetricGroup};
use super::record::{record_list_array, record_list_type};
use crate::call::metric::{self, MetricCall};
use crate::metrics::{DecileStats, decile_stats};

#[user_doc(
    doc_section(label = "Statistical Functions"),
    description = "Returns label against prediction by bucket of predicted rank, as a list of structs: bucket (from 1, the lowest), rows, label_mean, prediction_mean, normalized_rmse, normalized_mae, absolute_percentage_error. Ties never fail: tied predictions share their labels evenly. Rows with a NULL are skipped.",
    syntax_example = "ziln_decile_stats(label, prediction [, buckets])",
    sql_example = r"```sql
> SELECT d.bucket AS bucket, d.rows AS rows, d.label_mean AS label_mean FROM (
    SELECT unnest(ziln_decile_stats(y, p, 2)) AS d FROM (VALUES (0, 1), (2, 2), (5, 3), (0, 0)) AS t(y, p)
  );
+--------+------+------------+
| bucket | rows | label_mean |
+--------+------+------------+
| 1      | 2    | 0.0        |
| 2      | 2    | 3.5        |
+--------+------+------------+
```",
    argument(name = "label", description = "What the customer spent."),
    argument(name = "prediction", description = "What was predicted."),
    argument(name = "buckets", description = "How many buckets: a constant, 10 by default."),
    related_udf(name = "ziln_evaluate")
)]
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct DecileStatsFunction;

impl MetricFunction for DecileStatsFunction {
    const CALL: MetricCall = metric::DECILE_STATS;

    type Predicted = Amount;
    type Value = Vec<DecileStats>;

    fn return_type() -> DataType {
        record_list_type::<DecileStats>()
    }

    fn compute(group: &MetricGroup<'_, Amount>) -> Vec<DecileStats> {
        let rows = group.whole();
        decile_stats(&rows.label, &rows.predicted, group.buckets)
    }

    /// A group without a row has no buckets, which is NULL as with the engine's own aggregates.
    fn collect(values: Vec<Vec<DecileStats>>) -> Result<ArrayRef> {
        record_list_array(values.into_iter().map(|list| (!list.is_empty()).then_some(list)))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
