//! Progress of training in notebooks; on a terminal [`ziln::shell::progress`] draws it.
//!
//! A thread of its own waits for Python's lock, which training does not.

use pyo3::prelude::*;
use ziln::shell::progress::{self, Standing};

/// Has the trainings of this process shown where option `progress` asks for it.
pub(crate) fn show() {
    progress::show(Some(show_in_notebook));
}

/// Shows it in a notebook, or with `None` no longer. Returns whether there is one.
fn show_in_notebook(standing: Option<&Standing>) -> bool {
    let shown = Python::try_attach(|py| match standing {
        Some(standing) => draw(py, standing),
        None => close(py),
    });
    // What cannot be shown is no reason to disturb what is trained; the next to be trained asks again.
    matches!(shown, Some(Ok(true)))
}

fn draw(py: Python<'_>, standing: &Standing) -> PyResult<bool> {
    let Standing { counted, done, most, loss, .. } = *standing;
    // The bar says itself how long the rest will take.
    py.import("ziln._progress")?.call_method1("draw", (counted.name(), done, most, loss))?.extract()
}

fn close(py: Python<'_>) -> PyResult<bool> {
    py.import("ziln._progress")?.call_method0("close")?;
    Ok(true)
}
