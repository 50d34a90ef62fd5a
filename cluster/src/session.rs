//! Sessions: those of users, and those of workers. Both have the same functions.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::common::config_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_distributed::{
    DistributedExt, SessionStateBuilderExt, WorkerQueryContext, WorkerSessionBuilder,
};

use crate::address::Address;
use crate::channels::Channels;
use crate::hello;
use crate::one_value::OneValue;
use crate::options::ClusterOptions;
use crate::panics;
use crate::planner::{Planner, Whole};
use crate::spread::spread;
use crate::workers::{Present, Workers};

/// A state with the functions of ziln: what sessions of users and of workers have in common.
fn with_functions(state: SessionStateBuilder) -> Result<SessionState> {
    let mut state = state.build();
    ziln::udf::register_all(&mut state)?;
    Ok(state)
}

/// Makes the session that is built of a state run its queries on the workers at some addresses.
///
/// The state must have its other settings already, and no planner of its own.
///
/// # Errors
/// Without an address.
pub fn prepare(state: SessionStateBuilder, addresses: Vec<Address>) -> Result<SessionStateBuilder> {
    if addresses.is_empty() {
        return config_err!("a cluster needs the address of a worker");
    }
    panics::count_from_now_on();
    let channels = Channels::default();
    let workers = Arc::new(Workers::new(addresses, channels.clone()));
    let mut state = state
        .with_distributed_worker_resolver(Present(Arc::clone(&workers)))
        .with_distributed_channel_resolver(channels)
        .with_distributed_scale_up_leaf_node_handler(spread)
        // Every scan of files is for all workers, however small it is.
        .with_distributed_file_scan_config_bytes_per_partition(1)?
        .with_analyzer_rule(Arc::new(OneValue))
        .with_query_planner(Arc::new(Whole))
        .with_distributed_planner();
    let config = state.config().get_or_insert_default();
    if config.options().extensions.get::<ClusterOptions>().is_none() {
        config.options_mut().extensions.insert(ClusterOptions::default());
    }
    let Some(engine) = state.query_planner().take() else {
        return config_err!("the engine of the cluster has no planner");
    };
    let shared = with_functions(SessionStateBuilder::new().with_default_features())?;
    let functions = shared.scalar_functions().clone();
    Ok(state.with_query_planner(Arc::new(Planner { engine, workers, functions })))
}

/// A session with the functions of ziln whose queries run on the workers at some addresses.
///
/// Workers are first asked for when a query reads a table. Files must have the same paths on all machines.
///
/// ```no_run
/// # #[tokio::main]
/// # async fn main() -> datafusion::error::Result<()> {
/// use datafusion::prelude::SessionConfig;
///
/// let workers = vec!["http://127.0.0.1:50051".parse()?, "http://127.0.0.1:50052".parse()?];
/// let ctx = ziln_cluster::connect(SessionConfig::new(), workers)?.enable_url_table();
/// ctx.sql("SELECT ziln_fit_sgd(ltv, {visits: visits}) AS model FROM '/data/customers.parquet'").await?.show().await
/// # }
/// ```
///
/// # Errors
/// Without an address.
pub fn connect(config: SessionConfig, addresses: Vec<Address>) -> Result<SessionContext> {
    let state = SessionStateBuilder::new().with_config(config).with_default_features();
    Ok(SessionContext::new_with_state(with_functions(prepare(state, addresses)?)?))
}

/// Makes a session for each part of a query that a worker is given.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorkerSessions {
    channels: Channels,
}

#[async_trait]
impl WorkerSessionBuilder for WorkerSessions {
    async fn build_session_state(
        &self,
        query: WorkerQueryContext,
    ) -> Result<SessionState, DataFusionError> {
        let mut state = query.builder.with_distributed_channel_resolver(self.channels.clone());
        hello::hear(state.config().get_or_insert_default(), &query.headers)?;
        with_functions(state)
    }
}
