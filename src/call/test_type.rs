//! Types of an engine that exists in tests alone.

use std::fmt;

use super::{ArgumentType, TypeForm};

/// A type, by what it is.
#[derive(Debug)]
pub(super) enum TestType {
    Null,
    Number,
    Text,
    Date,
    Blob,
    Struct(Vec<(&'static str, TestType)>),
    List(Box<TestType>),
    Array(Box<TestType>, usize),
}

impl fmt::Display for TestType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl ArgumentType for TestType {
    fn form(&self) -> TypeForm<'_, Self> {
        match self {
            Self::Null => TypeForm::Null,
            Self::Number => TypeForm::Number,
            Self::Text => TypeForm::Text,
            Self::Date => TypeForm::Date,
            Self::Blob => TypeForm::Other,
            Self::Struct(fields) => {
                TypeForm::Struct(fields.iter().map(|(name, field)| (*name, field)).collect())
            }
            Self::List(item) => TypeForm::List(item),
            Self::Array(item, width) => TypeForm::Array(item, *width),
        }
    }
}
