//! The training options: one table of them, and their parsing.

use std::sync::Arc;

use super::network::Network;
use super::sgd::{Optimizer, Schedule};
use crate::error::quoted;
use crate::model::Model;
use crate::{Error, Result};

/// The value of an option as an engine gives it.
#[derive(Debug, Clone, PartialEq)]
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
}

/// What an option is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionDoc {
    /// Its name.
    pub name: &'static str,
    /// Its default; `auto` is decided from the data as `docs/training.md` says.
    pub default: &'static str,
    /// What it may be.
    pub range: &'static str,
    /// What it is for.
    pub purpose: &'static str,
}

const fn doc(
    name: &'static str,
    default: &'static str,
    range: &'static str,
    purpose: &'static str,
) -> OptionDoc {
    OptionDoc { name, default, range, purpose }
}

/// Every training option: documentation and error messages are made from this table.
pub const OPTIONS: &[OptionDoc] = &[
    doc(
        "epochs",
        "auto",
        "an integer from 0 to 1000000",
        "passes over the rows; 0 keeps the intercepts the training starts from",
    ),
    doc(
        "batch_size",
        "auto",
        "an integer from 1 to 1000000000",
        "rows a step; the rows are divided evenly, so that no step has more",
    ),
    doc("learning_rate", "auto", "a number greater than 0, at most 1000", "size of a step"),
    doc(
        "optimizer",
        "adam",
        "one of adam, adamw, sgd, momentum, nesterov, adagrad",
        "how gradients become steps",
    ),
    doc(
        "schedule",
        "cosine",
        "one of constant, linear, cosine, inverse_sqrt",
        "how the learning rate falls from step to step",
    ),
    doc(
        "l2",
        "auto",
        "a number from 0 to 1000000",
        "penalty l2/2 * sum of squared standardised weights, added to the mean loss; 0 is the plain likelihood",
    ),
    doc(
        "clip_norm",
        "auto",
        "a number greater than 0",
        "greatest norm of a gradient (of the paying part and of the amount part, each)",
    ),
    doc(
        "seed",
        "0",
        "an integer from 0 to 9223372036854775807",
        "chooses the order of the rows and the validation split",
    ),
    doc(
        "validation_fraction",
        "0",
        "a number from 0 to 0.9",
        "share of the rows held out for early stopping",
    ),
    doc(
        "patience",
        "5",
        "an integer from 1 to 1000000",
        "epochs without a better validation loss before training stops",
    ),
    doc(
        "max_sigma",
        "auto",
        "a number greater than 0, at most 30",
        "greatest sigma the model predicts, and its losses are computed with",
    ),
    doc(
        "min_payment",
        "auto",
        "a number from 0 to 1e300",
        "least payment; a smaller positive label is a residue and counts as 0",
    ),
    doc(
        "min_count",
        "2",
        "an integer from 1 to 1000000000",
        "rows a level of a categorical feature needs to have weights",
    ),
    doc("init", "none", "the text of a model", "a model to continue from"),
    doc(
        "keep_state",
        "false",
        "true or false",
        "store the optimiser's state in the model, for an exact continuation with init",
    ),
];

/// Checked training options. `None` stands for a value decided from the data.
#[derive(Debug, Clone)]
pub struct Options {
    pub(super) epochs: Option<u64>,
    pub(super) batch_size: Option<u64>,
    pub(super) learning_rate: Option<f64>,
    pub(super) optimizer: Optimizer,
    pub(super) schedule: Schedule,
    pub(super) l2: Option<f64>,
    pub(super) clip_norm: Option<f64>,
    pub(super) seed: u64,
    pub(super) validation_fraction: f64,
    pub(super) patience: u64,
    pub(super) max_sigma: Option<f64>,
    pub(super) min_payment: Option<f64>,
    pub(super) min_count: u64,
    pub(super) init: Option<Arc<Model>>,
    pub(super) keep_state: bool,
    /// A network on top of the linear heads.
    pub(super) network: Option<Network>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            epochs: None,
            batch_size: None,
            learning_rate: None,
            optimizer: Optimizer::Adam,
            schedule: Schedule::Cosine,
            l2: None,
            clip_norm: None,
            seed: 0,
            validation_fraction: 0.0,
            patience: 5,
            max_sigma: None,
            min_payment: None,
            min_count: 2,
            init: None,
            keep_state: false,
            network: None,
        }
    }
}

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
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in pairs {
            if seen.contains(&name) {
                return Err(Error::Option {
                    option: name,
                    expected: "to stand once".to_owned(),
                    got: "it twice".to_owned(),
                });
            }
            options.set(&name, &value)?;
            seen.push(name);
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &OptionValue) -> Result<()> {
        let doc = OPTIONS.iter().find(|doc| doc.name == name).ok_or_else(|| unknown(name))?;
        if *value == OptionValue::Null {
            return Ok(());
        }
        let given = Given { doc, value };
        match name {
            "epochs" => self.epochs = Some(given.integer(0, 1_000_000)?),
            "batch_size" => self.batch_size = Some(given.integer(1, 1_000_000_000)?),
            "learning_rate" => self.learning_rate = Some(given.positive(1000.0)?),
            "optimizer" => self.optimizer = given.choice(Optimizer::from_name)?,
            "schedule" => self.schedule = given.choice(Schedule::from_name)?,
            "l2" => self.l2 = Some(given.number(0.0, 1e6)?),
            "clip_norm" => self.clip_norm = Some(given.positive(f64::MAX)?),
            "seed" => self.seed = given.integer(0, u64::MAX)?,
            "validation_fraction" => self.validation_fraction = given.number(0.0, 0.9)?,
            "patience" => self.patience = given.integer(1, 1_000_000)?,
            "max_sigma" => self.max_sigma = Some(given.positive(30.0)?),
            "min_payment" => self.min_payment = Some(given.number(0.0, 1e300)?),
            "min_count" => self.min_count = given.integer(1, 1_000_000_000)?,
            "init" => self.init = Some(Arc::new(given.model()?)),
            "keep_state" => self.keep_state = given.boolean()?,
            _ => return Err(unknown(name)),
        }
        Ok(())
    }

    /// Whether there is a model to continue from.
    pub fn has_init(&self) -> bool {
        self.init.is_some()
    }

    /// These options with a network on top of the linear heads; without hidden layers there is none.
    #[must_use]
    pub fn with_network(&self, network: Network) -> Self {
        let network = Some(network).filter(|network| !network.hidden().is_empty());
        Self { network, ..self.clone() }
    }

    /// These options with a model to continue from.
    #[must_use]
    pub fn with_init(&self, model: Arc<Model>) -> Self {
        Self { init: Some(model), ..self.clone() }
    }
}

/// A value and the option it is for.
struct Given<'a> {
    doc: &'static OptionDoc,
    value: &'a OptionValue,
}

impl Given<'_> {
    fn integer(&self, least: u64, most: u64) -> Result<u64> {
        let value = match *self.value {
            OptionValue::Integer(value) => u64::try_from(value).ok(),
            // A whole number that an engine typed as a float, such as 1e3. Above 2^53 not every integer is one.
            OptionValue::Number(value)
                if value >= 0.0 && value.fract() == 0.0 && value <= 9_007_199_254_740_992.0 =>
            {
                Some(value as u64)
            }
            _ => None,
        };
        value.filter(|value| (least..=most).contains(value)).ok_or_else(|| self.refuse())
    }

    fn number(&self, least: f64, most: f64) -> Result<f64> {
        let value = match *self.value {
            OptionValue::Integer(value) => value as f64,
            OptionValue::Number(value) => value,
            _ => return Err(self.refuse()),
        };
        if (least..=most).contains(&value) { Ok(value) } else { Err(self.refuse()) }
    }

    fn positive(&self, most: f64) -> Result<f64> {
        self.number(f64::MIN_POSITIVE, most)
    }

    fn boolean(&self) -> Result<bool> {
        match *self.value {
            OptionValue::Bool(value) => Ok(value),
            _ => Err(self.refuse()),
        }
    }

    fn choice<T>(&self, from_name: impl Fn(&str) -> Option<T>) -> Result<T> {
        match self.value {
            OptionValue::Text(name) => from_name(name).ok_or_else(|| self.refuse()),
            _ => Err(self.refuse()),
        }
    }

    fn model(&self) -> Result<Model> {
        let OptionValue::Text(text) = self.value else { return Err(self.refuse()) };
        if !text.trim_start().starts_with('{') {
            return Err(self.refuse());
        }
        Model::from_json(text).map_err(|error| Error::Option {
            option: self.doc.name.to_owned(),
            expected: self.doc.range.to_owned(),
            got: match error {
                Error::Model { problem } => format!("'{}' ({problem})", quoted(text)),
                other => other.to_string(),
            },
        })
    }

    fn refuse(&self) -> Error {
        let got = match self.value {
            OptionValue::Null => "NULL".to_owned(),
            OptionValue::Bool(value) => value.to_string(),
            OptionValue::Integer(value) => value.to_string(),
            OptionValue::Number(value) => value.to_string(),
            OptionValue::Text(value) => format!("text '{}'", quoted(value)),
        };
        Error::Option { option: self.doc.name.to_owned(), expected: self.doc.range.to_owned(), got }
    }
}

fn unknown(name: &str) -> Error {
    let names: Vec<&str> = OPTIONS.iter().map(|doc| doc.name).collect();
    let hint =
        nearest(name, &names).map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, value: OptionValue) -> Result<Options> {
        Options::from_pairs([(name.to_owned(), value)])
    }

    #[test]
    fn every_documented_option_is_parsed() {
        for doc in OPTIONS {
            assert!(one(doc.name, OptionValue::Null).is_ok(), "{}", doc.name);
            let error = one(doc.name, OptionValue::Text("?".to_owned())).unwrap_err().to_string();
            assert!(error.contains(doc.name) && error.contains(doc.range), "{error}");
        }
    }

    #[test]
    fn unknown_names_list_what_is_allowed() {
        let error = one("learning-rate", OptionValue::Number(0.1)).unwrap_err().to_string();
        assert!(error.contains("did you mean `learning_rate`?"), "{error}");
        for doc in OPTIONS {
            assert!(error.contains(doc.name), "{error}");
        }
        let error = one("zzzzzz", OptionValue::Null).unwrap_err().to_string();
        assert!(!error.contains("did you mean"), "{error}");
    }

    #[test]
    fn ranges_are_kept() {
        assert!(one("epochs", OptionValue::Integer(-1)).is_err());
        assert!(one("epochs", OptionValue::Number(2.5)).is_err());
        assert_eq!(one("epochs", OptionValue::Number(20.0)).unwrap().epochs, Some(20));
        assert!(one("learning_rate", OptionValue::Number(0.0)).is_err());
        assert!(one("learning_rate", OptionValue::Number(f64::NAN)).is_err());
        assert!(one("l2", OptionValue::Number(f64::INFINITY)).is_err());
        assert_eq!(one("l2", OptionValue::Integer(0)).unwrap().l2, Some(0.0));
        assert!(one("validation_fraction", OptionValue::Number(0.95)).is_err());
        assert!(one("keep_state", OptionValue::Integer(1)).is_err());
        assert!(one("optimizer", OptionValue::Text("Adam".to_owned())).is_err());
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        let pair = || ("seed".to_owned(), OptionValue::Integer(1));
        assert!(Options::from_pairs([pair(), pair()]).is_err());
    }
}
