//! The arguments of a metric of predicted amounts.

use std::borrow::Cow;

use polars::prelude::{PolarsResult, Series};

use super::error::refuse;
use super::number::Number;
use super::result::ResultShape;
use super::rows::{CompleteRows, read_weight};
use super::types::types_of;
use crate::call::metric::MetricCall;

/// Label, prediction and weight, and the rows that are NULL in none of them.
#[derive(Debug)]
pub(super) struct AmountArguments {
    pub(super) label: Number,
    pub(super) prediction: Number,
    pub(super) weight: Option<Number>,
    /// Where the number of buckets is.
    pub(super) buckets: Option<usize>,
    rows: CompleteRows,
}

impl AmountArguments {
    /// Reads the arguments of a call.
    pub(super) fn read(call: &MetricCall, inputs: &[Series]) -> PolarsResult<Self> {
        let refuse = |error| refuse(call.name, &error);
        let arguments = call.arguments(&types_of(inputs)).map_err(refuse)?;
        // A constant number of buckets is no column of the result's length.
        let columns = inputs.get(..arguments.buckets.unwrap_or(inputs.len())).unwrap_or(inputs);
        let rows = ResultShape::try_new(call.name, columns)?.rows();
        let [label, prediction, ..] = columns else {
            return Err(refuse(crate::call::wrong_arity(call.usage, inputs.len())));
        };
        let (label, prediction) = (Number::of_series(label)?, Number::of_series(prediction)?);
        let weight = arguments.weight.and_then(|position| inputs.get(position));
        let weight = read_weight(call.name, weight, 0, rows)?;
        let rows = CompleteRows::complete(rows, [&label, &prediction].into_iter().chain(&weight));
        Ok(Self { label, prediction, weight, buckets: arguments.buckets, rows })
    }

    /// One of the numbers, in the rows that count.
    pub(super) fn numbers<'a>(&self, number: &'a Number) -> Cow<'a, [f64]> {
        self.rows.doubles(number)
    }
}
