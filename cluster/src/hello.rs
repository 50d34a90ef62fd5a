//! What a client tells every worker that runs a part of its query: which build it is, and its settings.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use datafusion::common::{exec_datafusion_err, exec_err};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::prelude::SessionConfig;
use datafusion_distributed::DistributedExt;
use http::{HeaderMap, HeaderValue};

/// The header with the version.
const VERSION_HEADER: &str = "ziln-version";

/// The header with the settings, an object of JSON.
const SETTINGS_HEADER: &str = "ziln-settings";

/// What has to be equal in client and workers, so that a query has the same rows on both.
pub(crate) static VERSION: LazyLock<String> =
    LazyLock::new(|| format!("ziln {}", ziln::shell::VERSION.as_str()));

/// Whether a worker, by the version that it told, can run queries of this client.
pub(crate) fn check_version(whose: &str, got: &str) -> Result<()> {
    if got == VERSION.as_str() {
        return Ok(());
    }
    let got = if got.is_empty() { "no version of ziln" } else { got };
    let own = VERSION.as_str();
    exec_err!("{whose} has {got}, and this is {own}: client and workers must be of the same build")
}

/// Makes the queries of a session tell its version, and those of its settings that are not the defaults.
pub(crate) fn tell(config: &mut SessionConfig) -> Result<()> {
    let settings = serde_json::to_vec(&changed(config.options()))
        .map_err(|error| exec_datafusion_err!("the settings of the session: {error}"))?;
    let value = |text: &[u8]| {
        HeaderValue::from_bytes(text)
            .map_err(|error| exec_datafusion_err!("the settings of the session: {error}"))
    };
    let mut headers = HeaderMap::new();
    headers.insert(VERSION_HEADER, value(VERSION.as_bytes())?);
    headers.insert(SETTINGS_HEADER, value(&settings)?);
    config.set_distributed_passthrough_headers(headers)
}

/// Checks the version that a client told, and takes over its settings.
pub(crate) fn hear(config: &mut SessionConfig, headers: &HeaderMap) -> Result<()> {
    let version = headers.get(VERSION_HEADER).and_then(|version| version.to_str().ok());
    check_version("the client", version.unwrap_or_default())?;
    let Some(settings) = headers.get(SETTINGS_HEADER) else {
        return exec_err!("the client told no settings");
    };
    let settings: BTreeMap<String, String> = serde_json::from_slice(settings.as_bytes())
        .map_err(|error| exec_datafusion_err!("the settings of the client: {error}"))?;
    for (key, value) in settings {
        config.options_mut().set(&key, &value)?;
    }
    Ok(())
}

/// The settings of the engine that are not the defaults. What decides a value while a query runs, such as the time zone, is
/// among them; the number of partitions is in the plan already.
fn changed(options: &ConfigOptions) -> BTreeMap<String, String> {
    let entries = |options: &ConfigOptions| -> BTreeMap<String, String> {
        let named = |key: &str| {
            key.starts_with("datafusion.execution.") || key.starts_with("datafusion.format.")
        };
        let entries = options.entries().into_iter().filter(|entry| named(&entry.key));
        entries.filter_map(|entry| Some((entry.key, entry.value?))).collect()
    };
    let defaults = entries(&ConfigOptions::default());
    let mut changed = entries(options);
    changed.retain(|key, value| defaults.get(key) != Some(value));
    changed
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, clippy::unwrap_used)]

    use super::*;

    /// What a worker makes of what a client with these settings tells.
    fn heard(config: &SessionConfig) -> SessionConfig {
        let mut headers = HeaderMap::new();
        headers.insert(VERSION_HEADER, HeaderValue::from_str(&VERSION).unwrap());
        let settings = serde_json::to_vec(&changed(config.options())).unwrap();
        headers.insert(SETTINGS_HEADER, HeaderValue::from_bytes(&settings).unwrap());
        let mut heard = SessionConfig::new();
        hear(&mut heard, &headers).expect("the same version");
        heard
    }

    #[test]
    fn settings_arrive() {
        let mut config = SessionConfig::new();
        assert!(changed(config.options()).is_empty());
        for (key, value) in [("time_zone", "+02:00"), ("batch_size", "77")] {
            config.options_mut().set(&format!("datafusion.execution.{key}"), value).unwrap();
        }
        config.options_mut().set("datafusion.format.null", "nichts \"ä\"\n").unwrap();
        let options = heard(&config);
        let options = options.options();
        assert_eq!(options.execution.time_zone.as_deref(), Some("+02:00"));
        assert_eq!(options.execution.batch_size.get(), 77);
        assert_eq!(options.format.null, "nichts \"ä\"\n");
    }

    #[test]
    fn other_versions_are_refused() {
        for (version, named) in [(Some("ziln 0.0.9"), "ziln 0.0.9"), (None, "no version of ziln")] {
            let mut headers = HeaderMap::new();
            if let Some(version) = version {
                headers.insert(VERSION_HEADER, HeaderValue::from_static(version));
            }
            let error = hear(&mut SessionConfig::new(), &headers).unwrap_err().to_string();
            assert!(error.contains(named) && error.contains(VERSION.as_str()), "{error}");
        }
    }
}
