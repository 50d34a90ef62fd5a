//! The one error of the core. Adapters convert it at their border and put the name of the function before it.

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
}

/// A result of the core.
pub type Result<T> = std::result::Result<T, Error>;

/// What an argument that holds a model is expected to be.
pub(crate) const MODEL_TEXT: &str = "the text of a model made by ziln_fit_sgd";

/// The most characters of a text or a name that a message quotes.
const QUOTED: usize = 40;

/// The most characters of a part of a message, whatever it is made of.
const PART: usize = 1000;

/// The start of a text or of a name, as a message quotes it.
pub(crate) fn shortened(text: &str) -> String {
    Plain { text, most: QUOTED }.to_string()
}

/// A part of a message that can be printed.
fn plain(text: &str) -> Plain<'_> {
    Plain { text, most: PART }
}

/// At most so many characters of a text; control characters are escaped, as engines end a message at a NUL, or worse.
struct Plain<'a> {
    text: &'a str,
    most: usize,
}

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.text.char_indices().nth(self.most).map(|(end, _)| end);
        let start = end.and_then(|end| self.text.get(..end)).unwrap_or(self.text);
        for character in start.chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_debug())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        if end.is_some() { f.write_str("...") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_short_and_can_be_printed() {
        assert_eq!(shortened("a\0b\nc"), "a\\0b\\nc");
        assert_eq!(shortened("é\u{7f}"), "é\\u{7f}");
        let most = "é".repeat(QUOTED);
        assert_eq!(shortened(&most), most);
        assert_eq!(shortened(&format!("{most}x")), format!("{most}..."));
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
            assert!(message.len() < 7000 && !message.contains(char::is_control), "{message}");
        }
    }
}
