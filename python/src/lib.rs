//! The extension module `ziln._ziln`: Polars plugins and DataFusion capsules over the crate `ziln`.
//!
//! Nothing is computed here. [`plugins`] exports a symbol a function for Polars' engine, which calls it without
//! Python's lock; [`networks`] makes texts of matrices; [`passes`] has the queries of a training over a session;
//! [`capsules`] hands DataFusion's functions to the Python package `datafusion`, [`foreign`] is how they are called from there, and [`documentation`] what is said of them. [`interrupts`]
//! hears Ctrl-C while models are trained, [`progress`] shows how far they are. [`shell`] is the command `ziln`.
//!
//! Without feature `python` there is nothing here: the tests of this package take in the files that they test, and have
//! no interpreter.
#![cfg(feature = "python")]

mod allocator;
mod capsules;
mod documentation;
mod foreign;
mod interrupts;
mod model_views;
mod networks;
mod passes;
mod plugins;
mod progress;

use std::ffi::OsString;

use pyo3::prelude::*;

#[pymodule]
fn _ziln(module: &Bound<'_, PyModule>) -> PyResult<()> {
    allocator::give_memory_back_soon();
    interrupts::listen(module.py())?;
    progress::show();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_function(wrap_pyfunction!(training_options, module)?)?;
    module.add_function(wrap_pyfunction!(newton_options, module)?)?;
    module.add_function(wrap_pyfunction!(networks::network_model, module)?)?;
    module.add_function(wrap_pyfunction!(networks::network_parts, module)?)?;
    module.add_function(wrap_pyfunction!(passes::session_passes, module)?)?;
    module.add_class::<passes::SessionPasses>()?;
    module.add_function(wrap_pyfunction!(shell, module)?)?;
    module.add_class::<capsules::ScalarFunction>()?;
    module.add_class::<capsules::AggregateFunction>()?;
    module.add_class::<documentation::FunctionDocumentation>()?;
    module.add_function(wrap_pyfunction!(capsules::scalar_functions, module)?)?;
    module.add_function(wrap_pyfunction!(capsules::model_function, module)?)?;
    module.add_function(wrap_pyfunction!(capsules::aggregate_functions, module)?)?;
    #[cfg(debug_assertions)]
    module.add_function(wrap_pyfunction!(capsules::panicking_aggregate, module)?)?;
    Ok(())
}

/// Name, default, range and purpose of every training option.
#[pyfunction]
fn training_options() -> Vec<(&'static str, String, String, &'static str)> {
    ziln::fit::OPTIONS
        .iter()
        .map(|option| (option.name, option.default(), option.range.to_string(), option.purpose))
        .collect()
}

/// The names of the options of the exact solver.
#[pyfunction]
fn newton_options() -> Vec<&'static str> {
    ziln::fit::newton_option_names()
}

/// Runs the SQL shell with the arguments of a command line, and returns the exit code.
#[pyfunction]
fn shell(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| ziln::shell::main(arguments))
}
