//! The table of the options, and what is made of it.

use std::sync::Arc;

use super::builder::OptionsBuilder;
use super::range::OptionRange;
use super::setting::{Given, Limit, Setting, option_entry};
use crate::Result;
use crate::fit::network::NetworkOptions;
use crate::fit::rows::Seen;
use crate::fit::sgd::{Optimizer, Schedule};
use crate::fit::watch::Watch;
use crate::model::{MOST_LAYERS, MOST_UNITS, Model};

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
    pub(super) set: fn(&mut Options, &Given<'_>) -> Result<()>,
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
            $(pub(in crate::fit) $name: $field,)*
            /// Who watches all trainings of a call; none where each is a call.
            pub(in crate::fit) watch: Option<Watch>,
            /// The rows of which those to train on are a sample already; see [`Options::with_seen`].
            pub(in crate::fit) seen: Option<Seen>,
        }

        impl Default for Options {
            fn default() -> Self {
                Self { $($name: $default,)* watch: None, seen: None }
            }
        }

        /// Every training option: parsing, documentation and error messages are made from this table.
        pub const OPTIONS: &[TrainingOption] = &[$(option_entry!(TrainingOption, $name, $range, $purpose)),*];

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

/// The names of all options.
pub(super) fn option_names() -> Vec<&'static str> {
    OPTIONS.iter().map(|option| option.name).collect()
}
