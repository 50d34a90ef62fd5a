//! `ziln_fit_sgd(label, features [, weight] [, options])`, and with a model to continue from as a fifth argument.
//!
//! [`arguments`] says which argument is which, [`options`] reads the options struct, [`aggregate`] trains a model
//! a group.

mod aggregate;
mod arguments;
mod options;

use std::sync::{Arc, OnceLock};

use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::Documentation;
use datafusion_macros::user_doc;

use super::aggregate::{AggregateFunction, Call};
use super::error::refuse_plan;
use super::rows::RowState;
use super::signature::{example_features, example_options};
use crate::call::fit_sgd::NAME;
use crate::call::init::check_once;
use crate::fit::option_names;
use aggregate::FitAggregate;
use arguments::Arguments;

#[user_doc(
    doc_section(label = "Statistical Functions"),
    description = "Trains a zero-inflated log-normal model by mini-batch gradient descent and returns it as text (JSON). One model a group. An untyped NULL as the weight or the options leaves them out. Rows with a NULL label, or a NULL or 0 weight, are skipped; NaN and infinite labels are skipped and counted; negative labels count as 0. NULL for a group with no usable row or no positive label. The same rows, options and seed give the same text, whatever their order or partitioning.",
    syntax_example = "ziln_fit_sgd(label, features [, weight] [, options] [, init])",
    sql_example = r"```sql
> SELECT ziln_pay_prob(ziln_predict(ziln_fit_sgd(y, {x: x}, {epochs: 100}), {x: 4})) > 0.5 AS pays
  FROM (SELECT value % 4 + 1 AS x, CASE WHEN value % 4 > 1 THEN value % 5 ELSE 0 END AS y FROM range(0, 200));
+------+
| pays |
+------+
| true |
+------+
```",
    argument(name = "label", description = "What the customer spent: any numeric type."),
    argument(
        name = "features",
        description = "A struct of numbers, booleans and strings such as {recency: recency, channel: channel}; or a list of numbers, or one number."
    ),
    argument(
        name = "weight",
        description = "How often the row counts: a number, not negative. Optional; NULL without a type is none."
    ),
    argument(
        name = "options",
        description = "A constant struct such as {epochs: 30, l2: 0.001}. Optional. Known are"
    ),
    argument(
        name = "init",
        description = "The text of a model to continue from, such as the group's model of the night before; the same in all rows of a group; it comes fifth, after weight and options, which may be NULL. NULL starts anew. As an option it is one constant for all groups."
    ),
    related_udf(name = "ziln_predict"),
    related_udf(name = "ziln_model_info")
)]
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct FitSgd;

impl AggregateFunction for FitSgd {
    const NAME: &'static str = NAME;
    type State = RowState;

    /// Label and features, then a weight, options, or both, and then a model to continue from.
    fn calls() -> Vec<Vec<DataType>> {
        let with = |rest: &[DataType]| [&[DataType::Float64, example_features()], rest].concat();
        vec![
            with(&[]),
            with(&[DataType::Float64]),
            with(&[example_options()]),
            with(&[DataType::Float64, example_options()]),
            with(&[DataType::Float64, example_options(), DataType::Utf8View]),
        ]
    }

    fn return_type(types: &[DataType]) -> Result<DataType> {
        Arguments::of_types(types)?;
        Ok(DataType::Utf8View)
    }

    fn default_value() -> Result<ScalarValue> {
        Ok(ScalarValue::Utf8View(None))
    }

    fn state_fields(name: &str, types: &[DataType]) -> Result<Vec<FieldRef>> {
        Ok(Arguments::of_types(types)?.schema().state_fields(name))
    }

    fn state(&self, call: &Call<'_>) -> Result<RowState> {
        let arguments = Arguments::of_types(&call.types)?;
        let options = arguments.options_position().map(|position| &call.expressions[position]);
        let options = options::read(options)?;
        if arguments.has_init {
            check_once(&options).map_err(|error| refuse_plan(NAME, &error))?;
        }
        Ok(RowState::of(Arc::new(FitAggregate::new(arguments, options))))
    }

    fn documentation(&self) -> Option<&Documentation> {
        static WITH_OPTIONS: OnceLock<Option<Documentation>> = OnceLock::new();
        WITH_OPTIONS.get_or_init(|| self.doc().cloned().map(with_options)).as_ref()
    }
}

/// The documentation with the names of the options, which stand in the core's table.
fn with_options(mut documentation: Documentation) -> Documentation {
    for (argument, text) in documentation.arguments.iter_mut().flatten() {
        if argument == "options" {
            *text = format!("{text} {}.", option_names().join(", "));
        }
    }
    documentation
}
