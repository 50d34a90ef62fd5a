//! The workers of a cluster, and which of them answer.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use datafusion::common::{exec_datafusion_err, exec_err};
use datafusion::error::Result;
use datafusion_distributed::{GetWorkerInfoRequest, WorkerResolver};
use futures::future::join_all;
use tokio::time::timeout;
use url::Url;

use crate::address::Address;
use crate::channels::Channels;
use crate::hello::check_version;

/// How long a worker may take to say that it is there.
const ANSWERING: Duration = Duration::from_secs(3);

/// The workers of a cluster. Every query asks who is there; those that do not answer are left out.
#[derive(Debug)]
pub(crate) struct Workers {
    addresses: Vec<Address>,
    channels: Channels,
    /// Those who answered the last time.
    present: Mutex<Vec<Url>>,
    /// Those of whom the user was told that they are missing.
    missing: Mutex<BTreeSet<String>>,
}

impl Workers {
    pub(crate) fn new(addresses: Vec<Address>, channels: Channels) -> Self {
        Self { addresses, channels, present: Mutex::default(), missing: Mutex::default() }
    }

    /// Asks all workers whether they are there, and returns those that are.
    ///
    /// # Errors
    /// Where none is, and where one is of another build.
    pub(crate) async fn ask(&self) -> Result<Vec<Url>> {
        let mut missing = BTreeSet::new();
        let mut urls = BTreeSet::new();
        let names = self.addresses.iter();
        for (address, found) in
            names.zip(join_all(self.addresses.iter().map(Address::machines)).await)
        {
            match found {
                Ok(machines) => {
                    urls.extend(machines.iter().map(|machine| format!("http://{machine}")));
                }
                Err(error) => _ = missing.insert(format!("{address} ({error})")),
            }
        }
        let urls = urls.iter().map(|url| Url::parse(url)).collect::<Result<Vec<_>, _>>();
        let urls = urls.map_err(|error| exec_datafusion_err!("an address of a worker: {error}"))?;
        let mut present = Vec::new();
        for (url, version) in
            urls.iter().zip(join_all(urls.iter().map(|url| self.version(url))).await)
        {
            match version {
                Ok(version) => {
                    check_version(&format!("the worker {url}"), &version)?;
                    present.push(url.clone());
                }
                Err(problem) => _ = missing.insert(format!("{url} ({problem})")),
            }
        }
        if present.is_empty() {
            let missing = missing.into_iter().collect::<Vec<_>>().join(", ");
            return exec_err!(
                "no worker of the cluster answers: {missing}. `ziln-cluster worker` starts one"
            );
        }
        self.tell_of(missing, present.len());
        self.present.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&present);
        Ok(present)
    }

    /// Those of some workers who do not answer.
    pub(crate) async fn lost(&self, urls: &[Url]) -> Vec<Url> {
        let versions = join_all(urls.iter().map(|url| self.version(url))).await;
        let lost = urls.iter().zip(versions).filter(|(_, version)| version.is_err());
        lost.map(|(url, _)| url.clone()).collect()
    }

    /// The version of a worker, or why it did not tell.
    async fn version(&self, url: &Url) -> Result<String, String> {
        let asked = async {
            let mut client = self.channels.client(url)?;
            client.get_worker_info(GetWorkerInfoRequest {}).await
        };
        match timeout(ANSWERING, asked).await {
            Ok(Ok(info)) => Ok(info.version),
            Ok(Err(_)) => Err("no connection".to_owned()),
            Err(_) => Err(format!("no answer in {} seconds", ANSWERING.as_secs())),
        }
    }

    /// Tells the user who is missing, once.
    fn tell_of(&self, missing: BTreeSet<String>, present: usize) {
        let mut told = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        for worker in missing.difference(&told) {
            eprintln!("Warning: a worker of the cluster does not answer: {worker}; {present} do");
        }
        *told = missing;
    }
}

/// The workers as the planner asks for them: those who answered when the query began.
pub(crate) struct Present(pub(crate) Arc<Workers>);

impl WorkerResolver for Present {
    fn get_urls(&self) -> Result<Vec<Url>> {
        let mut urls = self.0.present.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // What one task can do the engine does in the session. So a worker that is alone gets two.
        if let [alone] = urls.as_slice() {
            urls.push(alone.clone());
        }
        Ok(urls)
    }
}
