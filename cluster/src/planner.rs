//! How a query becomes stages on workers.

use std::fmt::{Debug, Formatter};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::explain::ExplainExec;

use crate::gate::gated;
use crate::query::QueryExec;
use crate::refuse::{Functions, check_plan, check_settings};
use crate::workers::Workers;

/// The planner of the engine between a check before it and a [`QueryExec`] on top of its plan.
pub(crate) struct Planner {
    pub(crate) engine: Arc<dyn QueryPlanner + Send + Sync>,
    pub(crate) workers: Arc<Workers>,
    pub(crate) functions: Functions,
}

impl Debug for Planner {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Planner").field("workers", &self.workers).finish_non_exhaustive()
    }
}

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        check_settings(session.config_options())?;
        check_plan(plan, &self.functions)?;
        let workers = if reads_a_table(plan)? { self.workers.ask().await? } else { Vec::new() };
        let plan = self.engine.create_physical_plan(plan, session).await?;
        if plan.is::<ExplainExec>() {
            return Ok(plan);
        }
        let (plan, failure) = gated(plan)?;
        Ok(Arc::new(QueryExec::new(plan, failure, Arc::clone(&self.workers), workers)))
    }
}

/// Whether workers may have something to do.
fn reads_a_table(plan: &LogicalPlan) -> Result<bool> {
    let mut reads = false;
    plan.apply_with_subqueries(|node| {
        reads |= matches!(node, LogicalPlan::TableScan(_));
        Ok(if reads { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(reads)
}
