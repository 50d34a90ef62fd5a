//! What the engine of the cluster would get wrong, or fail at obscurely: refused before a query runs.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::plan_err;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, ScalarUDF};
use datafusion_distributed::DistributedConfig;

/// The functions that workers have, too.
pub(crate) type Functions = HashMap<String, Arc<ScalarUDF>>;

/// Refuses settings with which the engine's planner has other rows than without, or of which it is not known.
pub(crate) fn check_settings(options: &ConfigOptions) -> Result<()> {
    if options.optimizer.enable_physical_uncorrelated_scalar_subquery {
        return refused_setting(
            "datafusion.optimizer.enable_physical_uncorrelated_scalar_subquery",
            "false",
        );
    }
    if options.optimizer.preserve_file_partitions != 0 {
        return refused_setting("datafusion.optimizer.preserve_file_partitions", "0");
    }
    let engine = DistributedConfig::from_config_options(options)?;
    if engine.dynamic_task_count {
        return refused_setting("distributed.dynamic_task_count", "false");
    }
    if engine.partial_reduce {
        return refused_setting("distributed.partial_reduce", "false");
    }
    Ok(())
}

fn refused_setting(name: &str, value: &str) -> Result<()> {
    plan_err!("on a cluster, {name} may give other rows: SET {name} = {value}")
}

/// Refuses subqueries that did not become joins, which the engine does not plan.
pub(crate) fn check_subqueries(plan: &LogicalPlan) -> Result<()> {
    each_expression(plan, |expr| match expr {
        Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) => plan_err!(
            "a cluster does not run this subquery: {expr}. In the arguments of an aggregate, put it into FROM: FROM \
             customers CROSS JOIN (SELECT ...) AS s"
        ),
        _ => Ok(()),
    })
}

/// Refuses functions that workers do not have.
pub(crate) fn check_functions(plan: &LogicalPlan, functions: &Functions) -> Result<()> {
    each_expression(plan, |expr| match expr {
        Expr::ScalarFunction(call) => check_function(&call.func, functions),
        _ => Ok(()),
    })
}

/// Checks each expression of a plan, and each within it.
pub(crate) fn each_expression(
    plan: &LogicalPlan,
    check: impl Fn(&Expr) -> Result<()>,
) -> Result<()> {
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                check(expr)?;
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(())
}

/// Refuses functions of this session alone, which `CREATE FUNCTION` makes.
fn check_function(function: &ScalarUDF, functions: &Functions) -> Result<(), DataFusionError> {
    let name = function.name();
    match functions.get(name) {
        Some(known) if is_same(known, function) => Ok(()),
        _ => plan_err!(
            "function {name} is one of this session, and workers do not have it: join with the table of its model, and \
             write ziln_expected_ltv(ziln_predict(model, features))"
        ),
    }
}

/// Whether workers, which know a function by its name, mean the same one. (Those of the engine change with settings, which
/// workers have as well; those of ziln, also of models, are all of one type.)
fn is_same(known: &ScalarUDF, function: &ScalarUDF) -> bool {
    let type_of = |function: &ScalarUDF| {
        let inner: &dyn Any = function.inner().as_ref();
        inner.type_id()
    };
    known == function || (type_of(known) == type_of(function) && !known.name().starts_with("ziln_"))
}
