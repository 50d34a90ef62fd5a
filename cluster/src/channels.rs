//! Connections to workers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use datafusion::common::config_datafusion_err;
use datafusion::error::{DataFusionError, Result};
use datafusion_distributed::grpc::{BoxCloneSyncChannel, create_worker_client};
use datafusion_distributed::{ChannelResolver, WorkerChannel};
use tonic::transport::{Channel, Endpoint};
use url::Url;

/// How long a machine may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(5);

/// After how long without data the system asks whether the other machine is still there, and how long after that again.
/// (The system answers, and not the worker, whose threads may all be training.)
pub(crate) const SILENCE: Duration = Duration::from_secs(10);
/// How long after an answer that did not come the system asks again.
pub(crate) const BETWEEN_QUESTIONS: Duration = Duration::from_secs(5);
/// How often it asks before a connection counts as lost.
pub(crate) const QUESTIONS: u32 = 3;

/// One connection a worker, made when it is first needed, and again after it was lost.
#[derive(Debug, Clone, Default)]
pub(crate) struct Channels(Arc<Mutex<HashMap<Url, Channel>>>);

impl Channels {
    /// A client of the worker.
    pub(crate) fn client(&self, url: &Url) -> Result<Box<dyn WorkerChannel>> {
        Ok(create_worker_client(BoxCloneSyncChannel::new(self.channel(url)?)))
    }

    fn channel(&self, url: &Url) -> Result<Channel> {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get(url) {
            return Ok(channel.clone());
        }
        let endpoint = Endpoint::from_shared(url.to_string())
            .map_err(|error| config_datafusion_err!("'{url}' is no address of a worker: {error}"))?
            .connect_timeout(CONNECTING)
            .tcp_nodelay(true)
            .tcp_keepalive(Some(SILENCE))
            .tcp_keepalive_interval(Some(BETWEEN_QUESTIONS))
            .tcp_keepalive_retries(Some(QUESTIONS))
            .http2_adaptive_window(true);
        let channel = endpoint.connect_lazy();
        channels.insert(url.clone(), channel.clone());
        Ok(channel)
    }
}

#[async_trait]
impl ChannelResolver for Channels {
    async fn get_worker_client_for_url(
        &self,
        url: &Url,
    ) -> Result<Box<dyn WorkerChannel>, DataFusionError> {
        self.client(url)
    }
}
