//! The node below whatever writes files.
//!
//! Where its input ends with an error, DataFusion's writer closes its file as if the rows before were all, and a reader cannot
//! tell. So the writer is not told: it waits, the query returns the error, and what was not finished is given up.

use std::sync::{Arc, Mutex, PoisonError};

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::sink::DataSinkExec;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ChildrenPropertiesMode, ExecutionPlan, ReplaceChildrenOptions};
use futures::{StreamExt, stream};
use tokio::sync::Notify;

use crate::one_input::{OnRows, OneInputExec};
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
#[derive(Debug, Clone)]
struct Gate {
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
        let gate = Gate { failure: Arc::clone(&failure) };
        let gate = Arc::new(OneInputExec::new(gate, input));
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        let sink = node.replace_children(vec![gate], options)?;
        Ok(Transformed::new(sink, true, TreeNodeRecursion::Stop))
    })?;
    Ok((gated.data, failure))
}

impl OnRows for Gate {
    const NAME: &'static str = "GateExec";

    fn execute(
        &self,
        input: &dyn ExecutionPlan,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let panics = PanicWatch::begin();
        let rows = input.execute(partition, context)?;
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
        Ok(Box::pin(RecordBatchStreamAdapter::new(input.schema(), rows)))
    }
}
