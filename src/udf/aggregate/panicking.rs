//! An aggregate that panics, with which tests see what a panic does to an engine. There is none in a release build.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::utils::format_state_name;
use datafusion_expr::{AggregateUDF, Documentation, EmitTo};

use super::{Aggregate, AggregateFunction, BatchRows, Call, GroupState};

/// The steps of an aggregate in which it may panic.
const STEPS: [&str; 8] =
    ["nothing", "plan", "update", "merge", "state", "finish", "size", "state_of_rows"];

/// `ziln_panicking(number)`, which is 0, or panics in a step; `None` if there is no such step.
#[doc(hidden)]
pub fn panicking_aggregate(step: &str) -> Option<AggregateUDF> {
    let step = STEPS.into_iter().find(|&known| known == step)?;
    Some(AggregateUDF::from(Aggregate::of(Panicking { step })))
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Panicking {
    step: &'static str,
}

impl Panicking {
    fn meet(&self, step: &str) {
        assert!(self.step != step, "met a panic in {step}");
    }
}

/// As many zeros as there are groups.
#[derive(Debug)]
struct Zeros {
    function: Panicking,
    groups: usize,
}

impl Zeros {
    fn take(&mut self, emit_to: EmitTo) -> ArrayRef {
        let emitted = match emit_to {
            EmitTo::All => self.groups,
            EmitTo::First(n) => n,
        };
        self.groups -= emitted.min(self.groups);
        Arc::new(Float64Array::from(vec![0.0; emitted]))
    }
}

impl AggregateFunction for Panicking {
    const NAME: &'static str = "ziln_panicking";
    type State = Zeros;

    fn calls() -> Vec<Vec<DataType>> {
        vec![vec![DataType::Float64]]
    }

    fn return_type(_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn default_value() -> Result<ScalarValue> {
        Ok(ScalarValue::from(0.0))
    }

    fn state_fields(name: &str, _types: &[DataType]) -> Result<Vec<FieldRef>> {
        let field = Field::new(format_state_name(name, "zero"), DataType::Float64, true);
        Ok(vec![Arc::new(field)])
    }

    fn state(&self, _call: &Call<'_>) -> Result<Zeros> {
        self.meet("plan");
        Ok(Zeros { function: self.clone(), groups: 0 })
    }

    fn documentation(&self) -> Option<&Documentation> {
        None
    }
}

impl GroupState for Zeros {
    fn empty(&self) -> Self {
        Self { function: self.function.clone(), groups: 0 }
    }

    fn read(&self, arguments: &[ArrayRef]) -> Result<BatchRows> {
        Ok(BatchRows { columns: arguments.to_vec(), keep: None })
    }

    fn update(&mut self, _columns: Vec<ArrayRef>, _groups: &[usize], total: usize) -> Result<()> {
        self.function.meet("update");
        self.groups = self.groups.max(total);
        Ok(())
    }

    fn merge(&mut self, _states: &[ArrayRef], _groups: &[usize], total: usize) -> Result<()> {
        self.function.meet("merge");
        self.groups = self.groups.max(total);
        Ok(())
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.function.meet("state");
        Ok(vec![self.take(emit_to)])
    }

    fn finish(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.function.meet("finish");
        Ok(self.take(emit_to))
    }

    fn look(&mut self) -> Result<ArrayRef> {
        self.function.meet("finish");
        Ok(Arc::new(Float64Array::from(vec![0.0])))
    }

    fn size(&self) -> usize {
        self.function.meet("size");
        0
    }

    fn state_of_rows(&self, columns: Vec<ArrayRef>, _lengths: &[usize]) -> Result<Vec<ArrayRef>> {
        self.function.meet("state_of_rows");
        let rows = columns.first().map_or(0, Array::len);
        Ok(vec![Arc::new(Float64Array::from(vec![0.0; rows]))])
    }
}
