//! What the documentation of a SQL function says, for the reference pages.

use datafusion_expr::Documentation;
use pyo3::prelude::*;

/// What `SHOW FUNCTIONS` and the reference say of a function: the fields of DataFusion's `Documentation`.
#[pyclass(frozen, get_all, module = "ziln._ziln")]
pub(crate) struct FunctionDocumentation {
    /// What the function returns.
    description: String,
    /// The ways to call it, the usual one first.
    syntax: Vec<String>,
    /// Names and descriptions of the arguments.
    arguments: Vec<(String, String)>,
    /// Queries after the prompt `> ` and what they print.
    example: String,
    /// Names of functions to look at as well.
    related: Vec<String>,
}

impl From<&Documentation> for FunctionDocumentation {
    fn from(documentation: &Documentation) -> Self {
        let others = documentation.alternative_syntax.iter().flatten();
        Self {
            description: documentation.description.clone(),
            syntax: std::iter::once(&documentation.syntax_example).chain(others).cloned().collect(),
            arguments: documentation.arguments.clone().unwrap_or_default(),
            example: documentation.sql_example.clone().unwrap_or_default(),
            related: documentation.related_udfs.clone().unwrap_or_default(),
        }
    }
}
