//! The options of the exact solver: one table of them, and their parsing.

use std::sync::Arc;

use crate::Result;
use crate::fit::options::{
    Given, OptionRange, OptionValue, Options, Setting, each_option, option_entry, unknown,
};
use crate::fit::rows::Seen;
use crate::fit::watch::Watch;
use crate::model::{ErrorKind, Model};

/// The options that the exact solver has in common with training by steps.
pub const SHARED_OPTIONS: &[&str] =
    &["l2", "max_sigma", "min_payment", "min_count", "max_rows", "init", "progress"];

/// An option of the exact solver: an entry of [`NEWTON_OPTIONS`].
#[derive(Debug, Clone, Copy)]
pub struct NewtonOption {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub range: OptionRange,
    /// What it is for.
    pub purpose: &'static str,
    default: fn(&NewtonOptions) -> String,
    set: fn(&mut NewtonOptions, &Given<'_>) -> Result<()>,
}

impl NewtonOption {
    /// Its default.
    pub fn default(&self) -> String {
        (self.default)(&NewtonOptions::default())
    }
}

/// The table of the solver's own options. An entry is `name: what the field holds = default, what it may be, "what it is for";`
/// and there is no other place to add one, since [`NewtonOptions`] and [`NEWTON_OPTIONS`] are made of the entries.
macro_rules! newton_options {
    ($($name:ident: $field:ty = $default:expr, $range:expr, $purpose:literal;)*) => {
        /// Checked options of the exact solver.
        #[derive(Debug, Clone)]
        pub struct NewtonOptions {
            /// Those that both solvers have.
            pub(in crate::fit) shared: Options,
            $(pub(in crate::fit) $name: $field,)*
            /// Whether the model is the beginning of a training by passes.
            pub(in crate::fit) passes: bool,
        }

        impl Default for NewtonOptions {
            fn default() -> Self {
                Self { shared: Options::default(), $($name: $default,)* passes: false }
            }
        }

        /// The options that [`fit_newton`](super::fit_newton) has beside [`SHARED_OPTIONS`]: parsing, documentation and error
        /// messages are made from this table.
        pub const NEWTON_OPTIONS: &[NewtonOption] = &[$(option_entry!(NewtonOption, $name, $range, $purpose)),*];
    };
}

newton_options! {
    max_iterations: u64 = 50,
        OptionRange::Integer { least: 0, most: 10_000 },
        "steps of the solver, at most";
    tolerance: f64 = 1e-9,
        OptionRange::Positive { most: 1.0 },
        "greatest norm of the gradient of the objective at which the solver stops";
    errors: ErrorKind = ErrorKind::Model,
        OptionRange::OneOf(&["model", "robust"]),
        "standard errors: of the model's second derivatives, or those that hold if the model is wrong (sandwich, HC0)";
    covariance: bool = false,
        OptionRange::Boolean,
        "store the covariances of the weights in the model, for the errors of predictions";
}

/// The names of all options of the exact solver.
pub fn newton_option_names() -> Vec<&'static str> {
    let own = NEWTON_OPTIONS.iter().map(|option| option.name);
    SHARED_OPTIONS.iter().copied().chain(own).collect()
}

impl NewtonOptions {
    /// Options from the names and values a person gave; those not named keep their defaults.
    ///
    /// # Errors
    /// [`Error::Option`](crate::Error::Option) if a name is unknown or stands twice, or a value has the wrong type or is
    /// out of range.
    ///
    /// ```
    /// use ziln::fit::{NewtonOptions, OptionValue};
    ///
    /// let error = NewtonOptions::from_pairs([("error".to_owned(), OptionValue::Null)]).unwrap_err();
    /// assert!(error.to_string().contains("did you mean `errors`?"));
    /// ```
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, OptionValue)>) -> Result<Self> {
        let mut options = Self::default();
        each_option(pairs, |name, value| options.set(name, value))?;
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &OptionValue) -> Result<()> {
        if SHARED_OPTIONS.contains(&name) {
            return self.shared.set(name, value);
        }
        let Some(option) = NEWTON_OPTIONS.iter().find(|option| option.name == name) else {
            return Err(unknown(name, &newton_option_names()));
        };
        if *value == OptionValue::Null {
            return Ok(());
        }
        (option.set)(self, &Given { name: option.name, range: option.range, value })
    }

    /// Those that both solvers have.
    pub fn shared(&self) -> &Options {
        &self.shared
    }

    /// These options for rows that are a sample; see [`Options::with_seen`].
    #[must_use]
    pub fn with_seen(&self, seen: Seen) -> Self {
        Self { shared: self.shared.with_seen(seen), ..self.clone() }
    }

    /// Whether standard errors are those that hold if the model is wrong.
    pub fn has_robust_errors(&self) -> bool {
        self.errors == ErrorKind::Robust
    }

    /// Whether the model keeps the covariances of its weights.
    pub fn keeps_covariance(&self) -> bool {
        self.covariance
    }

    /// Whether there is a model to continue from, or a prior.
    pub fn has_init(&self) -> bool {
        self.shared.has_init()
    }

    /// These options for fits that are watched together.
    #[must_use]
    pub fn watched(&self, watch: &Watch) -> Self {
        Self { shared: self.shared.watched(watch), ..self.clone() }
    }

    /// These options with a model to continue from, or a prior.
    #[must_use]
    pub fn with_init(&self, model: Arc<Model>) -> Self {
        Self { shared: self.shared.with_init(model), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_parsed() {
        for name in newton_option_names() {
            let one = |value| NewtonOptions::from_pairs([(name.to_owned(), value)]);
            assert!(one(OptionValue::Null).is_ok());
            let error = one(OptionValue::Text("?".to_owned())).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
