//! What is wrong with a model.

use crate::Error;

/// The error of a text or of parts that are no model.
pub(super) fn problem(problem: String) -> Error {
    Error::Model { problem }
}
