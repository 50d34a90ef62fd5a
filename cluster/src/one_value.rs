//! A subquery for one value has one.
//!
//! On a cluster these become joins, and one with several rows would not be an error, as it is in a local session: it would have
//! its rows several times.

use datafusion::common::Result;
use datafusion::common::plan_err;
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;

use crate::refuse::each_expression;

/// Refuses subqueries for one value that may have more.
#[derive(Debug)]
pub(crate) struct OneValue;

impl AnalyzerRule for OneValue {
    fn name(&self) -> &'static str {
        "one_value"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        each_expression(&plan, |expr| match expr {
            // Of those that depend on the row, DataFusion checks it.
            Expr::ScalarSubquery(query)
                if query.outer_ref_columns.is_empty()
                    && query.subquery.max_rows().is_none_or(|rows| rows > 1) =>
            {
                plan_err!(
                    "on a cluster, a subquery that stands for one value must be seen to have one row: put an aggregate \
                     around its column, such as max(...), or LIMIT 1 behind it: {expr}"
                )
            }
            _ => Ok(()),
        })?;
        Ok(plan)
    }
}
