//! A metric as an aggregate function.

use std::marker::PhantomData;
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::Documentation;

use super::call::{MetricBatches, schema};
use super::function::MetricFunction;
use super::group::MetricGroup;
use super::predicted::Predicted;
use crate::call::buckets;
use crate::call::evaluate::{max_rows, no_options};
use crate::call::metric::{MetricArguments, Trailing};
use crate::metrics::DEFAULT_BUCKETS;
use crate::udf::aggregate::{AggregateFunction, Call};
use crate::udf::constant::{constant, option_value};
use crate::udf::error::refuse_plan;
use crate::udf::options::read_options;
use crate::udf::rows::{BoundedState, sample_fields};
use crate::udf::signature::example_sample_options;
use crate::udf::types::refs;

impl<F: MetricFunction> AggregateFunction for F {
    const NAME: &'static str = F::NAME;
    type State = BoundedState;

    /// Label and what is predicted, with and without what may follow.
    fn calls() -> Vec<Vec<DataType>> {
        let short = vec![DataType::Float64, F::Predicted::argument_type()];
        let with = |last: DataType| [short.as_slice(), &[last]].concat();
        match F::CALL.trailing {
            Trailing::Nothing => vec![short],
            Trailing::Weight => vec![short.clone(), with(DataType::Float64)],
            Trailing::WeightAndOptions => {
                let options = example_sample_options;
                let both = [short.as_slice(), &[DataType::Float64, options()]].concat();
                vec![short.clone(), with(DataType::Float64), with(options()), both]
            }
            Trailing::Buckets => vec![short.clone(), with(DataType::Int64)],
        }
    }

    fn return_type(types: &[DataType]) -> Result<DataType> {
        arguments::<F>(types)?;
        Ok(F::return_type())
    }

    fn default_value() -> Result<ScalarValue> {
        let nobody = MetricGroup { pieces: Vec::new(), buckets: DEFAULT_BUCKETS };
        ScalarValue::try_from_array(&F::collect(vec![F::compute(&nobody)])?, 0)
    }

    fn state_fields(name: &str, types: &[DataType]) -> Result<Vec<FieldRef>> {
        let arguments = arguments::<F>(types)?;
        let schema = schema::<F>(&arguments);
        Ok(match arguments.options {
            Some(_) => sample_fields(&schema, name),
            None => schema.state_fields(name),
        })
    }

    fn state(&self, call: &Call<'_>) -> Result<BoundedState> {
        let arguments = arguments::<F>(&call.types)?;
        let buckets = match arguments.buckets {
            Some(position) => read_buckets(F::NAME, constant(&call.expressions[position]))?,
            None => DEFAULT_BUCKETS,
        };
        let options = arguments.options.map(|position| &call.expressions[position]);
        let has_options = options.is_some();
        let options = read_options(F::NAME, options, no_options)?.unwrap_or_default();
        let max_rows = max_rows(options).map_err(|error| refuse_plan(F::NAME, &error))?;
        let function = PhantomData;
        let call = Arc::new(MetricBatches::<F> { arguments, buckets, max_rows, function });
        Ok(match has_options {
            true => BoundedState::of_options(call, max_rows.is_some()),
            false => BoundedState::rows(call),
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        MetricFunction::documentation(self)
    }
}

fn arguments<F: MetricFunction>(types: &[DataType]) -> Result<MetricArguments> {
    F::CALL.arguments(&refs(types)).map_err(|error| refuse_plan(F::NAME, &error))
}

fn read_buckets(function: &str, value: Result<ScalarValue, String>) -> Result<usize> {
    let buckets = match value {
        Err(got) => Err(buckets::no_constant(got)),
        Ok(value) => match option_value(&value) {
            Some(value) => buckets::read(&value),
            None => Err(buckets::no_constant(value.data_type().to_string())),
        },
    };
    buckets.map_err(|error| refuse_plan(function, &error))
}
