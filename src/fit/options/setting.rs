//! How a field of the options is read from what was given, and written in documents.

use std::sync::Arc;

use super::range::OptionRange;
use super::value::OptionValue;
use crate::error::quoted;
use crate::fit::network::NetworkOptions;
use crate::fit::sgd::{Optimizer, Schedule};
use crate::model::{ErrorKind, Model};
use crate::{Error, Result};

/// What a field of [`Options`] holds: how it is read from what was given, and written in documents.
pub(in crate::fit) trait Setting: Sized {
    /// What is written where the value is left to the data.
    const UNSET: &'static str = "auto";

    fn read(given: &Given<'_>) -> Result<Self>;

    fn text(&self) -> String;
}

/// The entry, of a type such as [`TrainingOption`](super::TrainingOption), of the option that stands in the field `$name`.
macro_rules! option_entry {
    ($entry:ident, $name:ident, $range:expr, $purpose:expr) => {
        $entry {
            name: stringify!($name),
            range: $range,
            purpose: $purpose,
            default: |options| options.$name.text(),
            set: |options, given| {
                options.$name = Setting::read(given)?;
                Ok(())
            },
        }
    };
}

pub(in crate::fit) use option_entry;

impl<T: Setting> Setting for Option<T> {
    fn read(given: &Given<'_>) -> Result<Self> {
        T::read(given).map(Some)
    }

    fn text(&self) -> String {
        self.as_ref().map_or_else(|| T::UNSET.to_owned(), T::text)
    }
}

impl Setting for u64 {
    fn read(given: &Given<'_>) -> Result<Self> {
        let OptionRange::Integer { least, most } = given.range else {
            return Err(given.refuse());
        };
        let value = given.value.whole().and_then(|value| u64::try_from(value).ok());
        value.filter(|value| (least..=most).contains(value)).ok_or_else(|| given.refuse())
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

/// An integer that nothing stands for where it is left out.
#[derive(Debug, Clone, Copy)]
pub(in crate::fit) struct Limit(pub(in crate::fit) u64);

impl Setting for Limit {
    const UNSET: &'static str = "none";

    fn read(given: &Given<'_>) -> Result<Self> {
        u64::read(given).map(Self)
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}

impl Setting for f64 {
    fn read(given: &Given<'_>) -> Result<Self> {
        let range = match given.range {
            OptionRange::Number { least, most } => least..=most,
            OptionRange::Positive { most } => Self::MIN_POSITIVE..=most,
            _ => return Err(given.refuse()),
        };
        let value = match *given.value {
            OptionValue::Integer(value) => Some(value as Self),
            OptionValue::Number(value) => Some(value),
            _ => None,
        };
        value.filter(|value| range.contains(value)).ok_or_else(|| given.refuse())
    }

    fn text(&self) -> String {
        format!("{self:?}")
    }
}

impl Setting for bool {
    fn read(given: &Given<'_>) -> Result<Self> {
        match *given.value {
            OptionValue::Bool(value) => Ok(value),
            _ => Err(given.refuse()),
        }
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl Setting for Optimizer {
    fn read(given: &Given<'_>) -> Result<Self> {
        given.choice(Self::from_name)
    }

    fn text(&self) -> String {
        self.name().to_owned()
    }
}

impl Setting for Schedule {
    fn read(given: &Given<'_>) -> Result<Self> {
        given.choice(Self::from_name)
    }

    fn text(&self) -> String {
        self.name().to_owned()
    }
}

impl Setting for ErrorKind {
    fn read(given: &Given<'_>) -> Result<Self> {
        given.choice(Self::from_name)
    }

    fn text(&self) -> String {
        self.name().to_owned()
    }
}

impl Setting for NetworkOptions {
    fn read(given: &Given<'_>) -> Result<Self> {
        let OptionRange::Layers { layers, units } = given.range else {
            return Err(given.refuse());
        };
        let values = match given.value {
            OptionValue::List(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        let unit = |value: &OptionValue| {
            let value = u64::try_from(value.whole()?).ok()?;
            (1..=units).contains(&value).then_some(value as usize)
        };
        let hidden: Option<Vec<usize>> = values.iter().map(unit).collect();
        let hidden = hidden.filter(|hidden| hidden.len() <= layers);
        hidden.map(Self::new).ok_or_else(|| given.refuse())
    }

    fn text(&self) -> String {
        let units: Vec<String> = self.hidden().iter().map(usize::to_string).collect();
        if units.is_empty() { "none".to_owned() } else { units.join(", ") }
    }
}

impl Setting for Arc<Model> {
    const UNSET: &'static str = "none";

    fn read(given: &Given<'_>) -> Result<Self> {
        let text = match given.value {
            OptionValue::Model(model) => return Ok(Self::clone(model)),
            OptionValue::Text(text) if text.trim_start().starts_with('{') => text,
            _ => return Err(given.refuse()),
        };
        Model::from_json(text).map(Self::new).map_err(|error| Error::Option {
            option: given.name.to_owned(),
            expected: given.range.to_string(),
            got: match error {
                Error::Model { problem } => format!("'{}' ({problem})", quoted(text)),
                other => other.to_string(),
            },
        })
    }

    fn text(&self) -> String {
        self.to_json()
    }
}

/// A value and the option it is for.
pub(in crate::fit) struct Given<'a> {
    pub(in crate::fit) name: &'static str,
    pub(in crate::fit) range: OptionRange,
    pub(in crate::fit) value: &'a OptionValue,
}

impl Given<'_> {
    pub(in crate::fit) fn choice<T>(&self, from_name: impl Fn(&str) -> Option<T>) -> Result<T> {
        match self.value {
            OptionValue::Text(name) => from_name(name).ok_or_else(|| self.refuse()),
            _ => Err(self.refuse()),
        }
    }

    fn refuse(&self) -> Error {
        Error::Option {
            option: self.name.to_owned(),
            expected: self.range.to_string(),
            got: self.value.to_string(),
        }
    }
}
