//! The one error of the core. Adapters convert it at their border and put the name of the function before it.

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
}

/// A result of the core.
pub type Result<T> = std::result::Result<T, Error>;
