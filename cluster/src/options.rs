//! The settings of a session on a cluster.

use datafusion::common::extensions_options;
use datafusion::config::ConfigExtension;

extensions_options! {
    /// `SET cluster.deadline_seconds = 600`.
    pub struct ClusterOptions {
        /// How long a query may take. After it, the query ends with an error.
        pub deadline_seconds: u64, default = 3600
    }
}

impl ConfigExtension for ClusterOptions {
    const PREFIX: &'static str = "cluster";
}
