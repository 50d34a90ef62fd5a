//! The aggregates that fit a model a group, over all rows of it.
//!
//! What differs from one to the next is a [`Solver`] and what `SHOW FUNCTIONS` says of it, a [`FitFunction`] each.
//! [`arguments`] says which argument is which and [`read`] reads them; [`campaign`] tells campaigns apart, and [`uncounted`] the
//! rows that do not count. [`aggregate`] fits a model a group: [`tables`] of buffered rows, with the [`codes`] of their texts, are what the core reads ([`table`] is the one of a call), [`inits`] are
//! what groups continue from. [`sample`] bounds the rows, by the content of those that come ([`coded`]).

mod aggregate;
mod arguments;
mod campaign;
mod coded;
mod codes;
mod inits;
mod read;
mod sample;
mod table;
mod tables;
mod uncounted;

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::Documentation;

use super::aggregate::{AggregateFunction, Call};
use super::error::refuse_plan;
use super::options::read_options;
use super::rows::{BoundedState, sample_fields};
use super::signature::{example_features, example_options};
use crate::call::fit::{FitOptions, Solver};
use crate::call::init::check_once;
use crate::call::options::wrong_options;
use aggregate::FitAggregate;
use arguments::ArgumentPositions;

/// An aggregate that fits a model a group: what is DataFusion's of it.
pub(super) trait FitFunction: Debug + PartialEq + Eq + Hash + Send + Sync + 'static {
    /// What fits the models.
    type Solver: Solver;

    /// What `SHOW FUNCTIONS` says.
    fn documentation(&self) -> Option<&Documentation>;
}

/// A [`FitFunction`] as an aggregate.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Fit<F>(pub F);

impl<F: FitFunction> AggregateFunction for Fit<F> {
    const NAME: &'static str = F::Solver::NAME;
    type State = BoundedState;

    /// Label and features, the campaign if there is one, a weight, options, or both, and of some a model to
    /// continue from.
    fn calls() -> Vec<Vec<DataType>> {
        let campaign = F::Solver::HAS_CAMPAIGN.then_some(DataType::Utf8View);
        let first = [DataType::Float64, example_features()].into_iter().chain(campaign);
        let first: Vec<DataType> = first.collect();
        let with = |rest: &[DataType]| [first.as_slice(), rest].concat();
        let mut calls = vec![
            with(&[]),
            with(&[DataType::Float64]),
            with(&[example_options()]),
            with(&[DataType::Float64, example_options()]),
        ];
        if F::Solver::HAS_INIT {
            calls.push(with(&[DataType::Float64, example_options(), DataType::Utf8View]));
        }
        calls
    }

    fn return_type(types: &[DataType]) -> Result<DataType> {
        ArgumentPositions::of_types::<F::Solver>(types)?;
        Ok(DataType::Utf8View)
    }

    fn default_value() -> Result<ScalarValue> {
        Ok(ScalarValue::Utf8View(None))
    }

    fn state_fields(name: &str, types: &[DataType]) -> Result<Vec<FieldRef>> {
        Ok(sample_fields(&ArgumentPositions::of_types::<F::Solver>(types)?.schema(), name))
    }

    fn state(&self, call: &Call<'_>) -> Result<BoundedState> {
        let arguments = ArgumentPositions::of_types::<F::Solver>(&call.types)?;
        let options = arguments.options.map(|position| &call.expressions[position]);
        let wrong = |got| wrong_options(F::Solver::EXAMPLE, got);
        let options = match read_options(Self::NAME, options, wrong)? {
            Some(pairs) => <F::Solver as Solver>::Options::of_pairs(pairs)
                .map_err(|error| refuse_plan(Self::NAME, &error))?,
            None => <F::Solver as Solver>::Options::default(),
        };
        if arguments.init.is_some() {
            check_once(&options).map_err(|error| refuse_plan(Self::NAME, &error))?;
        }
        let is_bounded = options.shared().max_rows().is_some();
        let aggregate = Arc::new(FitAggregate::<F::Solver> { arguments, options });
        Ok(BoundedState::of_options(aggregate, is_bounded))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.0.documentation()
    }
}

/// The documentation with the names of the options, which stand in the core's tables.
pub(super) fn with_options<S: Solver>(mut documentation: Documentation) -> Documentation {
    for (argument, text) in documentation.arguments.iter_mut().flatten() {
        if argument == "options" {
            *text = format!("{text} {}.", S::option_names().join(", "));
        }
    }
    documentation
}
