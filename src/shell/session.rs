//! The session of the shell: DataFusion's, whose settings stay within their [`bounds`].

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::common::config::ConfigFileType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::{SessionState, TaskContext};
use datafusion::logical_expr::{DdlStatement, LogicalPlan, SetVariable, Statement};
use datafusion::object_store::ObjectStore;
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion_cli::cli_context::CliSessionContext;
use url::Url;

use super::bounds;

/// A session that refuses to set a value beyond its bounds, however name and value are written, and keeps the one before. It
/// refuses statements with such a value among their options, too.
pub(super) struct Session(pub(super) SessionContext);

#[async_trait]
impl CliSessionContext for Session {
    fn task_ctx(&self) -> Arc<TaskContext> {
        self.0.task_ctx()
    }

    fn session_state(&self) -> SessionState {
        self.0.state()
    }

    fn register_object_store(
        &self,
        url: &Url,
        store: Arc<dyn ObjectStore>,
    ) -> Option<Arc<dyn ObjectStore>> {
        self.0.register_object_store(url, store)
    }

    fn register_table_options_extension_from_scheme(&self, scheme: &str) {
        self.0.register_table_options_extension_from_scheme(scheme);
    }

    async fn execute_logical_plan(&self, plan: LogicalPlan) -> Result<DataFrame> {
        plan.apply(|part| self.check(part).map(|()| TreeNodeRecursion::Continue))?;
        self.0.execute_logical_plan(plan).await
    }
}

impl Session {
    /// Refuses what would bring a setting, or an option of files, out of its bounds.
    fn check(&self, plan: &LogicalPlan) -> Result<()> {
        match plan {
            LogicalPlan::Statement(Statement::SetVariable(set)) => self.check_setting(set),
            LogicalPlan::Copy(copy) => self.check_files(&copy.file_type.get_ext(), &copy.options),
            LogicalPlan::Ddl(DdlStatement::CreateExternalTable(table)) => {
                self.check_files(&table.file_type, &table.options)
            }
            _ => Ok(()),
        }
    }

    fn check_setting(&self, set: &SetVariable) -> Result<()> {
        let mut options = self.0.state().config_options().as_ref().clone();
        match options.set(&set.variable, &set.value) {
            Ok(()) => bounds::check(&options, str::to_owned),
            // DataFusion says why, or knows the setting elsewhere.
            Err(_) => Ok(()),
        }
    }

    /// Only Parquet files have options with bounds.
    fn check_files(&self, kind: &str, options: &HashMap<String, String>) -> Result<()> {
        if !kind.eq_ignore_ascii_case("parquet") {
            return Ok(());
        }
        let mut of_files = self.0.state().default_table_options();
        of_files.set_config_format(ConfigFileType::PARQUET);
        for (name, value) in options {
            // What is refused is of other files, or DataFusion says why.
            _ = of_files.set(name, value);
        }
        bounds::check_files(&of_files.parquet)
    }
}
