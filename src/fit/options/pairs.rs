//! Options from the names and values that a person gave.

use super::setting::Given;
use super::table::{OPTIONS, Options, option_names};
use super::value::OptionValue;
use crate::error::quoted;
use crate::{Error, Result};

/// The option of [`max_rows_of_pairs`].
#[cfg(any(feature = "datafusion", feature = "polars"))]
const MAX_ROWS: &str = "max_rows";

impl Options {
    /// Options from the names and values a person gave; those not named keep their defaults.
    ///
    /// # Errors
    /// [`Error::Option`] if a name is unknown or stands twice, or a value has the wrong type or is out of range.
    ///
    /// ```
    /// use ziln::fit::{OptionValue, Options};
    ///
    /// let error = Options::from_pairs([("epoch".to_owned(), OptionValue::Integer(3))]).unwrap_err();
    /// assert!(error.to_string().contains("did you mean `epochs`?"));
    /// ```
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, OptionValue)>) -> Result<Self> {
        let mut options = Self::default();
        each_option(pairs, |name, value| options.set(name, value))?;
        Ok(options)
    }

    /// Takes one of [`OPTIONS`].
    pub(in crate::fit) fn set(&mut self, name: &str, value: &OptionValue) -> Result<()> {
        let option = OPTIONS.iter().find(|option| option.name == name);
        let option = option.ok_or_else(|| unknown(name, &option_names()))?;
        if *value == OptionValue::Null {
            return Ok(());
        }
        (option.set)(self, &Given { name: option.name, range: option.range, value })
    }
}

/// Option `max_rows` of a function that has no other option.
///
/// # Errors
/// [`Error::Option`](crate::Error::Option) for any other name, and a value that is out of range.
#[cfg(any(feature = "datafusion", feature = "polars"))]
pub(crate) fn max_rows_of_pairs(
    pairs: impl IntoIterator<Item = (String, OptionValue)>,
) -> Result<Option<u64>> {
    let mut options = Options::default();
    each_option(pairs, |name, value| match name {
        MAX_ROWS => options.set(name, value),
        _ => Err(unknown(name, &[MAX_ROWS])),
    })?;
    Ok(options.max_rows())
}

/// Hands over options one by one.
///
/// # Errors
/// [`Error::Option`] if a name stands twice, and those of `set`.
pub(in crate::fit) fn each_option(
    pairs: impl IntoIterator<Item = (String, OptionValue)>,
    mut set: impl FnMut(&str, &OptionValue) -> Result<()>,
) -> Result<()> {
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in pairs {
        if seen.contains(&name) {
            return Err(Error::Option {
                option: name,
                expected: "to stand once".to_owned(),
                got: "it twice".to_owned(),
            });
        }
        set(&name, &value)?;
        seen.push(name);
    }
    Ok(())
}

pub(in crate::fit) fn unknown(name: &str, names: &[&str]) -> Error {
    let hint =
        nearest(name, names).map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
    Error::Option {
        option: quoted(name),
        expected: format!("one of {}", names.join(", ")),
        got: format!("an unknown name{hint}"),
    }
}

/// The name that at most three edits, and fewer than half its letters, make of what was written.
fn nearest<'a>(written: &str, names: &[&'a str]) -> Option<&'a str> {
    if written.len() > 64 {
        return None;
    }
    let scored = names.iter().map(|&name| (distance(&written.to_lowercase(), name), name));
    let (edits, name) = scored.min_by_key(|&(edits, _)| edits)?;
    (edits <= 3 && edits * 2 < name.len()).then_some(name)
}

/// Levenshtein's edit distance.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (slot, b) in row.iter_mut().skip(1).zip(&to) {
            let edits = (diagonal + usize::from(a != *b)).min(left + 1).min(*slot + 1);
            diagonal = std::mem::replace(slot, edits);
            left = edits;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}
