//! The one error of the core. Adapters convert it at their border and put the name of the function before it.

use std::borrow::Cow;
use std::fmt;

/// What came was not what was expected.
///
/// The message names the argument, option or feature, what was expected and what came, so that a person can act
/// on it; it does not name the function, which the adapter knows. It can be printed anywhere, whatever came: control
/// characters are escaped, and a text without an end is cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument has a type, shape or value that the function does not take.
    #[error("argument `{}`: expected {}, got {}", plain(.argument), plain(.expected), plain(.got))]
    Argument {
        /// The argument's name, as in the documentation.
        argument: String,
        /// What the function takes.
        expected: String,
        /// What came.
        got: String,
    },
    /// A call has a number of arguments that the function does not take.
    #[error("expected {usage}, got {got} argument{}", if *.got == 1 { "" } else { "s" })]
    Arity {
        /// How the function is called.
        usage: String,
        /// How many arguments came.
        got: usize,
    },
    /// A training option is unknown, has the wrong type or is out of its range.
    #[error("option `{}`: expected {}, got {}", plain(.option), plain(.expected), plain(.got))]
    Option {
        /// The option's name as it was given.
        option: String,
        /// What is allowed.
        expected: String,
        /// What came.
        got: String,
    },
    /// A model's text is not a model this version can use.
    #[error("argument `model`: {}; expected {MODEL_TEXT}", plain(.problem))]
    Model {
        /// What is wrong with the text.
        problem: String,
    },
    /// The features given for prediction are not those the model was trained on.
    #[error("argument `features`: {}", plain(.problem))]
    Feature {
        /// Which feature, what the model needs and what came.
        problem: String,
    },
    /// A person interrupted the training.
    #[error("interrupted")]
    Interrupted,
    /// A fault of ziln itself, which should not have happened.
    #[error("internal error: {problem}")]
    Internal {
        /// What happened.
        problem: String,
    },
}

/// A result of the core.
pub type Result<T> = std::result::Result<T, Error>;

/// What an argument that holds a model is expected to be.
pub(crate) const MODEL_TEXT: &str = "the text of a model made by one of the ziln_fit functions";

/// The most characters that a message quotes of a text that a person, a file or a table gave.
const QUOTED: usize = 40;

/// The most characters of a part of a message, whatever it is made of.
const PART: usize = 1000;

/// A text as a message quotes it: its first characters, those that control a terminal escaped.
pub(crate) fn quoted(text: &str) -> String {
    Plain { text, most: QUOTED }.to_string()
}

/// A number as a message shows it: the fewest digits that tell it, and an exponent where that is shorter.
pub(crate) fn number_text(number: f64) -> String {
    let (digits, with_exponent) = (number.to_string(), format!("{number:?}"));
    if with_exponent.len() < digits.len() { with_exponent } else { digits }
}

/// A part of a message that can be printed.
fn plain(text: &str) -> Plain<'_> {
    Plain { text, most: PART }
}

/// At most so many characters of a text, those that control a terminal escaped.
struct Plain<'a> {
    text: &'a str,
    most: usize,
}

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.text.char_indices().nth(self.most).map(|(end, _)| end);
        f.write_str(&printable(end.map_or(self.text, |end| &self.text[..end])))?;
        if end.is_some() { f.write_str("...") } else { Ok(()) }
    }
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
    fn numbers_are_short() {
        for (number, text) in [
            (1000.0, "1000"),
            (-0.5, "-0.5"),
            (-0.0, "-0"),
            (5e-324, "5e-324"),
            (-1e308, "-1e308"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(number_text(number), text);
        }
    }

    #[test]
    fn a_message_without_control_characters_is_left_as_it_is() {
        assert!(matches!(printable("feature `é`: 'x'"), Cow::Borrowed("feature `é`: 'x'")));
    }

    #[test]
    fn a_message_has_an_end_and_no_control_characters() {
        let long = "\0".repeat(1 << 20);
        for error in [
            Error::Argument { argument: long.clone(), expected: long.clone(), got: long.clone() },
            Error::Option { option: long.clone(), expected: long.clone(), got: long.clone() },
            Error::Model { problem: long.clone() },
            Error::Feature { problem: long.clone() },
        ] {
            let message = error.to_string();
            assert!(message.len() < 16_000 && !message.contains(char::is_control), "{message}");
        }
    }
}
