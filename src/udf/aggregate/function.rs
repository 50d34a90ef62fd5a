//! DataFusion's aggregate function, made of what differs from one to the next.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::AggregateOrderSensitivity;
use datafusion_expr::{Accumulator, AggregateUDFImpl, Documentation, GroupsAccumulator, Signature};
use datafusion_physical_expr_common::physical_expr::PhysicalExpr;

use super::GroupState;
use super::accumulators::{ManyGroups, OneGroup};
use crate::udf::error::refuse_distinct;
use crate::udf::guard::guarded;
use crate::udf::signature::listing;

/// The arguments of a call.
#[derive(Debug)]
pub(in crate::udf) struct Call<'a> {
    /// Their types.
    pub types: Vec<DataType>,
    /// What they are computed from: constants can be read.
    pub expressions: &'a [Arc<dyn PhysicalExpr>],
}

/// An aggregate function: what differs from one to the next.
pub(in crate::udf) trait AggregateFunction:
    Debug + PartialEq + Eq + Hash + Send + Sync + 'static
{
    /// The function's name in SQL.
    const NAME: &'static str;

    /// What a call keeps for its groups.
    type State: GroupState;

    /// The argument types of the calls that `SHOW FUNCTIONS` lists.
    fn calls() -> Vec<Vec<DataType>>;

    /// The type of the result, of arguments of these types.
    fn return_type(types: &[DataType]) -> Result<DataType>;

    /// The value of no row.
    fn default_value() -> Result<ScalarValue>;

    /// The fields of a state, of arguments of these types; `name` is what the query calls the aggregate.
    fn state_fields(name: &str, types: &[DataType]) -> Result<Vec<FieldRef>>;

    /// The state of a call without a group.
    fn state(&self, call: &Call<'_>) -> Result<Self::State>;

    /// What `SHOW FUNCTIONS` says.
    fn documentation(&self) -> Option<&Documentation>;
}

/// An [`AggregateFunction`] as DataFusion's. A panic in whatever it is asked is an error.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::udf) struct Aggregate<F> {
    function: F,
    signature: Signature,
}

impl<F: AggregateFunction> Aggregate<F> {
    /// The function as DataFusion's.
    pub fn of(function: F) -> Self {
        Self { function, signature: listing(F::calls()) }
    }
}

fn types_of(fields: &[FieldRef]) -> Vec<DataType> {
    fields.iter().map(|field| field.data_type().clone()).collect()
}

impl<F: AggregateFunction> Aggregate<F> {
    fn state(&self, args: &AccumulatorArgs) -> Result<F::State> {
        guarded(F::NAME, || {
            refuse_distinct(F::NAME, args.is_distinct)?;
            let types = types_of(args.expr_fields);
            self.function.state(&Call { types, expressions: args.exprs })
        })
    }
}

impl<F: AggregateFunction> AggregateUDFImpl for Aggregate<F> {
    fn name(&self) -> &str {
        F::NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        guarded(F::NAME, || F::return_type(arg_types))
    }

    fn default_value(&self, _data_type: &DataType) -> Result<ScalarValue> {
        guarded(F::NAME, F::default_value)
    }

    /// However the rows are ordered, the value is the same.
    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        guarded(F::NAME, || F::state_fields(args.name, &types_of(args.input_fields)))
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(OneGroup::new(F::NAME, self.state(&args)?)))
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(ManyGroups::new(F::NAME, self.state(&args)?)))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.function.documentation()
    }
}
