//! DataFusion's functions as the objects that `datafusion.udf` and `datafusion.udaf` take.

use std::sync::Arc;

use datafusion_expr::{AggregateUDF, ScalarUDF};
use datafusion_ffi::udaf::FFI_AggregateUDF;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::documentation::FunctionDocumentation;
use crate::foreign::foreign_function;
use crate::model_views::with_model_views;
use crate::networks::refuse;

/// A scalar function of DataFusion.
#[pyclass(frozen, module = "ziln._ziln")]
pub(crate) struct ScalarFunction(Arc<ScalarUDF>);

#[pymethods]
impl ScalarFunction {
    /// The function's name in SQL.
    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }

    /// What the function's documentation says.
    #[getter]
    fn documentation(&self) -> Option<FunctionDocumentation> {
        self.0.documentation().map(FunctionDocumentation::from)
    }

    fn __datafusion_scalar_udf__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let function = foreign_function(Arc::clone(&self.0));
        PyCapsule::new_with_value(py, function, c"datafusion_scalar_udf")
    }
}

/// An aggregate function of DataFusion.
#[pyclass(frozen, module = "ziln._ziln")]
pub(crate) struct AggregateFunction(Arc<AggregateUDF>);

#[pymethods]
impl AggregateFunction {
    /// The function's name in SQL.
    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }

    /// What the function's documentation says.
    #[getter]
    fn documentation(&self) -> Option<FunctionDocumentation> {
        self.0.documentation().map(FunctionDocumentation::from)
    }

    fn __datafusion_aggregate_udf__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let function = FFI_AggregateUDF::from(Arc::clone(&self.0));
        PyCapsule::new_with_value(py, function, c"datafusion_aggregate_udf")
    }
}

/// A model as a function of SQL.
#[pyfunction]
pub(crate) fn model_function(name: &str, model: &str) -> PyResult<ScalarFunction> {
    let model = ziln::model::Model::from_json(model).map_err(|error| refuse(&error))?;
    Ok(ScalarFunction(Arc::new(ziln::udf::model_function(name, &model))))
}

/// Every scalar function, in the order of the documentation.
#[pyfunction]
pub(crate) fn scalar_functions() -> Vec<ScalarFunction> {
    ziln::udf::scalar_functions().into_iter().map(with_model_views).map(ScalarFunction).collect()
}

/// Every aggregate function, in the order of the documentation.
#[pyfunction]
pub(crate) fn aggregate_functions() -> Vec<AggregateFunction> {
    ziln::udf::aggregate_functions().into_iter().map(AggregateFunction).collect()
}

/// An aggregate that panics in a step, for the tests; a release build has none.
#[cfg(debug_assertions)]
#[pyfunction]
pub(crate) fn panicking_aggregate(step: &str) -> Option<AggregateFunction> {
    ziln::udf::panicking_aggregate(step).map(|function| AggregateFunction(Arc::new(function)))
}
