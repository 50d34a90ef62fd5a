//! The node below whatever writes files.
//!
//! Where its input ends with an error, DataFusion's writer closes its file as if the rows before were all, and a reader cannot
//! tell. So the writer is not told: it waits, the query returns the error, and what was not finished is given up.

use std::fmt::Formatter;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::datasource::sink::DataSinkExec;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::{StreamExt, stream};
use tokio::sync::Notify;

use crate::panics::PanicWatch;

/// The error that a writer was not told.
#[derive(Debug, Default)]
pub(crate) struct Failure {
    error: Mutex<Option<DataFusionError>>,
    happened: Notify,
}

impl Failure {
    /// Keeps an error, and never returns.
    async fn keep<T>(&self, error: DataFusionError) -> T {
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        self.happened.notify_one();
        std::future::pending().await
    }

    /// Waits for an error.
    pub(crate) async fn error(&self) -> DataFusionError {
        loop {
            self.happened.notified().await;
            if let Some(error) = self.error.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return error;
            }
        }
    }
}

/// Passes rows on, and errors by another way.
#[derive(Debug)]
struct GateExec {
    input: Arc<dyn ExecutionPlan>,
    failure: Arc<Failure>,
}

/// A plan whose writers are not told of errors, and the place where these go.
pub(crate) fn gated(
    plan: Arc<dyn ExecutionPlan>,
) -> Result<(Arc<dyn ExecutionPlan>, Arc<Failure>)> {
    let failure = Arc::new(Failure::default());
    let gated = plan.transform_down(|node| {
        let Some(sink) = node.downcast_ref::<DataSinkExec>() else {
            return Ok(Transformed::no(node));
        };
        let input = Arc::clone(sink.input());
        let gate = Arc::new(GateExec { input, failure: Arc::clone(&failure) });
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        let sink = node.replace_children(vec![gate], options)?;
        Ok(Transformed::new(sink, true, TreeNodeRecursion::Stop))
    })?;
    Ok((gated.data, failure))
}

impl DisplayAs for GateExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "GateExec")
    }
}

impl ExecutionPlan for GateExec {
    fn name(&self) -> &'static str {
        "GateExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = children.as_slice() else {
            return internal_err!("GateExec: expected one input, got {}", children.len());
        };
        Ok(Arc::new(Self { input: Arc::clone(input), failure: Arc::clone(&self.failure) }))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let panics = PanicWatch::begin();
        let rows = self.input.execute(partition, context)?;
        let rows = stream::unfold(
            (rows, Arc::clone(&self.failure)),
            move |(mut rows, failure)| async move {
                match rows.next().await {
                    Some(Ok(batch)) => Some((Ok(batch), (rows, failure))),
                    Some(Err(error)) => failure.keep(error).await,
                    None => failure.keep(panics.error()?).await,
                }
            },
        );
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}
