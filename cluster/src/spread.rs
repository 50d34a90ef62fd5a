//! How the files of a scan are dealt to workers.
//!
//! The engine does so as well, but not where the number of groups is no multiple of that of the workers.

use std::sync::Arc;

use datafusion::catalog::memory::DataSourceExec;
use datafusion::common::Result;
use datafusion::datasource::physical_plan::{FileGroup, FileGroupPartitioner, FileScanConfig};
use datafusion::physical_plan::ExecutionPlan;
use datafusion_distributed::{
    DistributedLeafExec, ScaleUpLeafNodeEvent, ScaleUpLeafNodeEventResponse,
};

/// Deals a scan of files to the tasks of its stage.
pub(crate) fn spread(
    event: ScaleUpLeafNodeEvent<'_>,
) -> Option<Result<ScaleUpLeafNodeEventResponse>> {
    let source: &DataSourceExec = event.plan.downcast_ref()?;
    let scan: &FileScanConfig = source.data_source().downcast_ref()?;
    if event.task_count == 1 {
        let leaf = DistributedLeafExec::try_new(Arc::clone(event.plan), [Arc::clone(event.plan)]);
        return Some(leaf.map(|leaf| ScaleUpLeafNodeEventResponse::new(Arc::new(leaf))));
    }
    let groups = ranges(scan, event.task_count);
    let deals = dealt(&groups, event.task_count).into_iter().map(|groups| {
        let mut scan = scan.clone();
        scan.file_groups = groups;
        DataSourceExec::from_data_source(scan) as Arc<dyn ExecutionPlan>
    });
    let leaf = DistributedLeafExec::try_new(Arc::clone(event.plan), deals);
    Some(leaf.map(|leaf| ScaleUpLeafNodeEventResponse::new(Arc::new(leaf))))
}

/// The groups of a scan, cut into ranges of about equal bytes for so many tasks. (A row group of Parquet is in the range that
/// its middle is in.)
fn ranges(scan: &FileScanConfig, tasks: usize) -> Vec<FileGroup> {
    let cut = FileGroupPartitioner::new()
        .with_target_partitions(scan.file_groups.len().max(1) * tasks)
        .with_repartition_file_min_size(0)
        .with_preserve_order_within_groups(!scan.output_ordering.is_empty());
    // What the groups say of the values in them has to stay true.
    let is_free = scan.output_partitioning.is_none();
    let cut = if is_free { cut.repartition_file_groups(&scan.file_groups) } else { None };
    cut.unwrap_or_else(|| scan.file_groups.clone())
}

/// Groups of files for each of so many tasks, as many to each; some are empty. A group may be in an order, and stays one.
fn dealt(groups: &[FileGroup], tasks: usize) -> Vec<Vec<FileGroup>> {
    let most = groups.len().div_ceil(tasks).max(1);
    let mut deals = vec![Vec::with_capacity(most); tasks];
    for (index, group) in groups.iter().enumerate() {
        deals[index % tasks].push(group.clone());
    }
    for deal in &mut deals {
        deal.resize(most, FileGroup::default());
    }
    deals
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::datasource::listing::PartitionedFile;

    #[test]
    fn each_group_goes_to_one_task() {
        for (groups, tasks) in [(0_u64, 2), (1, 2), (2, 2), (5, 2), (3, 8)] {
            let files = (0..groups).map(|size| PartitionedFile::new(format!("{size}"), size));
            let groups: Vec<FileGroup> = files.map(|file| FileGroup::new(vec![file])).collect();
            let deals = dealt(&groups, tasks);
            assert_eq!(deals.len(), tasks);
            assert!(deals.iter().all(|deal| deal.len() == deals[0].len()));
            let files = deals.iter().flatten().flat_map(FileGroup::files);
            let mut sizes: Vec<u64> = files.map(|file| file.object_meta.size).collect();
            sizes.sort_unstable();
            assert_eq!(sizes, (0..groups.len() as u64).collect::<Vec<_>>());
        }
    }
}
