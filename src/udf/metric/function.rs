//! A metric as an aggregate function.

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::Documentation;

use super::arguments::{Arguments, Trailing, read_buckets};
use super::call::{MetricCall, MetricGroup, schema};
use super::predicted::{Named, Predicted};
use crate::metrics::DEFAULT_BUCKETS;
use crate::udf::aggregate::{AggregateFunction, Call};
use crate::udf::constant::constant;
use crate::udf::rows::RowState;

/// A metric: what differs from one to the next.
pub(in crate::udf) trait MetricFunction:
    Debug + PartialEq + Eq + Hash + Send + Sync + 'static
{
    /// The function's name in SQL.
    const NAME: &'static str;
    /// How it is called.
    const USAGE: &'static str;
    /// What may follow.
    const TRAILING: Trailing;

    /// What it compares labels with.
    type Predicted: Predicted;
    /// The value for a group.
    type Value: Send;

    /// The type of the result.
    fn return_type() -> DataType;

    /// Calls the core with the rows of a group.
    fn compute(group: &MetricGroup<'_, Self::Predicted>) -> Self::Value;

    /// The results of all groups.
    fn collect(values: Vec<Self::Value>) -> Result<ArrayRef>;

    /// What `SHOW FUNCTIONS` says.
    fn documentation(&self) -> Option<&Documentation>;

    /// The function as messages name it.
    fn named() -> Named {
        Named { name: Self::NAME, usage: Self::USAGE }
    }
}

impl<F: MetricFunction> AggregateFunction for F {
    const NAME: &'static str = F::NAME;
    type State = RowState;

    /// Label and what is predicted, with and without what may follow.
    fn calls() -> Vec<Vec<DataType>> {
        let short = vec![DataType::Float64, F::Predicted::argument_type()];
        let with = |last: DataType| [short.as_slice(), &[last]].concat();
        match F::TRAILING {
            Trailing::Nothing => vec![short],
            Trailing::Weight => vec![short.clone(), with(DataType::Float64)],
            Trailing::Buckets => vec![short.clone(), with(DataType::Int64)],
        }
    }

    fn return_type(types: &[DataType]) -> Result<DataType> {
        Arguments::of_types::<F>(types)?;
        Ok(F::return_type())
    }

    fn default_value() -> Result<ScalarValue> {
        let nobody = MetricGroup { pieces: Vec::new(), buckets: DEFAULT_BUCKETS };
        ScalarValue::try_from_array(&F::collect(vec![F::compute(&nobody)])?, 0)
    }

    fn state_fields(name: &str, types: &[DataType]) -> Result<Vec<FieldRef>> {
        Ok(schema::<F>(&Arguments::of_types::<F>(types)?).state_fields(name))
    }

    fn state(&self, call: &Call<'_>) -> Result<RowState> {
        let arguments = Arguments::of_types::<F>(&call.types)?;
        let buckets = match arguments.buckets {
            Some(position) => read_buckets(F::NAME, constant(&call.expressions[position]))?,
            None => None,
        };
        let buckets = buckets.unwrap_or(DEFAULT_BUCKETS);
        Ok(RowState::of(Arc::new(MetricCall::<F> { arguments, buckets, function: PhantomData })))
    }

    fn documentation(&self) -> Option<&Documentation> {
        MetricFunction::documentation(self)
    }
}
