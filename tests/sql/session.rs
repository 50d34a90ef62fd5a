//! Sessions with the functions registered, and short ways to ask them.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::{SessionConfig, SessionContext};

/// The names of every function, in their order; `slt/functions.slt` has the list that they are compared with.
pub(crate) fn function_names() -> Vec<String> {
    let scalar = ziln::udf::scalar_functions();
    let aggregate = ziln::udf::aggregate_functions();
    let scalar = scalar.iter().map(|function| function.name());
    let aggregate = aggregate.iter().map(|function| function.name());
    let mut names: Vec<String> = scalar.chain(aggregate).map(str::to_owned).collect();
    names.sort_unstable();
    names
}

/// A session of the given parallelism.
pub(crate) fn session(partitions: usize, batch_size: usize) -> SessionContext {
    session_with(config(partitions, batch_size), Arc::new(RuntimeEnv::default()))
}

/// The settings of [`session`].
pub(crate) fn config(partitions: usize, batch_size: usize) -> SessionConfig {
    SessionConfig::new()
        .with_information_schema(true)
        .with_target_partitions(partitions)
        .with_batch_size(batch_size)
}

/// A session of any settings and resources.
pub(crate) fn session_with(config: SessionConfig, runtime: Arc<RuntimeEnv>) -> SessionContext {
    let mut context = SessionContext::new_with_config_rt(config, runtime);
    ziln::udf::register_all(&mut context).expect("the functions register");
    context
}

/// The result of a query.
pub(crate) async fn run(context: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>> {
    context.sql(sql).await?.collect().await
}

/// The rows of a query's result.
pub(crate) async fn rows(context: &SessionContext, sql: &str) -> Vec<Vec<ScalarValue>> {
    rows_of(&run(context, sql).await.unwrap_or_else(|error| panic!("{sql}\n{error}")))
}

/// The rows of batches.
pub(crate) fn rows_of(batches: &[RecordBatch]) -> Vec<Vec<ScalarValue>> {
    let row = |batch: &RecordBatch, row| {
        let value = |column: &ArrayRef| ScalarValue::try_from_array(column, row).expect("a value");
        batch.columns().iter().map(value).collect()
    };
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |r| row(batch, r))).collect()
}

/// The one value of a query of one row and one column.
pub(crate) async fn value(context: &SessionContext, sql: &str) -> ScalarValue {
    let rows = rows(context, sql).await;
    assert_eq!((rows.len(), rows[0].len()), (1, 1), "{sql}");
    rows[0][0].clone()
}

/// The message of the error that a query must end in.
pub(crate) async fn error(context: &SessionContext, sql: &str) -> String {
    match run(context, sql).await {
        Ok(_) => panic!("no error: {sql}"),
        Err(error) => error.to_string(),
    }
}
