//! Options of a program, each by a method of its own.

use super::table::Options;
use super::value::OptionValue;
use crate::Result;

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
    /// [`Error::Option`](crate::Error::Option) where a value is out of range.
    pub fn build(self) -> Result<Options> {
        Options::from_pairs(self.pairs)
    }

    pub(super) fn with(mut self, name: &str, value: OptionValue) -> Self {
        self.pairs.retain(|(said, _)| said != name);
        self.pairs.push((name.to_owned(), value));
        self
    }
}
