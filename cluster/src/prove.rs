//! Whether a plan that was cut into stages has the rows of the plan that was cut.
//!
//! Each node of a stage runs in every task of it. Where there are several, that is right only if what the node reads is dealt
//! to them as it requires: what needs all rows must not see a part of them, and what sees all of them must not count twice.
//! A plan of which this cannot be shown is not sent to workers.

use std::fmt::Display;
use std::sync::Arc;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{JoinType, Result};
use datafusion::physical_expr::Partitioning;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, PartitionMode,
};
use datafusion::physical_plan::limit::{GlobalLimitExec, LocalLimitExec};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::union::{InterleaveExec, UnionExec};
use datafusion::physical_plan::{Distribution, ExecutionPlan, ExecutionPlanProperties};
use datafusion_distributed::{
    BroadcastExec, DistributedExec, DistributedLeafExec, NetworkBoundary, NetworkBoundaryExt,
    NetworkBroadcastExec, NetworkCoalesceExec, NetworkShuffleExec,
};

type Plan = Arc<dyn ExecutionPlan>;

/// A union of the engine, each of whose inputs has tasks of its own. (Its type is not public.)
const ISOLATING_UNION: &str = "ChildrenIsolatorUnionExec";

/// Why a plan may have other rows.
type Flaw = String;

/// How the rows of a node are spread over the tasks of its stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spread {
    /// Each row is in one task.
    Dealt,
    /// Each row is in one task, and rows of equal keys are in the same partition of the same task. (Which keys, the node's
    /// partitioning says.)
    ByKey,
    /// Every task has all rows.
    Everywhere,
}

/// What is known of the rows of a node.
#[derive(Debug, Clone, Copy)]
struct Rows {
    spread: Spread,
    /// Rows beyond so many were left out in each partition: only a limit above makes that right.
    cut: Option<usize>,
}

/// Why a plan of the engine may have other rows than one that is not cut; none where it has the same.
pub(crate) fn flaw(plan: &Plan) -> Result<Option<Flaw>> {
    let mut flaw = None;
    plan.apply(|node| {
        if !node.is::<DistributedExec>() {
            return Ok(TreeNodeRecursion::Continue);
        }
        flaw = node.children().into_iter().find_map(|stage| match rows(stage, 1) {
            Ok(Rows { cut: Some(limit), .. }) => {
                Some(format!("a limit of {limit} is kept by each partition alone"))
            }
            Ok(_) => None,
            Err(found) => Some(found),
        });
        Ok(TreeNodeRecursion::Stop)
    })?;
    Ok(flaw)
}

/// The rows of a node in a stage of so many tasks.
fn rows(node: &Plan, tasks: usize) -> Result<Rows, Flaw> {
    if let Some(boundary) = node.as_network_boundary() {
        return received(node, boundary, tasks);
    }
    if node.name() == ISOLATING_UNION {
        return united(node, tasks);
    }
    let children = node.children();
    let inputs = children.iter().map(|child| rows(child, tasks)).collect::<Result<Vec<_>, _>>()?;
    for ((child, input), requirement) in
        children.iter().zip(&inputs).zip(node.input_distribution_requirements().into_per_child())
    {
        if !has_required(child, input.spread, &requirement, tasks) {
            return refuse(node, "does not get its rows as it requires them", tasks);
        }
    }
    let spread = spread(node, &inputs, tasks)?;
    let cut = cut(node, &inputs, tasks)?;
    if spread == Spread::Everywhere && cut.is_some() {
        return refuse(node, "has a limit, and each task may choose other rows", tasks);
    }
    Ok(Rows { spread, cut })
}

fn refuse<T>(node: &Plan, what: impl Display, tasks: usize) -> Result<T, Flaw> {
    Err(format!("{} in {tasks} tasks {what}", node.name()))
}

/// Whether the rows of a child are where a node needs them.
fn has_required(child: &Plan, spread: Spread, requirement: &Distribution, tasks: usize) -> bool {
    let partitioning = child.output_partitioning();
    match requirement {
        Distribution::UnspecifiedDistribution => true,
        Distribution::SinglePartition => {
            partitioning.partition_count() == 1 && (tasks == 1 || spread == Spread::Everywhere)
        }
        by_key => {
            let partitioning = match partitioning {
                _ if tasks == 1 => partitioning.clone(),
                // One partition has every key, but here there is one in every task.
                Partitioning::Hash(keys, partitions) if spread == Spread::ByKey => {
                    Partitioning::Hash(keys.clone(), partitions * tasks)
                }
                _ => return false,
            };
            partitioning.satisfaction(by_key, child.equivalence_properties(), true).is_satisfied()
        }
    }
}

/// How the rows of a node are spread, by those that it reads.
fn spread(node: &Plan, inputs: &[Rows], tasks: usize) -> Result<Spread, Flaw> {
    use Spread::{ByKey, Dealt, Everywhere};

    let leaf: Option<&DistributedLeafExec> = node.downcast_ref();
    if leaf.is_some_and(|leaf| leaf.variants().len() != tasks) {
        return refuse(node, "is dealt to another number", tasks);
    }
    if tasks == 1 || leaf.is_some() {
        return Ok(Dealt);
    }
    let spreads: Vec<Spread> = inputs.iter().map(|input| input.spread).collect();
    match spreads.as_slice() {
        [] => Ok(Everywhere),
        [Everywhere] if is_row_by_row(node) => Ok(Everywhere),
        [Everywhere] => refuse(node, "gets all rows in each", tasks),
        // Its partitions are those of its task.
        [_] if node.is::<RepartitionExec>() => Ok(Dealt),
        [input] => Ok(*input),
        [Everywhere, right @ (Dealt | ByKey)] if is_safe_join(node) => Ok(*right),
        all if requires_keys(node) && all.iter().all(|input| *input == ByKey) => Ok(ByKey),
        all if node.is::<UnionExec>() && !all.contains(&Everywhere) => Ok(Dealt),
        _ => refuse(node, format_args!("has inputs that do not fit: {spreads:?}"), tasks),
    }
}

/// Whether a node does the same to the same rows, whatever their order.
fn is_row_by_row(node: &Plan) -> bool {
    node.is::<CoalescePartitionsExec>()
        || node.is::<ProjectionExec>()
        || node.is::<CooperativeExec>()
}

/// Whether a node joins rows of equal keys, or keeps together those that its inputs do.
fn requires_keys(node: &Plan) -> bool {
    let is_key = |requirement: &Distribution| {
        !matches!(
            requirement,
            Distribution::UnspecifiedDistribution | Distribution::SinglePartition
        )
    };
    node.is::<InterleaveExec>()
        || node.input_distribution_requirements().into_per_child().iter().all(is_key)
}

/// Whether a join returns each row once where its left side is the same in all tasks and its right side is dealt.
fn is_safe_join(node: &Plan) -> bool {
    let of_type = |join_type: &JoinType| {
        use JoinType::{Inner, Right, RightAnti, RightMark, RightSemi};
        matches!(join_type, Inner | Right | RightAnti | RightMark | RightSemi)
    };
    if let Some(join) = node.downcast_ref::<HashJoinExec>() {
        return *join.partition_mode() == PartitionMode::CollectLeft
            && !join.null_aware
            && of_type(join.join_type());
    }
    match node.downcast_ref::<NestedLoopJoinExec>() {
        Some(join) => of_type(join.join_type()),
        None => node.is::<CrossJoinExec>(),
    }
}

/// By which limit rows are left out that only another one above may do without.
fn cut(node: &Plan, inputs: &[Rows], tasks: usize) -> Result<Option<usize>, Flaw> {
    let below = inputs.iter().filter_map(|input| input.cut).min();
    let limit = match node.downcast_ref::<GlobalLimitExec>() {
        Some(limit) => limit.fetch().map(|fetch| fetch.saturating_add(limit.skip())),
        None => node.fetch(),
    };
    let is_whole = tasks == 1 && node.output_partitioning().partition_count() == 1;
    match (below, limit) {
        (None, limit) => Ok(limit.filter(|_| !is_whole)),
        (Some(below), Some(limit)) if limit <= below && is_whole && keeps_all(node) => Ok(None),
        (Some(below), limit) if keeps_all(node) => {
            Ok(Some(limit.map_or(below, |limit| limit.min(below))))
        }
        (Some(below), _) => {
            refuse(node, format_args!("reads rows that were limited to {below}"), tasks)
        }
    }
}

/// Whether a node, but for its limit, returns the rows that it reads.
fn keeps_all(node: &Plan) -> bool {
    is_row_by_row(node)
        || node.is::<SortPreservingMergeExec>()
        || node.is::<GlobalLimitExec>()
        || node.is::<LocalLimitExec>()
        || node.is::<UnionExec>()
        || node.is::<InterleaveExec>()
        || matches!(node.downcast_ref::<RepartitionExec>(), Some(node) if !is_hash(node.partitioning()))
}

fn is_hash(partitioning: &Partitioning) -> bool {
    matches!(partitioning, Partitioning::Hash(..))
}

/// The rows that a stage of so many tasks gets of the one below.
fn received(node: &Plan, boundary: &dyn NetworkBoundary, tasks: usize) -> Result<Rows, Flaw> {
    let stage = boundary.input_stage();
    let Some(below) = stage.local_plan() else {
        return refuse(node, "has no stage below", tasks);
    };
    let senders = stage.task_count();
    let Rows { spread, cut } = rows(below, senders)?;
    if senders == 0 || (senders > 1 && spread == Spread::Everywhere) {
        return refuse(
            node,
            format_args!("gets rows as often as there are tasks below, {senders}"),
            tasks,
        );
    }
    if receivers(node, below) != Some(tasks) {
        return refuse(node, "is one of another number of tasks", tasks);
    }
    let is_coalesce = node.is::<NetworkCoalesceExec>();
    if !is_coalesce && let Some(limit) = cut {
        return refuse(node, format_args!("gets rows that were limited to {limit}"), tasks);
    }
    let is_broadcast = node.is::<NetworkBroadcastExec>();
    let spread = match (is_broadcast && tasks > 1, is_coalesce) {
        (true, _) => Spread::Everywhere,
        (false, true) => Spread::Dealt,
        (false, false) => Spread::ByKey,
    };
    Ok(Rows { spread, cut })
}

/// To how many tasks a stage sends its rows: each has its own share of the partitions.
fn receivers(node: &Plan, below: &Plan) -> Option<usize> {
    let (sent, received) = (
        below.output_partitioning().partition_count(),
        node.output_partitioning().partition_count(),
    );
    let is_whole = received > 0 && sent % received == 0;
    if node.is::<NetworkShuffleExec>() {
        let below: &RepartitionExec = below.downcast_ref()?;
        return (is_whole && is_hash(below.partitioning())).then_some(sent / received);
    }
    if node.is::<NetworkBroadcastExec>() {
        return (is_whole && below.is::<BroadcastExec>()).then_some(sent / received);
    }
    node.is::<NetworkCoalesceExec>().then_some(1)
}

/// The rows of a union each of whose inputs has tasks of its own.
fn united(node: &Plan, tasks: usize) -> Result<Rows, Flaw> {
    let mut cut: Option<usize> = None;
    for child in node.children() {
        let own = own_tasks(child).unwrap_or(if has_union(child) { tasks } else { 1 });
        let input = rows(child, own)?;
        if own > tasks || (own > 1 && input.spread == Spread::Everywhere) {
            return refuse(node, format_args!("has an input in {own}"), tasks);
        }
        cut = cut.into_iter().chain(input.cut).min();
    }
    Ok(Rows { spread: Spread::Dealt, cut })
}

/// The number of tasks of a part of a stage, by the leaves that it has.
fn own_tasks(node: &Plan) -> Option<usize> {
    if node.name() == ISOLATING_UNION {
        return None;
    }
    if let Some(boundary) = node.as_network_boundary() {
        return receivers(node, boundary.input_stage().local_plan()?);
    }
    if let Some(leaf) = node.downcast_ref::<DistributedLeafExec>() {
        return Some(leaf.variants().len());
    }
    node.children().into_iter().find_map(own_tasks)
}

fn has_union(node: &Plan) -> bool {
    node.name() == ISOLATING_UNION
        || (!node.is_network_boundary() && node.children().into_iter().any(has_union))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]

    use datafusion::execution::SessionStateBuilder;
    use datafusion::prelude::{SessionConfig, SessionContext};
    use datafusion_distributed::{DistributedExt, SessionStateBuilderExt, WorkerResolver};
    use url::Url;

    use super::*;
    use crate::planner::Whole;
    use crate::spread::spread;

    /// Two workers that nobody asks, as plans are only made.
    struct Two;

    impl WorkerResolver for Two {
        fn get_urls(&self) -> Result<Vec<Url>> {
            let url = |port| Url::parse(&format!("http://127.0.0.1:{port}")).expect("a URL");
            Ok(vec![url(1), url(2)])
        }
    }

    /// A session with the engine as it is, or with what it is given here.
    fn session(is_gathered: bool) -> Result<SessionContext> {
        let config = SessionConfig::new().with_target_partitions(1);
        let mut state = SessionStateBuilder::new()
            .with_config(config)
            .with_default_features()
            .with_distributed_worker_resolver(Two)
            .with_distributed_scale_up_leaf_node_handler(spread)
            .with_distributed_file_scan_config_bytes_per_partition(1)?;
        if is_gathered {
            state = state.with_query_planner(Arc::new(Whole));
        }
        Ok(SessionContext::new_with_state(state.with_distributed_planner().build())
            .enable_url_table())
    }

    /// The engine runs what needs all rows in each task, over its part of them.
    #[tokio::test]
    async fn what_would_have_other_rows_is_found() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let table = format!("'{}/'", folder.path().display());
        for file in 0..2 {
            let copy = format!(
                "COPY (SELECT value AS id FROM range(0, 9)) TO '{}/{file}.parquet'",
                folder.path().display()
            );
            SessionContext::new().sql(&copy).await?.collect().await?;
        }
        let beside = [
            format!("SELECT sum(id) AS n FROM {table}"),
            format!("SELECT id AS n FROM {table} LIMIT 3"),
            format!("SELECT id AS n FROM {table} ORDER BY id LIMIT 3"),
            format!("SELECT sum(id) OVER () AS n FROM {table}"),
        ];
        for query in beside {
            let sql = format!("SELECT c.id, b.n FROM {table} c CROSS JOIN ({query}) b");
            for is_gathered in [false, true] {
                let plan = session(is_gathered)?.sql(&sql).await?.create_physical_plan().await?;
                let found = flaw(&plan)?;
                assert!(plan.exists(|node| Ok(node.is_network_boundary()))?, "{query}");
                assert_eq!(found.is_none(), is_gathered, "{query}: {found:?}");
            }
        }
        Ok(())
    }
}
