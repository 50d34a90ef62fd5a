//! The value of an option as it is given.

use std::fmt;
use std::sync::Arc;

use crate::error::{number_text, quoted};
use crate::fit::sgd::{Optimizer, Schedule};
use crate::model::Model;

/// The value of an option as an engine or a program gives it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum OptionValue {
    /// The default.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<OptionValue>),
    /// A model that was read before.
    Model(Arc<Model>),
}

impl OptionValue {
    /// The integer that it is. An engine may have typed a whole number as a float, such as 1e3; above 2^53 not every
    /// integer is one.
    pub(crate) fn whole(&self) -> Option<i64> {
        match *self {
            Self::Integer(value) => Some(value),
            Self::Number(value)
                if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 =>
            {
                Some(value as i64)
            }
            _ => None,
        }
    }
}

/// As messages say what came.
impl fmt::Display for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Number(value) => f.write_str(&number_text(*value)),
            Self::Text(value) => write!(f, "text '{}'", quoted(value)),
            Self::List(values) => {
                let items: Vec<String> = values.iter().take(10).map(Self::to_string).collect();
                let rest = if values.len() > items.len() { ", ..." } else { "" };
                write!(f, "[{}{rest}]", items.join(", "))
            }
            Self::Model(_) => f.write_str("a model"),
        }
    }
}

impl From<bool> for OptionValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u64> for OptionValue {
    /// As a number where it is greater than every integer that engines have.
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Self::Number(value as f64), Self::Integer)
    }
}

impl From<f64> for OptionValue {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<&str> for OptionValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&[u64]> for OptionValue {
    fn from(values: &[u64]) -> Self {
        Self::List(values.iter().map(|&value| value.into()).collect())
    }
}

impl From<Optimizer> for OptionValue {
    fn from(optimizer: Optimizer) -> Self {
        optimizer.name().into()
    }
}

impl From<Schedule> for OptionValue {
    fn from(schedule: Schedule) -> Self {
        schedule.name().into()
    }
}

impl From<Arc<Model>> for OptionValue {
    fn from(model: Arc<Model>) -> Self {
        Self::Model(model)
    }
}
