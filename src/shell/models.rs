//! `CREATE FUNCTION name() RETURN (SELECT model ...)`: a model as a function of its own.

use std::sync::Arc;

use crate::model::Model;
use async_trait::async_trait;
use datafusion::common::{exec_err, plan_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::context::{FunctionFactory, RegisterFunction, SessionState};
use datafusion::logical_expr::{CreateFunction, LogicalPlanBuilder};
use datafusion::physical_plan::collect;
use datafusion::scalar::ScalarValue;

/// Makes functions of models. The body of the statement is an expression or a subquery that is evaluated once; what comes
/// is the text of the model.
#[derive(Debug)]
pub(crate) struct ModelFunctions;

#[async_trait]
impl FunctionFactory for ModelFunctions {
    async fn create(
        &self,
        state: &SessionState,
        statement: CreateFunction,
    ) -> Result<RegisterFunction> {
        let name = statement.name;
        let usage = format!("expected CREATE FUNCTION {name}() RETURN (SELECT model FROM ...)");
        if statement.args.is_some_and(|arguments| !arguments.is_empty()) {
            return plan_err!("{usage}, got arguments: they are the features of the model");
        }
        let Some(body) = statement.params.function_body else {
            return plan_err!("{usage}, got no body");
        };
        if !statement.or_replace && state.scalar_functions().contains_key(&name) {
            return plan_err!("function {name} exists; CREATE OR REPLACE FUNCTION replaces it");
        }
        let plan = LogicalPlanBuilder::empty(true).project([body.alias("model")])?.build()?;
        let plan = state.create_physical_plan(&plan).await?;
        let batches = collect(plan, state.task_ctx()).await?;
        let batch = batches.iter().find(|batch| batch.num_rows() > 0);
        let value =
            batch.map(|batch| ScalarValue::try_from_array(batch.column(0), 0)).transpose()?;
        match value.as_ref().map(|value| (value.try_as_str(), value.data_type())) {
            Some((Some(Some(text)), _)) => {
                let model = Model::from_json(text).map_err(|error| {
                    DataFusionError::Execution(format!("CREATE FUNCTION {name}: {error}"))
                })?;
                let function = crate::udf::model_function(&name, &model);
                Ok(RegisterFunction::Scalar(Arc::new(function)))
            }
            Some((None, got)) => plan_err!("{usage}, got a body of type {got}"),
            Some((Some(None), _)) | None => {
                exec_err!("CREATE FUNCTION {name}: expected the text of a model, got NULL")
            }
        }
    }
}
