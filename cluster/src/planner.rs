//! How a query becomes stages on workers.

use std::fmt::{Debug, Formatter};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::catalog::memory::DataSourceExec;
use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNode;
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::explain::ExplainExec;
use datafusion::physical_plan::memory::LazyMemoryExec;
use datafusion::physical_plan::placeholder_row::PlaceholderRowExec;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};

use crate::gate::gated;
use crate::gather::gather;
use crate::one_input::OneInputExec;
use crate::prove::flaw;
use crate::query::Query;
use crate::refuse::{Functions, check_functions, check_settings, check_subqueries};
use crate::workers::Workers;

/// The least number of partitions that a query for workers is planned for.
const FEWEST_PARTITIONS: usize = 2;

/// The planner of the engine between a check before it and a [`Query`] on top of its plan.
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
        check_subqueries(plan)?;
        let local = DefaultPhysicalPlanner::default().create_physical_plan(plan, session).await?;
        if local.is::<ExplainExec>() {
            return Ok(local);
        }
        let (plan, workers) = if reads_files(&local)? && can_be_sent(&local)? {
            check_functions(plan, &self.functions)?;
            let workers = self.workers.ask().await?;
            match self.cut(plan, session).await? {
                Some(cut) => (cut, workers),
                None => (local, Vec::new()),
            }
        } else {
            (local, Vec::new())
        };
        let (plan, failure) = gated(plan)?;
        let query = Query { failure, workers: Arc::clone(&self.workers), present: workers };
        Ok(Arc::new(OneInputExec::new(query, plan)))
    }
}

impl Planner {
    /// The stages of a query; none where it is not sure that they have the rows of the query.
    async fn cut(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let session = for_workers(session)?;
        // What the engine does not plan, DataFusion has planned already.
        let Ok(cut) = self.engine.create_physical_plan(plan, &session).await else {
            return Ok(None);
        };
        Ok(if flaw(&cut)?.is_some() { None } else { Some(cut) })
    }
}

/// The session in which a query for workers is planned: in one partition there is nothing to deal.
fn for_workers(session: &dyn Session) -> Result<SessionState> {
    let Some(state) = session.as_any().downcast_ref::<SessionState>() else {
        return internal_err!("the session of a cluster: expected one of DataFusion");
    };
    let mut state = state.clone();
    let partitions = &mut state.config_mut().options_mut().execution.target_partitions;
    *partitions = (*partitions).max(FEWEST_PARTITIONS);
    Ok(state)
}

/// DataFusion's planner, whose plans the engine cuts.
#[derive(Debug)]
pub(crate) struct Whole;

#[async_trait]
impl QueryPlanner for Whole {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        gather(DefaultPhysicalPlanner::default().create_physical_plan(plan, session).await?)
    }
}

/// Whether workers have something to do.
fn reads_files(plan: &Arc<dyn ExecutionPlan>) -> Result<bool> {
    plan.exists(|node| Ok(file_scan(node).is_some()))
}

/// Whether a worker reads what this plan reads. Of files other than Parquet some options are not sent, compression among them;
/// other sources of rows are mostly not sent at all.
fn can_be_sent(plan: &Arc<dyn ExecutionPlan>) -> Result<bool> {
    let not_sent = plan.exists(|node| {
        let is_sent = match file_scan(node) {
            Some(scan) => scan.file_source.file_type() == "parquet",
            None if node.children().is_empty() => {
                node.is::<DataSourceExec>()
                    || node.is::<EmptyExec>()
                    || node.is::<PlaceholderRowExec>()
                    || node.is::<LazyMemoryExec>()
            }
            None => true,
        };
        Ok(!is_sent)
    })?;
    Ok(!not_sent)
}

/// The scan of files that a node is.
pub(crate) fn file_scan(node: &Arc<dyn ExecutionPlan>) -> Option<&FileScanConfig> {
    let source: &DataSourceExec = node.downcast_ref()?;
    source.data_source().downcast_ref()
}
