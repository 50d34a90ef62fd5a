//! How much a model may be made of.

#[cfg(any(feature = "datafusion", feature = "polars"))]
use crate::{Error, Result};

/// The most features that a model is trained on or predicts from. A type can declare two thousand million of them
/// without a row to back it.
pub const MOST_FEATURES: usize = 100_000;

/// Refuses more features than [`MOST_FEATURES`].
///
/// # Errors
/// [`Error::Argument`].
#[cfg(any(feature = "datafusion", feature = "polars"))]
pub(crate) fn check_feature_count(count: usize) -> Result<()> {
    if count <= MOST_FEATURES {
        return Ok(());
    }
    Err(Error::Argument {
        argument: "features".to_owned(),
        expected: format!("at most {MOST_FEATURES} features"),
        got: count.to_string(),
    })
}
