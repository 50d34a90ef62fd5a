//! Functions called as another library calls them: through their table of C functions.
#![expect(clippy::panic, clippy::unwrap_used)]
// Helpers of tests are not told apart from other code.

#[path = "../src/foreign.rs"]
mod foreign;

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Float64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Schema};
use datafusion_common::config::ConfigOptions;
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, EmitTo, GroupsAccumulator,
    ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, create_udf,
};
use datafusion_ffi::udaf::FFI_AggregateUDF;
use ziln::udf::guard::{guarded_aggregate, guarded_scalar};

extern "C" fn another_library() -> usize {
    1
}

/// The function as another library sees it.
fn from_outside(function: ScalarUDF) -> Arc<dyn ScalarUDFImpl> {
    let mut table = foreign::foreign_function(Arc::new(function));
    table.library_marker_id = another_library;
    (&table).into()
}

fn call(function: &dyn ScalarUDFImpl, values: &[f64]) -> Result<ColumnarValue> {
    let field = Arc::new(Field::new("x", DataType::Float64, true));
    let values: ArrayRef = Arc::new(Float64Array::from(values.to_vec()));
    function.invoke_with_args(ScalarFunctionArgs {
        number_rows: values.len(),
        args: vec![ColumnarValue::Array(values)],
        arg_fields: vec![Arc::clone(&field)],
        return_field: field,
        config_options: Arc::new(ConfigOptions::default()),
    })
}

/// A function that doubles, fails at a negative number and panics at NaN.
fn doubling() -> ScalarUDF {
    let double = |arguments: &[ColumnarValue]| {
        let ColumnarValue::Array(values) = &arguments[0] else { panic!("not an array") };
        let values = values.as_primitive::<Float64Type>();
        match values.value(0) {
            value if value.is_nan() => panic!("met NaN in row {}", 0),
            value if value < 0.0 => exec_err!("met {value}"),
            _ => Ok(ColumnarValue::Array(Arc::new(values.unary::<_, Float64Type>(|x| 2.0 * x)))),
        }
    };
    let number = DataType::Float64;
    create_udf("double", vec![number.clone()], number, Volatility::Immutable, Arc::new(double))
}

#[test]
fn results_and_errors_cross_the_border() {
    let double = from_outside(doubling());
    let ColumnarValue::Array(result) = call(double.as_ref(), &[1.0, 4.0]).unwrap() else {
        panic!("not an array");
    };
    assert_eq!(result.as_primitive::<Float64Type>().values(), &[2.0, 8.0]);
    let error = call(double.as_ref(), &[-1.0]).unwrap_err().to_string();
    assert!(error.contains("met -1"), "{error}");
}

#[test]
fn a_panic_is_an_error() {
    let double = from_outside(doubling());
    let error = call(double.as_ref(), &[f64::NAN]).unwrap_err().to_string();
    assert!(error.contains("double: internal error: met NaN in row 0"), "{error}");
    // The function lives on.
    assert!(call(double.as_ref(), &[1.0]).is_ok());
}

#[test]
fn a_panic_while_a_query_is_planned_is_an_error() {
    let function =
        guarded_scalar(ScalarUDF::from(Planned { signature: Signature::any(1, VOLATILE) }));
    let error = function.return_type(&[DataType::Float64]).unwrap_err().to_string();
    assert!(error.contains("planned: internal error: no such type"), "{error}");
}

const VOLATILE: Volatility = Volatility::Volatile;

/// A function that panics over its types.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Planned {
    signature: Signature,
}

impl ScalarUDFImpl for Planned {
    fn name(&self) -> &'static str {
        "planned"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        panic!("no such type")
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        exec_err!("not reached")
    }
}

// --- aggregates -------------------------------------------------------------------------------------------------------

/// Everything that an engine does with an accumulator.
const CALLS: [&str; 6] =
    ["update_batch", "merge_batch", "state", "evaluate", "size", "convert_to_state"];

/// An aggregate whose accumulators panic in one of their calls.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Panicking {
    call: &'static str,
    signature: Signature,
}

/// Its accumulators, of both kinds.
#[derive(Debug)]
struct Accumulated(&'static str);

impl Accumulated {
    fn call(&self, call: &str) {
        assert!(self.0 != call, "met a panic in {call}");
    }
}

impl AggregateUDFImpl for Panicking {
    fn name(&self) -> &'static str {
        "panicking"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn state_fields(&self, _args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![])
    }

    fn accumulator(&self, _args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Accumulated(self.call)))
    }

    fn create_groups_accumulator(
        &self,
        _args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Accumulated(self.call)))
    }
}

impl Accumulator for Accumulated {
    fn update_batch(&mut self, _values: &[ArrayRef]) -> Result<()> {
        self.call("update_batch");
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.call("evaluate");
        Ok(ScalarValue::from(1.0))
    }

    fn size(&self) -> usize {
        self.call("size");
        1
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.call("state");
        Ok(vec![ScalarValue::from(1.0)])
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> Result<()> {
        self.call("merge_batch");
        Ok(())
    }
}

impl GroupsAccumulator for Accumulated {
    fn update_batch(
        &mut self,
        _values: &[ArrayRef],
        _groups: &[usize],
        _filter: Option<&BooleanArray>,
        _total: usize,
    ) -> Result<()> {
        self.call("update_batch");
        Ok(())
    }

    fn evaluate(&mut self, _emit_to: EmitTo) -> Result<ArrayRef> {
        self.call("evaluate");
        Ok(numbers())
    }

    fn state(&mut self, _emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.call("state");
        Ok(vec![numbers()])
    }

    fn merge_batch(
        &mut self,
        _values: &[ArrayRef],
        _groups: &[usize],
        _total: usize,
    ) -> Result<()> {
        self.call("merge_batch");
        Ok(())
    }

    fn convert_to_state(
        &self,
        _values: &[ArrayRef],
        _filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        self.call("convert_to_state");
        Ok(vec![numbers()])
    }

    fn size(&self) -> usize {
        self.call("size");
        1
    }
}

fn numbers() -> ArrayRef {
    Arc::new(Float64Array::from(vec![1.0]))
}

/// The table of C functions of an aggregate that panics in a call.
fn panicking(call: &'static str) -> FFI_AggregateUDF {
    let signature = Signature::any(1, VOLATILE);
    let function = AggregateUDF::from(Panicking { call, signature });
    FFI_AggregateUDF::from(Arc::new(guarded_aggregate(function)))
}

/// Calls `take` with the arguments of an accumulator.
fn with_arguments<T>(take: impl FnOnce(AccumulatorArgs) -> T) -> T {
    let field = Arc::new(Field::new("x", DataType::Float64, true));
    take(AccumulatorArgs {
        return_field: Arc::clone(&field),
        schema: &Schema::empty(),
        ignore_nulls: false,
        order_bys: &[],
        is_reversed: false,
        name: "panicking",
        is_distinct: false,
        exprs: &[],
        expr_fields: &[],
    })
}

/// The accumulator of one group, reached through its table of C functions.
fn accumulator(call: &'static str) -> Box<dyn Accumulator> {
    let function = panicking(call);
    with_arguments(|arguments| {
        let arguments = arguments.try_into().unwrap();
        // SAFETY: the table is whole, and its function takes what was made for it.
        let made = unsafe { (function.accumulator)(&function, arguments) };
        let mut made = Result::<_, _>::from(made).unwrap();
        made.library_marker_id = another_library;
        made.into()
    })
}

/// The accumulator of many groups, reached through its table of C functions.
fn groups_accumulator(call: &'static str) -> Box<dyn GroupsAccumulator> {
    let function = panicking(call);
    with_arguments(|arguments| {
        let arguments = arguments.try_into().unwrap();
        // SAFETY: the table is whole, and its function takes what was made for it.
        let made = unsafe { (function.create_groups_accumulator)(&function, arguments) };
        let mut made = Result::<_, _>::from(made).unwrap();
        made.library_marker_id = another_library;
        made.into()
    })
}

/// What a call must end in where it is the one that panics.
fn check<T: std::fmt::Debug>(panics: &str, call: &str, result: Result<T>) {
    if panics != call {
        result.unwrap_or_else(|error| panic!("{call}: {error}"));
        return;
    }
    let error = result.unwrap_err().to_string();
    let expected = format!("panicking: internal error: met a panic in {call}");
    assert!(error.contains(&expected), "{error}");
}

#[test]
fn a_panic_in_an_accumulator_is_an_error() {
    for panics in CALLS {
        // One accumulator a call: after its panic none is called again.
        check(panics, "update_batch", accumulator(panics).update_batch(&[numbers()]));
        check(panics, "merge_batch", accumulator(panics).merge_batch(&[numbers()]));
        check(panics, "state", accumulator(panics).state());
        check(panics, "evaluate", accumulator(panics).evaluate());
        let mut accumulator = accumulator(panics);
        assert_eq!(accumulator.size(), usize::from(panics != "size"));
        // A size cannot be an error: what follows is.
        let error = accumulator.update_batch(&[numbers()]).err().map(|error| error.to_string());
        assert_eq!(error.is_some(), ["size", "update_batch"].contains(&panics), "{error:?}");
    }
}

#[test]
fn a_panic_in_an_accumulator_of_groups_is_an_error() {
    for panics in CALLS {
        let of = || groups_accumulator(panics);
        check(panics, "update_batch", of().update_batch(&[numbers()], &[0], None, 1));
        check(panics, "merge_batch", of().merge_batch(&[numbers()], &[0], 1));
        check(panics, "state", of().state(EmitTo::All));
        check(panics, "evaluate", of().evaluate(EmitTo::First(1)));
        check(panics, "convert_to_state", of().convert_to_state(&[numbers()], None));
        let mut groups = of();
        assert_eq!(groups.size(), usize::from(panics != "size"));
        let error = groups.evaluate(EmitTo::All).err().map(|error| error.to_string());
        assert_eq!(error.is_some(), ["size", "evaluate"].contains(&panics), "{error:?}");
    }
}

#[test]
fn an_accumulator_that_panicked_is_not_called_again() {
    let mut groups = groups_accumulator("update_batch");
    groups.update_batch(&[numbers()], &[0], None, 1).unwrap_err();
    let error = groups.evaluate(EmitTo::All).unwrap_err().to_string();
    assert!(error.contains("met a panic in update_batch"), "{error}");
}

#[test]
fn every_function_of_ziln_is_guarded() {
    for function in ziln::udf::scalar_functions() {
        assert!(format!("{function:?}").contains("Guarded"), "{}", function.name());
    }
    for function in ziln::udf::aggregate_functions() {
        assert!(format!("{function:?}").contains("Guarded"), "{}", function.name());
    }
}
