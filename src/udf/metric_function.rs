//! What the metrics share: aggregates of labels and predictions that need all rows of a group.

use std::borrow::Cow;
use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Float64Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::AggregateOrderSensitivity;
use datafusion_expr::{
    Accumulator, AggregateUDFImpl, ColumnarValue, Documentation, GroupsAccumulator, Signature,
};
use rayon::prelude::*;

use super::constant::{constant, option_value};
use super::error::{refuse_distinct, refuse_plan};
use super::number::doubles_with_nan;
use super::params::{ParamsArgument, params_type};
use super::rows::accumulator::{BatchRows, RowAccumulator, RowAggregate, RowGroupsAccumulator};
use super::rows::{ColumnKind, GroupedRows, RowColumn, RowSchema};
use super::signature::listing;
use super::types::refs;
use super::weight::read_weight;
use crate::call::buckets;
use crate::call::metric::{MetricCall, Predicted, Trailing};
use crate::math::params_from_logits;
use crate::metrics::DEFAULT_BUCKETS;

/// Rows of one group: all of them, or a piece.
#[derive(Debug)]
pub(super) struct MetricRows<'a> {
    /// The labels.
    pub label: Cow<'a, [f64]>,
    /// The predicted amounts, or the logits, mus and sigmas.
    pub predicted: Vec<Cow<'a, [f64]>>,
    /// The weights, if the call has any.
    pub weight: Option<Cow<'a, [f64]>>,
    /// How many buckets are asked for.
    pub buckets: usize,
}

/// All rows of one group, of a metric of predicted amounts.
#[derive(Debug)]
pub(super) struct WholeRows<'a> {
    /// The labels.
    pub label: Cow<'a, [f64]>,
    /// The predicted amounts.
    pub prediction: Cow<'a, [f64]>,
    /// The weights, if the call has any.
    pub weight: Option<Cow<'a, [f64]>>,
}

impl MetricRows<'_> {
    /// The rows of all pieces, copied if there are several.
    pub(super) fn whole<'a>(pieces: &'a [MetricRows<'_>]) -> WholeRows<'a> {
        let label = concat(pieces.iter().map(|piece| piece.label.as_ref()));
        let prediction = concat(pieces.iter().map(|piece| piece.predicted[0].as_ref()));
        let weight: Option<Vec<&[f64]>> =
            pieces.iter().map(|piece| piece.weight.as_deref()).collect();
        let weight = weight.map(|weight| concat(weight.into_iter()));
        WholeRows { label, prediction, weight }
    }
}

fn concat<'a>(mut pieces: impl Iterator<Item = &'a [f64]>) -> Cow<'a, [f64]> {
    let first = pieces.next().unwrap_or_default();
    pieces.fold(Cow::Borrowed(first), |mut all, piece| {
        all.to_mut().extend_from_slice(piece);
        all
    })
}

/// A metric: what differs from one to the next.
pub(super) trait MetricFunction:
    Debug + Default + PartialEq + Eq + Hash + Send + Sync + 'static
{
    /// Its name and its arguments.
    const CALL: MetricCall;
    /// The function's name in SQL.
    const NAME: &'static str = Self::CALL.name;
    /// How it is called.
    const USAGE: &'static str = Self::CALL.usage;
    /// What it compares labels with.
    const PREDICTED: Predicted = Self::CALL.predicted;
    /// What may follow.
    const TRAILING: Trailing = Self::CALL.trailing;

    /// The value for a group.
    type Value: Send;

    /// The type of the result.
    fn return_type() -> DataType;

    /// Calls the core with the rows of a group, in pieces; without a row there may be no piece.
    fn compute(pieces: &[MetricRows<'_>]) -> Self::Value;

    /// The results of all groups.
    fn collect(values: Vec<Self::Value>) -> Result<ArrayRef>;

    /// What `SHOW FUNCTIONS` says.
    fn documentation(&self) -> Option<&Documentation>;
}

/// A [`MetricFunction`] as an aggregate function of DataFusion.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct MetricUdaf<F> {
    function: F,
    signature: Signature,
}

impl<F: MetricFunction> Default for MetricUdaf<F> {
    fn default() -> Self {
        Self { function: F::default(), signature: signature::<F>() }
    }
}

/// Label and what is predicted, with and without what may follow.
fn signature<F: MetricFunction>() -> Signature {
    let predicted = match F::PREDICTED {
        Predicted::Amount => DataType::Float64,
        Predicted::Params => params_type(),
    };
    let short = vec![DataType::Float64, predicted];
    let with = |last: DataType| [short.as_slice(), &[last]].concat();
    listing(match F::TRAILING {
        Trailing::Nothing => vec![short],
        Trailing::Weight => vec![short.clone(), with(DataType::Float64)],
        Trailing::Buckets => vec![short.clone(), with(DataType::Int64)],
    })
}

impl<F: MetricFunction> AggregateUDFImpl for MetricUdaf<F> {
    fn name(&self) -> &str {
        F::NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Call::of_types::<F>(arg_types)?;
        Ok(F::return_type())
    }

    fn default_value(&self, _data_type: &DataType) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&F::collect(vec![F::compute(&[])])?, 0)
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(Call::of_fields::<F>(args.input_fields)?.schema().state_fields(args.name))
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(RowAccumulator::new(metric::<F>(&args)?)))
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(RowGroupsAccumulator::new(metric::<F>(&args)?)))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.function.documentation()
    }
}

fn metric<F: MetricFunction>(args: &AccumulatorArgs) -> Result<Arc<dyn RowAggregate>> {
    refuse_distinct(F::NAME, args.is_distinct)?;
    let call = Call::of_fields::<F>(args.expr_fields)?;
    let buckets = match call.trailing {
        Some(position) if F::TRAILING == Trailing::Buckets => {
            read_buckets(F::NAME, constant(&args.exprs[position]))?
        }
        _ => DEFAULT_BUCKETS,
    };
    Ok(Arc::new(Metric::<F> { call, buckets, function: PhantomData }))
}

fn read_buckets(function: &str, value: Result<ScalarValue, String>) -> Result<usize> {
    let buckets = match value {
        Err(got) => Err(buckets::no_constant(got)),
        Ok(value) => match option_value(&value) {
            Some(value) => buckets::read(&value),
            None => Err(buckets::no_constant(value.data_type().to_string())),
        },
    };
    buckets.map_err(|error| refuse_plan(function, &error))
}

/// Which argument is which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Call {
    predicted: Predicted,
    /// How many arguments say what is predicted.
    predicted_count: usize,
    /// Where the weight or the number of buckets is.
    trailing: Option<usize>,
    has_weight: bool,
}

impl Call {
    fn of_fields<F: MetricFunction>(fields: &[FieldRef]) -> Result<Self> {
        let types: Vec<DataType> = fields.iter().map(|field| field.data_type().clone()).collect();
        Self::of_types::<F>(&types)
    }

    fn of_types<F: MetricFunction>(types: &[DataType]) -> Result<Self> {
        let arguments = F::CALL.arguments(&refs(types));
        let arguments = arguments.map_err(|error| refuse_plan(F::NAME, &error))?;
        Ok(Self {
            predicted: F::PREDICTED,
            predicted_count: arguments.predicted.len(),
            trailing: arguments.weight.or(arguments.buckets),
            has_weight: arguments.weight.is_some(),
        })
    }

    /// How many columns are buffered.
    fn columns(&self) -> usize {
        1 + self.predicted_names().len() + usize::from(self.has_weight)
    }

    fn predicted_names(&self) -> &'static [&'static str] {
        match self.predicted {
            Predicted::Amount => &["prediction"],
            Predicted::Params => &["logit", "mu", "sigma"],
        }
    }

    /// The columns to buffer: label, what is predicted, weight if there is one.
    fn schema(&self) -> RowSchema {
        let weight: &[&str] = if self.has_weight { &["weight"] } else { &[] };
        let names = ["label"].iter().chain(self.predicted_names()).chain(weight);
        RowSchema::new(
            names
                .map(|name| RowColumn { name: (*name).to_string(), kind: ColumnKind::Number })
                .collect(),
        )
    }
}

/// A call of a metric.
#[derive(Debug)]
struct Metric<F> {
    call: Call,
    buckets: usize,
    function: PhantomData<F>,
}

impl<F: MetricFunction> RowAggregate for Metric<F> {
    fn schema(&self) -> RowSchema {
        self.call.schema()
    }

    fn read(&self, values: &[ArrayRef]) -> Result<BatchRows> {
        let label = &values[0];
        let predicted = &values[1..=self.call.predicted_count];
        let mut columns: Vec<ArrayRef> = vec![Arc::new(doubles_with_nan(F::NAME, "label", label)?)];
        let mut nulls = vec![label.logical_nulls()];
        match self.call.predicted {
            Predicted::Amount => {
                let amount = doubles_with_nan(F::NAME, "prediction", &predicted[0])?;
                columns.push(Arc::new(amount));
                nulls.push(predicted[0].logical_nulls());
            }
            Predicted::Params => {
                let (params, params_nulls) = read_params::<F>(predicted, label.len())?;
                columns.extend(params);
                nulls.push(params_nulls);
            }
        }
        if let Some(position) = self.call.trailing.filter(|_| self.call.has_weight) {
            let (weight, counts) = read_weight(F::NAME, &values[position])?;
            nulls.push(Some(counts));
            columns.push(Arc::new(weight));
        }
        let nulls = NullBuffer::union_many(nulls.iter().map(Option::as_ref));
        Ok(BatchRows {
            columns,
            keep: nulls.map(|nulls| BooleanArray::new(nulls.inner().clone(), None)),
        })
    }

    fn evaluate(&self, rows: &GroupedRows) -> Result<ArrayRef> {
        let columns = (0..self.call.columns())
            .map(|column| rows.numbers(column))
            .collect::<Result<Vec<Vec<&[f64]>>>>()?;
        let values = (0..rows.groups()).into_par_iter().map(|group| {
            let columns = columns.iter().map(|column| rows.pieces(column, group));
            F::compute(&self.pieces(columns.collect()))
        });
        F::collect(values.collect())
    }
}

impl<F: MetricFunction> Metric<F> {
    /// The rows of a group, in pieces, from the pieces of every column.
    fn pieces<'a>(&self, columns: Vec<Vec<Cow<'a, [f64]>>>) -> Vec<MetricRows<'a>> {
        let predicted = 1..columns.len() - usize::from(self.call.has_weight);
        let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
        let mut pieces = Vec::new();
        while let Some(label) = columns[0].next() {
            let mut next = |column: usize| columns[column].next().unwrap_or_default();
            pieces.push(MetricRows {
                label,
                predicted: predicted.clone().map(&mut next).collect(),
                weight: self.call.has_weight.then(|| next(predicted.end)),
                buckets: self.buckets,
            });
        }
        pieces
    }
}

/// The params of a batch as three columns, and which rows are NULL.
fn read_params<F: MetricFunction>(
    values: &[ArrayRef],
    rows: usize,
) -> Result<(Vec<ArrayRef>, Option<NullBuffer>)> {
    let values: Vec<ColumnarValue> =
        values.iter().map(|array| ColumnarValue::Array(Arc::clone(array))).collect();
    let params = ParamsArgument::try_new(F::NAME, F::USAGE, &values)?;
    let (mut logit, mut mu, mut sigma) = (vec![0.0; rows], vec![0.0; rows], vec![0.0; rows]);
    params_from_logits(&params.params(), &mut logit, &mut mu, &mut sigma);
    let nulls = match params.is_null_scalar() {
        true => Some(NullBuffer::new_null(rows)),
        false => params.nulls().cloned(),
    };
    let array = |values: Vec<f64>| Arc::new(Float64Array::new(values.into(), None)) as ArrayRef;
    Ok((vec![array(logit), array(mu), array(sigma)], nulls))
}
