//! The versions of the text of a model.

use super::problem::problem;
use crate::Result;

/// The version of the text of a linear model.
pub const FORMAT_VERSION: u32 = 1;

/// The version of the text of a model with a network.
pub const NETWORK_VERSION: u32 = 2;

/// Checks that this build reads a version.
///
/// # Errors
/// [`Error::Model`](crate::Error::Model) that names both.
pub(super) fn check_version(version: u32) -> Result<()> {
    if matches!(version, FORMAT_VERSION | NETWORK_VERSION) {
        return Ok(());
    }
    Err(problem(format!(
        "the text is of format_version {version}, and this build of ziln reads versions {FORMAT_VERSION} and {NETWORK_VERSION}"
    )))
}
