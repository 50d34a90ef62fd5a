//! The argument `options`: a struct of constants.

use super::{ArgumentType, TypeForm, wrong_argument};
use crate::error::quoted;
use crate::{Error, Result};

/// Refuses an argument that is not a struct; `example` is one.
pub(crate) fn check<T: ArgumentType>(options: &T, example: &str) -> Result<()> {
    match options.form() {
        TypeForm::Struct(_) | TypeForm::Null => Ok(()),
        _ => Err(wrong_options(example, options.to_string())),
    }
}

/// Options that are not a constant struct, such as `example`.
pub(crate) fn wrong_options(example: &str, got: impl Into<String>) -> Error {
    wrong_argument("options", format!("a constant struct such as {example}"), got)
}

/// An option of a type that none has.
pub(crate) fn wrong_option(name: &str, got: impl Into<String>) -> Error {
    let argument = format!("options.{}", quoted(name));
    wrong_argument(&argument, "a number, a string, a boolean or a list", got)
}

/// An option that differs from row to row.
pub(crate) fn option_that_differs(name: &str) -> Error {
    wrong_argument(&format!("options.{}", quoted(name)), "a constant", "values that differ")
}
