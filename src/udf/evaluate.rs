//! `ziln_evaluate(label, params [, weight])`.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::metric::{Distribution, MetricFunction, MetricGroup, MetricRows};
use super::record::{record_array, record_type};
use crate::call::metric::{self, MetricCall};
use crate::metrics::{Evaluation, Scored, evaluate};

#[user_doc(
    doc_section(label = "Statistical Functions"),
    description = "Returns every metric of predictions at once, as a struct: rows, payers, non_finite, loss (classification_loss + amount_loss), crps, label_mean, prediction_mean, prediction_ratio, gini, normalized_gini, spearman, roc_auc, average_precision, decile_mape, coverage_80. A field is NULL where it is undefined. Rows with a NULL are skipped; rows whose expected lifetime value is NaN or infinite are counted in non_finite and left out of the rest.",
    syntax_example = "ziln_evaluate(label, params [, weight])",
    alternative_syntax = "ziln_evaluate(label, logit, mu, raw_sigma [, weight])",
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
