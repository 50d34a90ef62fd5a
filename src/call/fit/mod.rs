//! The aggregates that fit a model a group: what differs from one to the next, and what they have in common.
//!
//! [`Solver`] is what differs: a file each. [`arguments`] says which argument of a call is which.

mod arguments;
mod fit_newton;
mod fit_prior;
mod fit_sgd;
mod newton_start;

use std::fmt::Debug;
use std::sync::Arc;

use crate::Result;
use crate::fit::{
    HeadSolver, NewtonOptions, OptionValue, Options, PassOptions, RowId, Seen, Table, Watch,
};
use crate::model::Model;

pub(crate) use arguments::FitArguments;
pub(crate) use fit_newton::FitNewton;
pub(crate) use fit_prior::FitPrior;
pub(crate) use fit_sgd::FitSgd;
pub(crate) use newton_start::NewtonStart;

/// An aggregate that fits a model a group.
pub(crate) trait Solver: Debug + Send + Sync + 'static {
    /// The name in SQL.
    const NAME: &'static str;

    /// How it is called.
    const USAGE: &'static str;

    /// Options as an example of a message.
    const EXAMPLE: &'static str;

    /// Whether the third argument is the campaign of a row, and none the model to continue from.
    const HAS_CAMPAIGN: bool;

    /// Whether a model to continue from may come last.
    const HAS_INIT: bool;

    /// Its checked options.
    type Options: FitOptions;

    /// Fits a model to rows of a table; `campaigns` says of each which it belongs to, and is empty where there are none.
    ///
    /// # Errors
    /// Those of the core.
    fn fit(
        table: &Table<'_>,
        rows: &[RowId],
        campaigns: &[u32],
        options: &Self::Options,
    ) -> Result<Option<Model>>;

    /// The names of its options.
    fn option_names() -> Vec<&'static str>;
}

/// The checked options of a [`Solver`].
pub(crate) trait FitOptions: Debug + Clone + Default + Send + Sync + 'static {
    /// Options from the names and values a person gave.
    ///
    /// # Errors
    /// [`Error::Option`](crate::Error::Option) where one is refused.
    fn of_pairs(pairs: Vec<(String, OptionValue)>) -> Result<Self>;

    /// Those that all solvers have.
    fn shared(&self) -> &Options;

    /// These options for rows that are a sample of those that were seen.
    fn with_seen(&self, seen: Seen) -> Self;

    /// Whether there is a model to continue from.
    fn continues(&self) -> bool;

    /// The units of each hidden layer to train.
    fn hidden(&self) -> &[usize];

    /// What the linear heads are trained by.
    fn head_solver(&self) -> HeadSolver;

    /// These options for trainings that are watched together.
    fn watched(&self, watch: &Watch) -> Self;

    /// These options with a model to continue from.
    fn continued(&self, model: Arc<Model>) -> Self;
}

impl FitOptions for Options {
    fn of_pairs(pairs: Vec<(String, OptionValue)>) -> Result<Self> {
        Self::from_pairs(pairs)
    }

    fn shared(&self) -> &Options {
        self
    }

    fn with_seen(&self, seen: Seen) -> Self {
        self.with_seen(seen)
    }

    fn continues(&self) -> bool {
        self.has_init()
    }

    fn hidden(&self) -> &[usize] {
        Self::hidden(self)
    }

    fn head_solver(&self) -> HeadSolver {
        HeadSolver::Steps
    }

    fn watched(&self, watch: &Watch) -> Self {
        self.watched(watch)
    }

    fn continued(&self, model: Arc<Model>) -> Self {
        self.with_init(model)
    }
}

impl FitOptions for NewtonOptions {
    fn of_pairs(pairs: Vec<(String, OptionValue)>) -> Result<Self> {
        Self::from_pairs(pairs)
    }

    fn shared(&self) -> &Options {
        self.shared()
    }

    fn with_seen(&self, seen: Seen) -> Self {
        self.with_seen(seen)
    }

    fn continues(&self) -> bool {
        self.has_init()
    }

    fn hidden(&self) -> &[usize] {
        &[]
    }

    fn head_solver(&self) -> HeadSolver {
        let (robust, covariance) = (self.has_robust_errors(), self.keeps_covariance());
        HeadSolver::Exact { robust, covariance }
    }

    fn watched(&self, watch: &Watch) -> Self {
        self.watched(watch)
    }

    fn continued(&self, model: Arc<Model>) -> Self {
        self.with_init(model)
    }
}

impl FitOptions for PassOptions {
    fn of_pairs(pairs: Vec<(String, OptionValue)>) -> Result<Self> {
        Self::from_pairs(pairs)
    }

    fn shared(&self) -> &Options {
        self.shared()
    }

    fn with_seen(&self, seen: Seen) -> Self {
        self.with_seen(seen)
    }

    fn continues(&self) -> bool {
        false
    }

    fn hidden(&self) -> &[usize] {
        &[]
    }

    fn head_solver(&self) -> HeadSolver {
        HeadSolver::Exact { robust: false, covariance: self.keeps_covariance() }
    }

    fn watched(&self, watch: &Watch) -> Self {
        self.watched(watch)
    }

    /// No call has such a model.
    fn continued(&self, _model: Arc<Model>) -> Self {
        self.clone()
    }
}
