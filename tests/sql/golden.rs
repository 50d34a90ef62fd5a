//! The values of `tests/data/ziln.json`, computed with 60 digits, through SQL: every function, every form of params,
//! as columns and as constants.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use datafusion::common::ScalarValue;
use datafusion::prelude::SessionContext;

use crate::session::{rows, session};

const INPUTS: [&str; 7] = ["label", "logit", "mu", "raw_sigma", "sigma", "q", "cap"];

/// A function, the column of its first argument, and the greatest relative error of its values.
struct Function {
    name: &'static str,
    first: Option<&'static str>,
    tolerance: f64,
}

const FUNCTIONS: [Function; 9] = [
    Function { name: "loss", first: Some("label"), tolerance: 1e-12 },
    Function { name: "pay_prob", first: None, tolerance: 1e-12 },
    Function { name: "pay_amount", first: None, tolerance: 1e-12 },
    Function { name: "expected_ltv", first: None, tolerance: 1e-12 },
    Function { name: "variance", first: None, tolerance: 1e-11 },
    Function { name: "cdf", first: Some("label"), tolerance: 1e-11 },
    Function { name: "quantile", first: Some("q"), tolerance: 1e-11 },
    Function { name: "capped_ltv", first: Some("cap"), tolerance: 1e-11 },
    Function { name: "crps", first: Some("label"), tolerance: 1e-11 },
];

const FORMS: [&str; 6] = [
    "logit, mu, raw_sigma",
    "{logit: logit, mu: mu, sigma: sigma}",
    "[logit, mu, raw_sigma]",
    "arrow_cast([logit, mu, raw_sigma], 'FixedSizeList(3, Float64)')",
    "arrow_cast([logit, mu, raw_sigma], 'LargeList(Float64)')",
    "ziln_from_logits(logit, mu, raw_sigma)",
];

type Row = serde_json::Map<String, serde_json::Value>;

fn golden() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ziln.json");
    let text = std::fs::read_to_string(path).expect("the golden file");
    serde_json::from_str(&text).expect("a list of rows")
}

fn get(row: &Row, name: &str) -> f64 {
    row[name].as_f64().unwrap_or_else(|| panic!("{name} is no number"))
}

fn context(golden: &[Row]) -> SessionContext {
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(0..golden.len() as i64));
    let mut columns = vec![("id", id)];
    for name in INPUTS {
        let values = golden.iter().map(|row| get(row, name));
        columns.push((name, Arc::new(Float64Array::from_iter_values(values))));
    }
    let context = session(2, 16);
    let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
    context.register_batch("golden", batch).expect("a new table");
    context
}

/// The calls of one row's query, in the order of [`FUNCTIONS`] times [`FORMS`].
fn calls() -> Vec<String> {
    let call = |function: &Function, form: &str| match function.first {
        Some(first) => format!("ziln_{}({first}, {form})", function.name),
        None => format!("ziln_{}({form})", function.name),
    };
    FUNCTIONS.iter().flat_map(|f| FORMS.iter().map(move |form| call(f, form))).collect()
}

/// Adds to `wrong` what is too far from the golden values.
fn check(golden: &Row, calls: &[String], values: &[ScalarValue], wrong: &mut String) {
    for ((call, value), index) in calls.iter().zip(values).zip(0..) {
        let function = &FUNCTIONS[index / FORMS.len()];
        let expected = get(golden, function.name);
        let ScalarValue::Float64(Some(value)) = *value else { panic!("{call} is {value:?}") };
        let error = (value - expected).abs();
        let bound = function.tolerance * expected.abs();
        // Not `>`, which NaN would pass.
        if error.is_nan() || error > bound {
            let inputs = INPUTS.map(|name| format!("{name} {}", get(golden, name))).join(", ");
            writeln!(wrong, "{call}: {value:e}, expected {expected:e}, at {inputs}")
                .expect("memory");
        }
    }
}

#[tokio::test]
async fn columns() {
    let golden = golden();
    let context = context(&golden);
    let calls = calls();
    let sql = format!("SELECT {} FROM golden ORDER BY id", calls.join(", "));
    let results = rows(&context, &sql).await;
    assert_eq!(results.len(), golden.len());
    assert!(golden.len() >= 80);
    let mut wrong = String::new();
    for (row, values) in golden.iter().zip(&results) {
        check(row, &calls, values, &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Constants are folded before the query runs, and of another shape for the functions.
#[tokio::test]
async fn constants() {
    let golden = golden();
    let context = session(1, 8192);
    let calls = calls();
    let mut wrong = String::new();
    for row in &golden {
        let inputs: Vec<String> =
            INPUTS.iter().map(|name| format!("{:?} AS {name}", get(row, name))).collect();
        let sql = format!("SELECT {} FROM (SELECT {})", calls.join(", "), inputs.join(", "));
        check(row, &calls, &rows(&context, &sql).await[0], &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A constant for one argument and columns for the others give the same bits as columns alone.
#[tokio::test]
async fn broadcast_has_the_same_bits() {
    let golden = golden();
    let context = context(&golden);
    for function in &FUNCTIONS {
        let names = function.first.into_iter().chain(["logit", "mu", "raw_sigma"]);
        let names: Vec<&str> = names.collect();
        let call =
            |arguments: &[String]| format!("ziln_{}({})", function.name, arguments.join(", "));
        for (place, name) in names.iter().enumerate() {
            let columns: Vec<String> = names.iter().map(|name| format!("g.{name}")).collect();
            let constant = format!("{:?}", get(&golden[1], name));
            let (mut all_columns, mut with_constant) = (columns.clone(), columns);
            all_columns[place] = format!("h.{name}");
            with_constant[place] = constant;
            let sql = format!(
                "SELECT {}, {} FROM golden g, golden h WHERE h.id = 1",
                call(&all_columns),
                call(&with_constant)
            );
            for values in rows(&context, &sql).await {
                assert_eq!(values[0], values[1], "{sql}");
            }
        }
    }
}
