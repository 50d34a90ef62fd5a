//! Functions called as another library calls them: through their table of C functions.
#![expect(clippy::panic)]

#[path = "../src/foreign.rs"]
mod foreign;

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Field, Float64Type};
use datafusion_common::config::ConfigOptions;
use datafusion_common::{Result, exec_err};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Volatility, create_udf,
};

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
    assert!(error.contains("double: met NaN in row 0"), "{error}");
    // The function lives on.
    assert!(call(double.as_ref(), &[1.0]).is_ok());
}
