//! `ziln_evaluate(label, params [, weight] [, options])`.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::metric::{Distribution, MetricFunction, MetricGroup, MetricRows};
use super::record::{record_array, record_type};
use crate::call::evaluate::of_sample;
use crate::call::metric::{self, MetricCall};
use crate::fit::{Sample, Seen};
use crate::metrics::{Evaluation, Scored, evaluate};

#[user_doc(
    doc_section(label = "Statistical Functions"),
    description = "Returns every metric of predictions at once, as a struct: rows, payers, non_finite, loss (classification_loss + amount_loss), crps, label_mean, prediction_mean, prediction_ratio, gini, normalized_gini, spearman, roc_auc, average_precision, decile_mape, coverage_80, rows_seen, effective_rows. A field is NULL where it is undefined. Rows with a NULL are skipped; rows whose expected lifetime value is NaN or infinite are counted in non_finite and left out of the rest. Option max_rows bounds memory: the metrics are those of a sample, the same however the rows are ordered and split; rows_seen says of how many it is.",
    syntax_example = "ziln_evaluate(label, params [, weight] [, options])",
    alternative_syntax = "ziln_evaluate(label, logit, mu, raw_sigma [, weight] [, options])",
    sql_example = r"```sql
> SELECT round(e.loss, 4) AS loss, e.payers AS payers, e.roc_auc AS roc_auc FROM (
    SELECT ziln_evaluate(y, z, 1, 0) AS e FROM (VALUES (0, -1), (2, 0), (5, 1), (0, -2)) AS t(y, z)
  );
+--------+--------+---------+
| loss   | payers | roc_auc |
+--------+--------+---------+
| 1.3346 | 2      | 1.0     |
+--------+--------+---------+
```",
    argument(name = "label", description = "What the customer spent."),
    argument(
        name = "params",
        description = "A struct with fields logit, mu and sigma, a list of three numbers logit, mu, raw_sigma, or these as three arguments."
    ),
    argument(
        name = "weight",
        description = "How often the row counts: a number, not negative. Optional; NULL without a type is none."
    ),
    argument(
        name = "options",
        description = "A constant struct such as {max_rows: 1000000}: rows of a group that are kept at most, those with the smallest hash of their content. Optional."
    ),
    related_udf(name = "ziln_predict"),
    related_udf(name = "ziln_gini")
)]
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Evaluate;

impl MetricFunction for Evaluate {
    const CALL: MetricCall = metric::EVALUATE;

    type Predicted = Distribution;
    type Value = Evaluation;

    fn return_type() -> DataType {
        record_type::<Evaluation>()
    }

    fn compute(group: &MetricGroup<'_, Distribution>) -> Evaluation {
        evaluate(&group.pieces.iter().map(scored).collect::<Vec<_>>())
    }

    fn of_sample(value: Evaluation, sample: &Sample, seen: Seen) -> Evaluation {
        of_sample(&value, sample, seen)
    }

    /// A group without a row still has a struct: 0 rows, and NULL for every metric.
    fn collect(values: Vec<Evaluation>) -> Result<ArrayRef> {
        Ok(Arc::new(record_array(values.into_iter().map(Some))?))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

/// Rows as the core reads them.
fn scored<'a>(rows: &'a MetricRows<'_, Distribution>) -> Scored<'a> {
    Scored { label: &rows.label, params: rows.predicted.params(), weight: rows.weight.as_deref() }
}
