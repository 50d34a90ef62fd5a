//! A metric: what differs from one to the next.

use std::fmt::Debug;
use std::hash::Hash;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::Documentation;

use super::group::MetricGroup;
use super::predicted::{Named, Predicted};
use crate::call::metric::MetricCall;
use crate::fit::{Sample, Seen};

/// A metric: what differs from one to the next.
pub(in crate::udf) trait MetricFunction:
    Debug + PartialEq + Eq + Hash + Send + Sync + 'static
{
    /// Its name and its arguments.
    const CALL: MetricCall;
    /// The function's name in SQL.
    const NAME: &'static str = Self::CALL.name;

    /// What it compares labels with.
    type Predicted: Predicted;
    /// The value for a group.
    type Value: Send;

    /// The type of the result.
    fn return_type() -> DataType;

    /// Calls the core with the rows of a group.
    fn compute(group: &MetricGroup<'_, Self::Predicted>) -> Self::Value;

    /// The value of rows that are a sample, with what is to be said of that.
    fn of_sample(value: Self::Value, _sample: &Sample, _seen: Seen) -> Self::Value {
        value
    }

    /// The results of all groups.
    fn collect(values: Vec<Self::Value>) -> Result<ArrayRef>;

    /// What `SHOW FUNCTIONS` says.
    fn documentation(&self) -> Option<&Documentation>;

    /// The function as messages name it.
    fn named() -> Named {
        Named { name: Self::NAME, usage: Self::CALL.usage }
    }
}
