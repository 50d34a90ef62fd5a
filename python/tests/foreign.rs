//! Functions called as another library calls them: through their table of C functions.
#![expect(clippy::panic, clippy::unwrap_used)]
// Helpers of tests are not told apart from other code.

#[path = "../src/foreign.rs"]
mod foreign;
#[path = "../src/model_views.rs"]
mod model_views;

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Field, Float64Type, Schema};
use datafusion_common::config::ConfigOptions;
use datafusion_common::{Result, exec_err};
use datafusion_expr::function::AccumulatorArgs;
use datafusion_expr::{
    Accumulator, ColumnarValue, EmitTo, GroupsAccumulator, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility, create_udf,
};
use datafusion_ffi::udaf::FFI_AggregateUDF;
use ziln::udf::guard::guarded_scalar;
use ziln::udf::panicking_aggregate;

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
fn models_are_asked_for_as_views() {
    let mut asking = Vec::new();
    for function in ziln::udf::scalar_functions() {
        let name = function.name().to_owned();
        let outside = from_outside(ScalarUDF::clone(&model_views::with_model_views(function)));
        for text in [DataType::Utf8, DataType::LargeUtf8] {
            let types = outside.coerce_types(&[text.clone(), DataType::Utf8]).unwrap();
            assert_eq!(types[1], DataType::Utf8);
            if types[0] == DataType::Utf8View {
                asking.push(name.clone());
            } else {
                assert_eq!(types[0], text);
            }
        }
        let number = [DataType::Float64];
        assert_eq!(outside.coerce_types(&number).unwrap(), number);
    }
    asking.dedup();
    let models = ["predict", "model_info", "weights", "explain", "params_error"];
    assert_eq!(asking, models.map(|name| format!("ziln_{name}")));
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
const STEPS: [&str; 6] = ["update", "merge", "state", "finish", "size", "state_of_rows"];

fn numbers() -> ArrayRef {
    Arc::new(Float64Array::from(vec![1.0]))
}

/// The table of C functions of an aggregate that panics in a step.
fn panicking(step: &str) -> FFI_AggregateUDF {
    FFI_AggregateUDF::from(Arc::new(panicking_aggregate(step).unwrap()))
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
        name: "ziln_panicking",
        is_distinct: false,
        exprs: &[],
        expr_fields: &[],
    })
}

/// The accumulator of one group, reached through its table of C functions.
fn accumulator(step: &str) -> Box<dyn Accumulator> {
    let function = panicking(step);
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
fn groups_accumulator(step: &str) -> Box<dyn GroupsAccumulator> {
    let function = panicking(step);
    with_arguments(|arguments| {
        let arguments = arguments.try_into().unwrap();
        // SAFETY: the table is whole, and its function takes what was made for it.
        let made = unsafe { (function.create_groups_accumulator)(&function, arguments) };
        let mut made = Result::<_, _>::from(made).unwrap();
        made.library_marker_id = another_library;
        made.into()
    })
}

/// What a step must end in where it is the one that panics.
fn check<T: std::fmt::Debug>(panics: &str, step: &str, result: Result<T>) {
    if panics != step {
        result.unwrap_or_else(|error| panic!("{step}: {error}"));
        return;
    }
    let error = result.unwrap_err().to_string();
    let expected = format!("ziln_panicking: internal error: met a panic in {step}");
    assert!(error.contains(&expected), "{error}");
}

#[test]
fn a_panic_in_an_accumulator_is_an_error() {
    for panics in STEPS {
        // One accumulator a step: after its panic none is called again.
        check(panics, "update", accumulator(panics).update_batch(&[numbers()]));
        check(panics, "merge", accumulator(panics).merge_batch(&[numbers()]));
        check(panics, "state", accumulator(panics).state());
        check(panics, "finish", accumulator(panics).evaluate());
        let mut accumulator = accumulator(panics);
        assert_eq!(accumulator.size() == 0, panics == "size");
        // A size cannot be an error: what follows is.
        let error = accumulator.update_batch(&[numbers()]).err().map(|error| error.to_string());
        assert_eq!(error.is_some(), ["size", "update"].contains(&panics), "{error:?}");
    }
}

#[test]
fn a_panic_in_an_accumulator_of_groups_is_an_error() {
    for panics in STEPS {
        let of = || groups_accumulator(panics);
        check(panics, "update", of().update_batch(&[numbers()], &[0], None, 1));
        check(panics, "merge", of().merge_batch(&[numbers()], &[0], 1));
        check(panics, "state", of().state(EmitTo::All));
        check(panics, "finish", of().evaluate(EmitTo::First(1)));
        check(panics, "state_of_rows", of().convert_to_state(&[numbers()], None));
        let mut groups = of();
        assert_eq!(groups.size() == 0, panics == "size");
        let error = groups.evaluate(EmitTo::All).err().map(|error| error.to_string());
        assert_eq!(error.is_some(), ["size", "finish"].contains(&panics), "{error:?}");
    }
}

#[test]
fn an_accumulator_that_panicked_is_not_called_again() {
    let mut groups = groups_accumulator("update");
    groups.update_batch(&[numbers()], &[0], None, 1).unwrap_err();
    let error = groups.evaluate(EmitTo::All).unwrap_err().to_string();
    assert!(error.contains("met a panic in update"), "{error}");
}

#[test]
fn every_function_of_ziln_is_guarded() {
    for function in ziln::udf::scalar_functions() {
        assert!(format!("{function:?}").contains("Guarded"), "{}", function.name());
    }
    for function in ziln::udf::aggregate_functions() {
        assert!(format!("{function:?}").contains("inner: Aggregate {"), "{}", function.name());
    }
}
