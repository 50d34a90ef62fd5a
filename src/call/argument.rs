//! What an argument is, whichever engine it comes from.

use std::collections::HashSet;
use std::fmt::Display;

use crate::Error;
use crate::error::quoted;

/// The type of an argument in an engine, which shows itself as the engine names it.
pub(crate) trait ArgumentType: Display + Sized {
    /// What the type is to the rules of calls.
    fn form(&self) -> TypeForm<'_, Self>;
}

/// What a type is to the rules of calls.
#[derive(Debug)]
pub(crate) enum TypeForm<'a, T> {
    /// That of a NULL without a type: a number or a text that is missing, or an argument left out.
    Null,
    /// A number of any type, a dictionary of such included.
    Number,
    /// A boolean.
    Boolean,
    /// A date, or a date with a time.
    Date,
    /// A text, however it is encoded.
    Text,
    /// A struct: names and types of its fields.
    Struct(Vec<(&'a str, &'a T)>),
    /// Lists of items of this type, of any length.
    List(&'a T),
    /// Lists of one length.
    Array(&'a T, usize),
    /// Anything else.
    Other,
}

impl<T> TypeForm<'_, T> {
    /// Whether it can be read as numbers.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Null | Self::Number)
    }

    /// Whether it is a date.
    pub fn is_date(&self) -> bool {
        matches!(self, Self::Date)
    }

    /// Whether it is that of a NULL without a type.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// An argument that is not what a function takes.
pub(crate) fn wrong_argument(
    argument: &str,
    expected: impl Into<String>,
    got: impl Into<String>,
) -> Error {
    Error::Argument { argument: argument.to_owned(), expected: expected.into(), got: got.into() }
}

/// A call with a number of arguments that the function does not take.
pub(crate) fn wrong_arity(usage: &str, got: usize) -> Error {
    Error::Arity { usage: usage.to_owned(), got }
}

/// Refuses a struct with two fields of one name: fields are told by it.
pub(crate) fn check_names<T>(argument: &str, fields: &[(&str, &T)]) -> crate::Result<()> {
    let mut known = HashSet::new();
    match fields.iter().find(|(name, _)| !known.insert(*name)) {
        None => Ok(()),
        Some((name, _)) => Err(wrong_argument(
            argument,
            "fields of different names",
            format!("two fields `{}`", quoted(name)),
        )),
    }
}

/// Refuses an argument that is not a number.
pub(crate) fn check_number<T: ArgumentType>(argument: &str, given: &T) -> crate::Result<()> {
    if given.form().is_number() {
        return Ok(());
    }
    Err(wrong_argument(argument, "a number", given.to_string()))
}

/// Refuses an argument that cannot hold text.
pub(crate) fn check_text<T: ArgumentType>(
    argument: &str,
    expected: &str,
    given: &T,
) -> crate::Result<()> {
    match given.form() {
        TypeForm::Text | TypeForm::Null => Ok(()),
        _ => Err(wrong_argument(argument, expected, given.to_string())),
    }
}
