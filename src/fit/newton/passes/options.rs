//! The options of a training by passes.

use crate::fit::newton::{NewtonOptions, newton_option_names};
use crate::fit::options::{Limit, OptionValue, Options};
use crate::fit::rows::Seen;
use crate::fit::watch::Watch;
use crate::model::ErrorKind;
use crate::{Error, Result};

/// Rows of the sample, unless option `max_rows` says so.
const SAMPLE_ROWS: u64 = 100_000;

/// Checked options of [`newton_start`](super::newton_start): those of the exact solver but for `init`, with a bound of the
/// sample (`max_rows`) of 100,000 rows unless another is given, and `errors` of the model alone.
#[derive(Debug, Clone)]
pub struct PassOptions(pub(super) NewtonOptions);

impl Default for PassOptions {
    fn default() -> Self {
        Self::of_newton(NewtonOptions::default())
    }
}

impl PassOptions {
    /// Options from the names and values a person gave; those not named, or NULL, keep their defaults.
    ///
    /// # Errors
    /// [`Error::Option`] if a name is unknown or stands twice, or a value has the wrong type or is out of range.
    ///
    /// ```
    /// use ziln::fit::{OptionValue, PassOptions};
    ///
    /// let options = PassOptions::from_pairs([("errors".to_owned(), OptionValue::Text("robust".to_owned()))]);
    /// assert!(options.unwrap_err().to_string().starts_with("option `errors`: expected model"));
    /// ```
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, OptionValue)>) -> Result<Self> {
        let options = NewtonOptions::from_pairs(pairs)?;
        let refuse = |option: &str, expected: &str, got: &str| {
            let (option, expected, got) = (option.to_owned(), expected.to_owned(), got.to_owned());
            Err(Error::Option { option, expected, got })
        };
        if options.errors != ErrorKind::Model {
            return refuse("errors", "model, as passes sum no products of slopes", "robust");
        }
        if options.has_init() {
            return refuse("init", "none: passes start from a sample", "a model");
        }
        Ok(Self::of_newton(options))
    }

    /// The names of the options.
    pub fn names() -> Vec<&'static str> {
        newton_option_names().into_iter().filter(|name| *name != "init").collect()
    }

    fn of_newton(mut options: NewtonOptions) -> Self {
        options.shared.max_rows.get_or_insert(Limit(SAMPLE_ROWS));
        options.passes = true;
        Self(options)
    }

    /// Those that all solvers have.
    pub fn shared(&self) -> &Options {
        self.0.shared()
    }

    /// Whether the model keeps the covariances of its weights.
    pub fn keeps_covariance(&self) -> bool {
        self.0.keeps_covariance()
    }

    /// These options for rows that are a sample; see [`Options::with_seen`].
    #[must_use]
    pub fn with_seen(&self, seen: Seen) -> Self {
        Self(self.0.with_seen(seen))
    }

    /// These options for fits that are watched together.
    #[must_use]
    pub fn watched(&self, watch: &Watch) -> Self {
        Self(self.0.watched(watch))
    }
}
