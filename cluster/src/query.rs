//! The node above a plan: it ends a query in time, and says what its errors mean.

use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, Result, exec_datafusion_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::gate::Failure;
use crate::hello;
use crate::one_input::OnRows;
use crate::options::ClusterOptions;
use crate::panics::PanicWatch;
use crate::workers::Workers;

/// Returns the rows of its input, all of them or an error.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    /// What its writers are not told.
    pub(crate) failure: Arc<Failure>,
    pub(crate) workers: Arc<Workers>,
    /// The workers that may have a part in the query.
    pub(crate) present: Vec<Url>,
}

impl OnRows for Query {
    const NAME: &'static str = "QueryExec";

    fn shown(&self) -> String {
        format!("{}: workers={}", Self::NAME, self.present.len())
    }

    fn execute(
        &self,
        input: &dyn ExecutionPlan,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let options = context.session_config().options().extensions.get::<ClusterOptions>();
        let seconds = options
            .map_or(ClusterOptions::default().deadline_seconds, |options| options.deadline_seconds);
        let rows = Rows {
            panics: PanicWatch::begin(),
            input: input.execute(partition, telling(&context)?)?,
            failure: Arc::clone(&self.failure),
            seconds,
            // A deadline that cannot be represented is none.
            deadline: Instant::now().checked_add(Duration::from_secs(seconds)),
            workers: Arc::clone(&self.workers),
            present: self.present.clone(),
        };
        let rows = stream::unfold(Some(rows), |rows| async move { rows?.next().await });
        Ok(Box::pin(RecordBatchStreamAdapter::new(input.schema(), rows)))
    }
}

/// The context of a query, in which workers are told the version and the settings of the session.
fn telling(context: &TaskContext) -> Result<Arc<TaskContext>> {
    let mut config = context.session_config().clone();
    hello::tell(&mut config)?;
    Ok(Arc::new(TaskContext::new(
        context.task_id(),
        context.session_id(),
        config,
        context.scalar_functions().clone(),
        context.higher_order_functions().clone(),
        context.aggregate_functions().clone(),
        context.window_functions().clone(),
        context.runtime_env(),
    )))
}

/// The rows of a partition that are still to come.
struct Rows {
    input: SendableRecordBatchStream,
    failure: Arc<Failure>,
    seconds: u64,
    deadline: Option<Instant>,
    /// Those since the query began.
    panics: PanicWatch,
    workers: Arc<Workers>,
    present: Vec<Url>,
}

impl Rows {
    /// The error, with the workers that are to blame for it.
    async fn explained(self, error: DataFusionError) -> DataFusionError {
        let Self { workers, present, .. } = self;
        let lost = workers.lost(&present).await;
        if lost.is_empty() {
            return error;
        }
        let lost = lost.iter().map(Url::as_str).collect::<Vec<_>>().join(", ");
        exec_datafusion_err!(
            "a worker was lost while the query ran, and no part of a result was kept; run it again. No answer from \
             {lost}. {error}"
        )
    }

    /// The next batch and what comes after it, or an error, after which nothing comes.
    async fn next(mut self) -> Option<(Result<RecordBatch>, Option<Self>)> {
        let (failure, input) = (Arc::clone(&self.failure), &mut self.input);
        let next = async move {
            tokio::select! {
                error = failure.error() => Some(Err(error)),
                next = input.next() => next,
            }
        };
        let next = match self.deadline {
            Some(deadline) => timeout_at(deadline, next).await,
            None => Ok(next.await),
        };
        match next {
            Ok(Some(Ok(batch))) => Some((Ok(batch), Some(self))),
            Ok(Some(Err(error))) => Some((Err(self.explained(error).await), None)),
            Ok(None) => {
                let error = self.panics.error()?;
                Some((Err(self.explained(error).await), None))
            }
            Err(_) => {
                // What trains in this process would go on behind the error.
                ziln::fit::interrupt();
                let seconds = self.seconds;
                let error = exec_datafusion_err!(
                    "the query did not end in {seconds} seconds; SET cluster.deadline_seconds gives it longer"
                );
                Some((Err(error), None))
            }
        }
    }
}
