//! The functions of Polars' own SQL.

use polars::prelude::{PolarsResult, polars_bail};
use polars_plan::dsl::udf::UserDefinedFunction;
use polars_sql::function_registry::FunctionRegistry;

use super::engine::user_defined;
use crate::expr::function;

/// The functions of Polars' SQL, for `SQLContext::with_function_registry`.
#[derive(Debug, Clone, Copy, Default)]
pub struct SqlFunctions;

impl FunctionRegistry for SqlFunctions {
    fn register(&mut self, name: &str, _function: UserDefinedFunction) -> PolarsResult<()> {
        polars_bail!(SQLInterface: "cannot register '{name}': this registry holds the functions of ziln")
    }

    fn get_udf(&self, name: &str) -> PolarsResult<Option<UserDefinedFunction>> {
        Ok(function(&name.to_lowercase()).map(user_defined))
    }

    fn contains(&self, name: &str) -> bool {
        function(&name.to_lowercase()).is_some()
    }
}
