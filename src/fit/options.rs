//! The training options: one table of them, their parsing, and their builder.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::network::NetworkOptions;
use super::rows::Seen;
use super::sgd::{Optimizer, Schedule};
use super::watch::Watch;
use crate::error::quoted;
use crate::model::{MOST_LAYERS, MOST_UNITS, Model};
use crate::{Error, Result};

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

/// A training option: an entry of [`OPTIONS`].
#[derive(Debug, Clone, Copy)]
pub struct TrainingOption {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub range: OptionRange,
    /// What it is for.
    pub purpose: &'static str,
    default: fn(&Options) -> String,
    set: fn(&mut Options, &Given<'_>) -> Result<()>,
}

impl TrainingOption {
    /// Its default; `auto` is decided from the data as `docs/training.md` says.
    pub fn default(&self) -> String {
        (self.default)(&Options::default())
    }
}

/// The table of the options. An entry is
/// `name(what the builder takes): what the field holds = default, what it may be, "what it is for";`
/// and there is no other place to add one, since [`Options`], [`OPTIONS`] and [`OptionsBuilder`] are made of the entries.
/// It is a macro because nothing else makes fields and methods of a table.
macro_rules! options {
    ($($name:ident($value:ty): $field:ty = $default:expr, $range:expr, $purpose:literal;)*) => {
        /// Checked training options. `None` stands for a value decided from the data.
        ///
        /// [`Options::builder`] makes them in a program, [`Options::from_pairs`] of what a person wrote.
        #[derive(Debug, Clone)]
        pub struct Options {
            $(pub(super) $name: $field,)*
            /// Who watches all trainings of a call; none where each is a call.
            pub(super) watch: Option<Watch>,
            /// The rows of which those to train on are a sample already; see [`Options::with_seen`].
            pub(super) seen: Option<Seen>,
        }

        impl Default for Options {
            fn default() -> Self {
                Self { $($name: $default,)* watch: None, seen: None }
            }
        }

        /// Every training option: parsing, documentation and error messages are made from this table.
        pub const OPTIONS: &[TrainingOption] = &[$(TrainingOption {
            name: stringify!($name),
            range: $range,
            purpose: $purpose,
            default: |options| options.$name.text(),
            set: |options, given| {
                options.$name = Setting::read(given)?;
                Ok(())
            },
        },)*];

        /// One method an option; those not called keep their defaults. What is said twice is as it was said last.
        impl OptionsBuilder {
            $(
                #[doc = concat!("`", stringify!($name), "`: ", $purpose, ".")]
                pub fn $name(self, $name: $value) -> Self {
                    self.with(stringify!($name), $name.into())
                }
            )*
        }
    };
}

options! {
    epochs(u64): Option<u64> = None,
        OptionRange::Integer { least: 0, most: 1_000_000 },
        "passes over the rows; 0 keeps the intercepts the training starts from";
    batch_size(u64): Option<u64> = None,
        OptionRange::Integer { least: 1, most: 1_000_000_000 },
        "rows a step; the rows are divided evenly, so that no step has more";
    learning_rate(f64): Option<f64> = None,
        OptionRange::Positive { most: 1000.0 },
        "size of a step";
    optimizer(Optimizer): Optimizer = Optimizer::Adam,
        OptionRange::OneOf(&Optimizer::NAMES),
        "how gradients become steps";
    schedule(Schedule): Schedule = Schedule::Cosine,
        OptionRange::OneOf(&Schedule::NAMES),
        "how the learning rate falls from step to step";
    l2(f64): Option<f64> = None,
        OptionRange::Number { least: 0.0, most: 1e6 },
        "penalty l2/2 * sum of squared standardised weights, added to the mean loss; 0 is the plain likelihood";
    clip_norm(f64): Option<f64> = None,
        OptionRange::Positive { most: f64::MAX },
        "greatest norm of a gradient (of the paying part and of the amount part, each)";
    seed(u64): u64 = 0,
        OptionRange::Integer { least: 0, most: i64::MAX as u64 },
        "chooses the order of the rows and the validation split";
    validation_fraction(f64): Option<f64> = None,
        OptionRange::Number { least: 0.0, most: 0.9 },
        "share of the rows held out for early stopping";
    patience(u64): Option<u64> = None,
        OptionRange::Integer { least: 1, most: 1_000_000 },
        "epochs without a better validation loss before training stops";
    max_sigma(f64): Option<f64> = None,
        OptionRange::Positive { most: 30.0 },
        "greatest sigma the model predicts, and its losses are computed with";
    min_payment(f64): Option<f64> = None,
        OptionRange::Number { least: 0.0, most: 1e300 },
        "least payment; a smaller positive label is a residue and counts as 0";
    min_count(u64): u64 = 2,
        OptionRange::Integer { least: 1, most: 1_000_000_000 },
        "rows a level of a categorical feature needs to have weights";
    max_rows(u64): Option<Limit> = None,
        OptionRange::Integer { least: 1, most: 1_000_000_000 },
        "rows that are kept at most: a sample, the same however the rows are ordered and split";
    hidden(&[u64]): NetworkOptions = NetworkOptions::new(Vec::new()),
        OptionRange::Layers { layers: MOST_LAYERS, units: MOST_UNITS as u64 },
        "units of each hidden layer of a network on top of the linear heads; none is the linear model";
    init(Arc<Model>): Option<Arc<Model>> = None,
        OptionRange::Model,
        "a model to continue from";
    keep_state(bool): bool = false,
        OptionRange::Boolean,
        "store the optimiser's state in the model, for an exact continuation with init";
    progress(bool): bool = false,
        OptionRange::Boolean,
        "show how far a training is that takes more than two seconds, where there is a terminal or a notebook";
}

impl Options {
    /// Options of a program, each by a method of its own.
    ///
    /// ```
    /// use ziln::fit::{Optimizer, Options};
    ///
    /// let options = Options::builder().epochs(30).l2(0.001).optimizer(Optimizer::Adamw).build()?;
    /// let error = Options::builder().learning_rate(-1.0).build().unwrap_err();
    /// assert!(error.to_string().contains("expected a number greater than 0, at most 1000, got -1"));
    /// # Ok::<(), ziln::Error>(())
    /// ```
    pub fn builder() -> OptionsBuilder {
        OptionsBuilder::default()
    }

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
    pub(super) fn set(&mut self, name: &str, value: &OptionValue) -> Result<()> {
        let option = OPTIONS.iter().find(|option| option.name == name);
        let option = option.ok_or_else(|| unknown(name, &option_names()))?;
        if *value == OptionValue::Null {
            return Ok(());
        }
        (option.set)(self, &Given { name: option.name, range: option.range, value })
    }

    /// Whether there is a model to continue from.
    pub fn has_init(&self) -> bool {
        self.init.is_some()
    }

    /// The share of the rows that the linear heads are trained without.
    pub(super) fn held_out(&self) -> f64 {
        self.validation_fraction.unwrap_or(0.0)
    }

    /// Epochs without a better validation loss before training of the linear heads stops.
    pub(super) fn patience(&self) -> u64 {
        self.patience.unwrap_or(5)
    }

    /// The same with what is said of steps handed over to the network, if there is one.
    ///
    /// The linear heads below it are then trained with automatic values; those of a model to continue from stay as they are,
    /// unless it is a prior, which a campaign's own heads are drawn to.
    pub(super) fn of_linear_heads(&self) -> Cow<'_, Self> {
        if self.network().is_none() {
            return Cow::Borrowed(self);
        }
        let stays = self.init.as_deref().is_some_and(|model| model.between().is_none());
        Cow::Owned(Self {
            epochs: stays.then_some(0),
            batch_size: None,
            learning_rate: None,
            schedule: Schedule::Cosine,
            hidden: self.hidden.with_steps(self),
            ..self.clone()
        })
    }

    /// These options with a network on top of the linear heads; without hidden layers there is none.
    #[must_use]
    pub fn with_network(&self, network: NetworkOptions) -> Self {
        Self { hidden: network, ..self.clone() }
    }

    /// The units of each hidden layer; none for a linear model.
    pub fn hidden(&self) -> &[usize] {
        self.hidden.hidden()
    }

    /// These options for rows that are a sample, drawn by [`Sample`](super::Sample), of rows that were seen.
    #[must_use]
    pub fn with_seen(&self, seen: Seen) -> Self {
        Self { seen: Some(seen), ..self.clone() }
    }

    /// Rows that are kept at most.
    pub fn max_rows(&self) -> Option<u64> {
        self.max_rows.map(|Limit(rows)| rows)
    }

    /// The seed of the canonical order and of the sample.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The network on top of the linear heads, if there is to be one.
    pub(super) fn network(&self) -> Option<&NetworkOptions> {
        Some(&self.hidden).filter(|network| !network.hidden().is_empty())
    }

    /// These options for trainings that are watched together.
    #[must_use]
    pub fn watched(&self, watch: &Watch) -> Self {
        Self { watch: Some(watch.clone()), ..self.clone() }
    }

    /// Who watches the trainings of a call that begins, of so many models if that is known, and tells of them if option
    /// `progress` asks for it.
    pub fn begin_watch(&self, models: Option<u64>) -> Watch {
        if self.progress { Watch::begin_telling(models) } else { Watch::begin() }
    }

    /// Who watches a training that begins.
    pub(super) fn watch(&self) -> Watch {
        self.watch.clone().unwrap_or_else(|| self.begin_watch(None)).of_model()
    }

    /// These options with a model to continue from.
    #[must_use]
    pub fn with_init(&self, model: Arc<Model>) -> Self {
        Self { init: Some(model), ..self.clone() }
    }
}

/// Hands over options one by one.
///
/// # Errors
/// [`Error::Option`] if a name stands twice, and those of `set`.
pub(super) fn each_option(
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

/// [`Options`] in the making.
#[derive(Debug, Clone, Default)]
#[must_use = "`build` makes the options"]
pub struct OptionsBuilder {
    pairs: Vec<(String, OptionValue)>,
}

impl OptionsBuilder {
    /// The options.
    ///
    /// # Errors
    /// [`Error::Option`] where a value is out of range.
    pub fn build(self) -> Result<Options> {
        Options::from_pairs(self.pairs)
    }

    fn with(mut self, name: &str, value: OptionValue) -> Self {
        self.pairs.retain(|(said, _)| said != name);
        self.pairs.push((name.to_owned(), value));
        self
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

impl fmt::Display for OptionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Integer { least, most } => write!(f, "an integer from {least} to {most}"),
            // All digits of a large number are nothing to read.
            Self::Number { least, most } if most > 1e15 => {
                write!(f, "a number from {least} to {most:e}")
            }
            Self::Number { least, most } => write!(f, "a number from {least} to {most}"),
            Self::Positive { most: f64::MAX } => f.write_str("a number greater than 0"),
            Self::Positive { most } => write!(f, "a number greater than 0, at most {most}"),
            Self::OneOf(names) => write!(f, "one of {}", names.join(", ")),
            Self::Boolean => f.write_str("true or false"),
            Self::Model => f.write_str("the text of a model"),
            Self::Layers { layers, units } => {
                write!(f, "a list of at most {layers} integers from 1 to {units}, or one")
            }
        }
    }
}

/// What a field of [`Options`] holds: how it is read from what was given, and written in documents.
pub(super) trait Setting: Sized {
    /// What is written where the value is left to the data.
    const UNSET: &'static str = "auto";

    fn read(given: &Given<'_>) -> Result<Self>;

    fn text(&self) -> String;
}

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
pub(super) struct Limit(u64);

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
        self.to_string()
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
            Self::Number(value) => value.fmt(f),
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

/// A value and the option it is for.
pub(super) struct Given<'a> {
    pub(super) name: &'static str,
    pub(super) range: OptionRange,
    pub(super) value: &'a OptionValue,
}

impl Given<'_> {
    pub(super) fn choice<T>(&self, from_name: impl Fn(&str) -> Option<T>) -> Result<T> {
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

/// The names of all options.
pub(crate) fn option_names() -> Vec<&'static str> {
    OPTIONS.iter().map(|option| option.name).collect()
}

pub(super) fn unknown(name: &str, names: &[&str]) -> Error {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, value: OptionValue) -> Result<Options> {
        Options::from_pairs([(name.to_owned(), value)])
    }

    #[test]
    fn every_option_takes_what_its_range_says() {
        for TrainingOption { name, range, .. } in OPTIONS {
            assert!(one(name, OptionValue::Null).is_ok(), "{name}");
            let error = one(name, "?".into()).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(&range.to_string()), "{error}");
            let (inside, outside): (Vec<OptionValue>, Vec<OptionValue>) = match *range {
                OptionRange::Integer { least, most } => {
                    (vec![least.into(), most.into()], vec![(most + 1).into(), 0.5.into()])
                }
                OptionRange::Number { least, most } => {
                    (vec![least.into(), most.into()], vec![(-1.0).into(), (most * 1.1).into()])
                }
                OptionRange::Positive { most } => (vec![most.into()], vec![0.0.into()]),
                OptionRange::OneOf(names) => (names.iter().map(|&n| n.into()).collect(), vec![]),
                OptionRange::Boolean => (vec![true.into(), false.into()], vec![1.0.into()]),
                OptionRange::Model => (vec![], vec!["{}".into(), 1.0.into()]),
                OptionRange::Layers { layers, units } => {
                    let most = vec![units; layers];
                    let more = vec![1; layers + 1];
                    (vec![units.into(), (&*most).into()], vec![0.into(), (&*more).into()])
                }
            };
            for value in inside {
                assert!(one(name, value.clone()).is_ok(), "{name}: {value}");
            }
            for value in outside {
                assert!(one(name, value.clone()).is_err(), "{name}: {value}");
            }
        }
    }

    #[test]
    fn defaults_are_shown_as_they_are() {
        let shown = |name| OPTIONS.iter().find(|option| option.name == name).unwrap().default();
        assert_eq!(["epochs", "optimizer", "seed"].map(shown), ["auto", "adam", "0"]);
        assert_eq!(["init", "max_rows", "keep_state"].map(shown), ["none", "none", "false"]);
    }

    #[test]
    fn the_builder_keeps_what_was_said_last() {
        let options = Options::builder().epochs(1).seed(7).epochs(2).build().unwrap();
        assert_eq!((options.epochs, options.seed, options.patience()), (Some(2), 7, 5));
        let error = Options::builder().seed(u64::MAX).build().unwrap_err().to_string();
        assert!(
            error.contains("from 0 to 9223372036854775807, got 18446744073709552000"),
            "{error}"
        );
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
