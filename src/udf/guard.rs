//! The guard around the SQL functions: a panic in one becomes an error of its query.
//!
//! Everything that DataFusion calls of a function goes through here, in this process or from another library: planning,
//! the calls of scalar functions, and everything that is done with accumulators.

use std::sync::OnceLock;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::AggregateOrderSensitivity;
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, Documentation, EmitTo,
    GroupsAccumulator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::error::refuse_value;
use crate::Error;

/// A scalar function in which a panic is an error.
///
/// What is passed on is what the functions of ziln implement; the rest is as the trait has it.
pub fn guarded_scalar(function: ScalarUDF) -> ScalarUDF {
    ScalarUDF::from(GuardedScalar(function))
}

/// An aggregate function in which a panic is an error, in its accumulators too.
///
/// What is passed on is what the functions of ziln implement; the rest is as the trait has it.
pub fn guarded_aggregate(function: AggregateUDF) -> AggregateUDF {
    AggregateUDF::from(GuardedAggregate(function))
}

/// Calls something of a function.
fn guarded<T>(function: &str, call: impl FnOnce() -> Result<T>) -> Result<T> {
    crate::guard::guarded(call).unwrap_or_else(|error| Err(refuse_value(function, &error)))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct GuardedScalar(ScalarUDF);

impl ScalarUDFImpl for GuardedScalar {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        guarded(self.name(), || self.0.return_type(arg_types))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        guarded(self.name(), || self.0.return_field_from_args(args))
    }

    fn is_strict(&self) -> bool {
        self.0.is_strict()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        guarded(self.name(), || self.0.invoke_with_args(args))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.0.documentation()
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct GuardedAggregate(AggregateUDF);

impl GuardedAggregate {
    fn guarded(&self, accumulator: Box<dyn Accumulator>) -> Box<dyn Accumulator> {
        Box::new(GuardedAccumulator { guard: Guard::of(self.name()), accumulator })
    }
}

impl AggregateUDFImpl for GuardedAggregate {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        guarded(self.name(), || self.0.return_type(arg_types))
    }

    fn return_field(&self, arg_fields: &[FieldRef]) -> Result<FieldRef> {
        guarded(self.name(), || self.0.return_field(arg_fields))
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        guarded(self.name(), || self.0.default_value(data_type))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.0.order_sensitivity()
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        guarded(self.name(), || self.0.state_fields(args))
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        guarded(self.name(), || self.0.accumulator(args)).map(|inner| self.guarded(inner))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        guarded(self.name(), || self.0.create_sliding_accumulator(args))
            .map(|inner| self.guarded(inner))
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.0.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        let accumulator = guarded(self.name(), || self.0.create_groups_accumulator(args))?;
        Ok(Box::new(GuardedGroups { guard: Guard::of(self.name()), accumulator }))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.0.documentation()
    }
}

/// The guard of an accumulator. After a panic the accumulator may be half changed, and is not called again.
#[derive(Debug)]
struct Guard {
    function: String,
    panic: OnceLock<Error>,
}

impl Guard {
    fn of(function: &str) -> Self {
        Self { function: function.to_owned(), panic: OnceLock::new() }
    }

    fn call<T>(&self, call: impl FnOnce() -> Result<T>) -> Result<T> {
        let result = match self.panic.get() {
            Some(panic) => Err(panic.clone()),
            None => crate::guard::guarded(call),
        };
        result.unwrap_or_else(|error| {
            let refused = refuse_value(&self.function, &error);
            self.panic.get_or_init(|| error);
            Err(refused)
        })
    }

    /// A size, which cannot be an error: the next call is.
    fn size(&self, size: impl FnOnce() -> usize) -> usize {
        self.call(|| Ok(size())).unwrap_or_default()
    }
}

#[derive(Debug)]
struct GuardedAccumulator {
    guard: Guard,
    accumulator: Box<dyn Accumulator>,
}

impl Accumulator for GuardedAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.guard.call(|| self.accumulator.update_batch(values))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.guard.call(|| self.accumulator.evaluate())
    }

    fn size(&self) -> usize {
        self.guard.size(|| self.accumulator.size())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.guard.call(|| self.accumulator.state())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.guard.call(|| self.accumulator.merge_batch(states))
    }
}

struct GuardedGroups {
    guard: Guard,
    accumulator: Box<dyn GroupsAccumulator>,
}

impl GroupsAccumulator for GuardedGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.guard.call(|| {
            self.accumulator.update_batch(values, group_indices, opt_filter, total_num_groups)
        })
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.guard.call(|| self.accumulator.evaluate(emit_to))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.guard.call(|| self.accumulator.state(emit_to))
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.guard.call(|| self.accumulator.merge_batch(values, group_indices, total_num_groups))
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        self.guard.call(|| self.accumulator.convert_to_state(values, opt_filter))
    }

    fn size(&self) -> usize {
        self.guard.size(|| self.accumulator.size())
    }
}
