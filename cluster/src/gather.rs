//! Where a plan relies on its rows being in one partition, it says so.
//!
//! With one partition, DataFusion leaves out what brings rows together: an aggregate of all rows, a sort or a limit stands
//! right on a scan. The engine of the cluster deals that scan to its tasks, and would run the node in each of them, over a part
//! of the rows. So what brings rows together is put in again; the engine begins a stage of one task there.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::physical_plan::analyze::AnalyzeExec;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, Distribution, ExecutionPlan, ExecutionPlanProperties,
    ReplaceChildrenOptions,
};

use crate::planner::file_scan;

type Plan = Arc<dyn ExecutionPlan>;

/// The plan, with a node that brings rows together wherever one partition stood for it.
pub(crate) fn gather(plan: Plan) -> Result<Plan> {
    let plan = plan.transform_up(|node| {
        let children: Vec<Plan> = node.children().into_iter().cloned().collect();
        let requirements = node.input_distribution_requirements().into_per_child();
        let mut changed = false;
        let gathered = children.into_iter().zip(requirements).enumerate().map(
            |(index, (child, requirement))| {
                let relies = node.is::<AnalyzeExec>()
                    || !matches!(requirement, Distribution::UnspecifiedDistribution);
                if (relies && is_alone(&child))
                    || (index == 0 && is_limited_build_side(&node, &child))
                {
                    changed = true;
                    together(child, None)
                } else {
                    child
                }
            },
        );
        let gathered = gathered.collect();
        let node = match changed {
            true => node.replace_children(
                gathered,
                ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute),
            )?,
            false => node,
        };
        // A limit of one partition is one of all rows.
        let limit = node.fetch().filter(|_| is_alone(&node));
        Ok(match limit {
            Some(limit) => Transformed::yes(together(node, Some(limit))),
            None if changed => Transformed::yes(node),
            None => Transformed::no(node),
        })
    })?;
    let plan = plan.data;
    Ok(if !plan.is::<AnalyzeExec>() && is_alone(&plan) { together(plan, None) } else { plan })
}

/// The rows of a node in one partition, in the order that they have.
fn together(node: Plan, limit: Option<usize>) -> Plan {
    match node.output_ordering().cloned() {
        Some(order) => Arc::new(SortPreservingMergeExec::new(order, node).with_fetch(limit)),
        None => Arc::new(CoalescePartitionsExec::new(node).with_fetch(limit)),
    }
}

/// Whether a node has one partition, and nothing in its stage brings rows together: dealt to tasks, it would have more.
fn is_alone(node: &Plan) -> bool {
    node.output_partitioning().partition_count() == 1 && !is_gathered(node)
}

/// Whether the stage of a node has one task, by what is below.
fn is_gathered(node: &Plan) -> bool {
    if node.is::<CoalescePartitionsExec>() || node.is::<SortPreservingMergeExec>() {
        return true;
    }
    match node.children().as_slice() {
        [] => file_scan(node).is_none(),
        [child] if !node.is::<RepartitionExec>() => is_gathered(child),
        _ => false,
    }
}

/// Whether each task of a join would choose rows of its own: the engine moves the limit of a build side behind the place
/// where all tasks are sent the same rows.
fn is_limited_build_side(join: &Plan, child: &Plan) -> bool {
    (join.is::<HashJoinExec>() || join.is::<NestedLoopJoinExec>() || join.is::<CrossJoinExec>())
        && child.is::<CoalescePartitionsExec>()
        && child.fetch().is_some()
}
