//! The queries of a training by passes over a session of DataFusion, of which the package runs the loop.

use pyo3::prelude::*;
use ziln::fit::OptionValue;
use ziln::udf::PassQueries;

/// The features: an expression of SQL, or names of columns.
#[derive(FromPyObject)]
pub(crate) enum Features {
    Sql(String),
    Columns(Vec<String>),
}

/// The value of an option of the exact solver.
#[derive(FromPyObject)]
pub(crate) enum Value {
    Bool(bool),
    Integer(i64),
    Number(f64),
}

impl From<Value> for OptionValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(value),
            Value::Integer(value) => Self::Integer(value),
            Value::Number(value) => Self::Number(value),
        }
    }
}

/// The queries of a training by passes.
#[pyclass(frozen, get_all, module = "ziln._ziln")]
pub(crate) struct SessionPasses {
    /// The name of the table in which a pass finds the models so far.
    models: String,
    /// What the columns by which rows are grouped are called, there and in the results.
    keys: Vec<String>,
    /// The models that the training begins with.
    start: String,
    /// The models after one more pass.
    step: String,
}

/// The queries over the rows of a table, or of a query in parentheses.
#[pyfunction]
pub(crate) fn session_passes(
    rows: String,
    label: String,
    features: Features,
    weight: Option<String>,
    by: Vec<String>,
    options: Vec<(String, Value)>,
) -> SessionPasses {
    let features = match features {
        Features::Sql(expression) => expression,
        Features::Columns(names) => PassQueries::struct_of_columns(&names),
    };
    let options: Vec<_> = options.into_iter().map(|(name, value)| (name, value.into())).collect();
    let queries = PassQueries {
        rows,
        label,
        features,
        weight,
        by,
        options: Some(PassQueries::struct_of_options(&options)),
        models: PassQueries::models_table(),
    };
    let (keys, start, step) = (queries.keys(), queries.start(), queries.step());
    SessionPasses { models: queries.models, keys, start, step }
}
