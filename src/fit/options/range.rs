//! What an option may be.

use std::fmt;

use crate::error::number_text;

/// What an option may be; shown as messages and documents say it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum OptionRange {
    /// An integer.
    Integer {
        /// The least.
        least: u64,
        /// The greatest.
        most: u64,
    },
    /// A number.
    Number {
        /// The least.
        least: f64,
        /// The greatest.
        most: f64,
    },
    /// A number above 0.
    Positive {
        /// The greatest.
        most: f64,
    },
    /// One of these names.
    OneOf(&'static [&'static str]),
    /// A boolean.
    Boolean,
    /// A model, or its text.
    Model,
    /// The units of each hidden layer, or of the only one.
    Layers {
        /// The most layers.
        layers: usize,
        /// The most units of a layer.
        units: u64,
    },
}

impl fmt::Display for OptionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Integer { least, most } => write!(f, "an integer from {least} to {most}"),
            Self::Number { least, most } => {
                write!(f, "a number from {} to {}", number_text(least), number_text(most))
            }
            Self::Positive { most: f64::MAX } => f.write_str("a number greater than 0"),
            Self::Positive { most } => {
                write!(f, "a number greater than 0, at most {}", number_text(most))
            }
            Self::OneOf(names) => write!(f, "one of {}", names.join(", ")),
            Self::Boolean => f.write_str("true or false"),
            Self::Model => f.write_str("the text of a model"),
            Self::Layers { layers, units } => {
                write!(f, "a list of at most {layers} integers from 1 to {units}, or one")
            }
        }
    }
}
