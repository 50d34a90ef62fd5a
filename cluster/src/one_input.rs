//! Nodes of a plan with one input, whose partitions and order they keep.

use std::fmt::{Debug, Formatter};
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};

/// What a node does with the rows of its input.
pub(crate) trait OnRows: Clone + Debug + Send + Sync + 'static {
    const NAME: &'static str;

    /// The node, as plans show it.
    fn shown(&self) -> String {
        Self::NAME.to_owned()
    }

    /// The rows of a partition.
    fn execute(
        &self,
        input: &dyn ExecutionPlan,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream>;
}

/// A node that does so.
#[derive(Debug)]
pub(crate) struct OneInputExec<N> {
    node: N,
    input: Arc<dyn ExecutionPlan>,
}

impl<N> OneInputExec<N> {
    pub(crate) fn new(node: N, input: Arc<dyn ExecutionPlan>) -> Self {
        Self { node, input }
    }
}

impl<N: OnRows> DisplayAs for OneInputExec<N> {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.node.shown())
    }
}

impl<N: OnRows> ExecutionPlan for OneInputExec<N> {
    fn name(&self) -> &'static str {
        N::NAME
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = children.as_slice() else {
            return internal_err!("{}: expected one input, got {}", N::NAME, children.len());
        };
        Ok(Arc::new(Self::new(self.node.clone(), Arc::clone(input))))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        self.node.execute(self.input.as_ref(), partition, context)
    }
}
