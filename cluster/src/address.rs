//! Where workers are.

use std::fmt::{Display, Formatter};
use std::net::SocketAddr;
use std::str::FromStr;

use datafusion::common::config_datafusion_err;
use datafusion::error::DataFusionError;
use url::{Host, Url};

/// `http://HOST:PORT`, or `HOST:PORT`. A name that stands for several machines, as those of container services do, is an
/// address of all of them.
///
/// ```
/// use ziln_cluster::Address;
///
/// let address: Address = "workers:50051".parse()?;
/// assert_eq!(address.to_string(), "http://workers:50051");
/// assert!("https://workers:50051".parse::<Address>().is_err());
/// # Ok::<(), datafusion::error::DataFusionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    host: String,
    port: u16,
}

impl FromStr for Address {
    type Err = DataFusionError;

    fn from_str(text: &str) -> Result<Self, DataFusionError> {
        let refuse = |problem: &str| {
            config_datafusion_err!("--cluster: expected http://HOST:PORT, got '{text}': {problem}")
        };
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&whole).map_err(|error| refuse(&error.to_string()))?;
        if url.scheme() != "http" {
            return Err(refuse("workers speak http"));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || !url.username().is_empty() {
            return Err(refuse("there is more than a host and a port"));
        }
        // A URL without a port has that of the web, which is not meant.
        let port = url.port().ok_or_else(|| refuse("no port"))?;
        let host = match url.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => return Err(refuse("no host")),
        };
        Ok(Self { host, port })
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "http://[{}]:{}", self.host, self.port),
            false => write!(f, "http://{}:{}", self.host, self.port),
        }
    }
}

impl Address {
    /// The machines behind the name, at this moment.
    pub(crate) async fn machines(&self) -> std::io::Result<Vec<SocketAddr>> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await?;
        let mut found: Vec<SocketAddr> = found.collect();
        // A machine has often addresses of both kinds, and should be one worker.
        if found.iter().any(SocketAddr::is_ipv4) {
            found.retain(SocketAddr::is_ipv4);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}
