//! The one error of the core. Adapters convert it at their border and put the name of the function before it.

use std::borrow::Cow;

/// What came was not what was expected.
///
/// The message names the argument, option or feature, what was expected and what came, so that a person can act
/// on it; it does not name the function, which the adapter knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument has a type, shape or value that the function does not take.
    #[error("argument `{argument}`: expected {expected}, got {got}")]
    Argument {
        /// The argument's name, as in the documentation.
        argument: String,
        /// What the function takes.
        expected: String,
        /// What came.
        got: String,
    },
    /// A training option is unknown, has the wrong type or is out of its range.
    #[error("option `{option}`: expected {expected}, got {got}")]
    Option {
        /// The option's name as it was given.
        option: String,
        /// What is allowed.
        expected: String,
        /// What came.
        got: String,
    },
    /// A model's text is not a model this version can use.
    #[error("argument `model`: {problem}; expected the text of a model made by ziln_fit_sgd")]
    Model {
        /// What is wrong with the text.
        problem: String,
    },
    /// The features given for prediction are not those the model was trained on.
    #[error("argument `features`: {problem}")]
    Feature {
        /// Which feature, what the model needs and what came.
        problem: String,
    },
    /// A fault of ziln itself, which should not have happened.
    #[error("internal error: {problem}")]
    Internal {
        /// What happened.
        problem: String,
    },
}

/// A result of the core.
pub type Result<T> = std::result::Result<T, Error>;

/// The most characters that a message quotes of a text that a person, a file or a table gave.
const QUOTED: usize = 40;

/// A text as a message quotes it: its first characters, those that control a terminal escaped.
pub(crate) fn quoted(text: &str) -> String {
    let clipped = text.char_indices().nth(QUOTED).map(|(end, _)| &text[..end]);
    let shown = printable(clipped.unwrap_or(text));
    if clipped.is_some() { format!("{shown}...") } else { shown.into_owned() }
}

/// A message in which the characters that control a terminal are escaped: some engines cannot pass a NUL on.
pub(crate) fn printable(message: &str) -> Cow<'_, str> {
    if !message.contains(char::is_control) {
        return Cow::Borrowed(message);
    }
    let mut shown = String::with_capacity(message.len() + 8);
    for character in message.chars() {
        match character.is_control() {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_short_and_printable() {
        assert_eq!(quoted("visits"), "visits");
        assert_eq!(quoted("a\0b\u{1b}[2J\n"), r"a\u{0}b\u{1b}[2J\n");
        let exact = "é".repeat(QUOTED);
        assert_eq!(quoted(&exact), exact);
        assert_eq!(quoted(&"é".repeat(QUOTED + 1)), format!("{exact}..."));
        assert!(quoted(&"\0".repeat(1 << 20)).len() < 6 * QUOTED);
    }

    #[test]
    fn a_message_without_control_characters_is_left_as_it_is() {
        assert!(matches!(printable("feature `é`: 'x'"), Cow::Borrowed("feature `é`: 'x'")));
    }
}
