//! `evaluate(label, params [, weight])`.

use std::borrow::Cow;

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::error::refuse;
use super::number::Number;
use super::params::ParamsArgument;
use super::record::{record_series, record_type};
use super::result::{Shape, name_of};
use super::rows::{CompleteRows, InputChunk, in_chunks, read_weight};
use super::types::types_of;
use crate::call::metric::{EVALUATE, MetricArguments};
use crate::call::params::WIDTH;
use crate::math::Column;
use crate::metrics::{self, Evaluation, Scored};

pub(super) const FUNCTION: Function =
    Function::aggregate(EVALUATE.name, evaluate, record_type::<Evaluation>);

const NAME: &str = FUNCTION.name;
/// Every metric of predictions, as a struct in one row.
///
/// `inputs` are `label`, the params in any of their three forms, and `weight`, which may be left out. Rows that are
/// NULL in any input are skipped.
///
/// # Errors
/// Where an input is of a type that the function does not take, or a weight is negative or not finite.
pub fn evaluate(inputs: &[Series]) -> PolarsResult<Series> {
    let arguments = EVALUATE.arguments(&types_of(inputs));
    let arguments = arguments.map_err(|error| refuse(NAME, &error))?;
    let rows = Shape::try_new(NAME, inputs)?.rows();
    let parts = in_chunks(inputs, rows);
    let pieces = parts.iter().map(|part| Piece::try_new(&arguments, part));
    let pieces = pieces.collect::<PolarsResult<Vec<Piece>>>()?;
    let counted: Vec<CountedRows<'_>> = pieces.iter().map(Piece::counted).collect();
    let scored: Vec<Scored<'_>> =
        pieces.iter().zip(&counted).map(|(piece, rows)| rows.scored(piece)).collect();
    record_series(name_of(inputs), vec![Some(metrics::evaluate(&scored))])
}

/// The arguments in some of the rows.
struct Piece {
    label: Number,
    params: ParamsArgument,
    weight: Option<Number>,
    rows: CompleteRows,
}

/// The values of a piece in the rows that count, copied only where the core cannot read them in place.
struct CountedRows<'a> {
    label: Cow<'a, [f64]>,
    params: [Cow<'a, [f64]>; WIDTH],
    weight: Option<Cow<'a, [f64]>>,
}

impl Piece {
    fn try_new(arguments: &MetricArguments, part: &InputChunk) -> PolarsResult<Self> {
        let rows = part.rows;
        let at = |position: usize| part.inputs.get(position);
        let label = at(0).map_or_else(|| Ok(Number::scalar(None)), Number::of_series)?;
        let params = part.inputs.get(arguments.predicted.clone()).unwrap_or_default();
        let params = ParamsArgument::try_new(NAME, EVALUATE.usage, params)?;
        let weight = read_weight(NAME, arguments.weight.and_then(at), part.start, rows)?;
        let numbers = std::iter::once(&label).chain(params.numbers()).chain(&weight);
        let rows = CompleteRows::complete(rows, numbers);
        Ok(Self { label, params, weight, rows })
    }

    fn counted(&self) -> CountedRows<'_> {
        CountedRows {
            label: self.rows.doubles(&self.label),
            params: self.params.numbers().each_ref().map(|number| self.rows.doubles(number)),
            weight: self.weight.as_ref().map(|weight| self.rows.doubles(weight)),
        }
    }
}

impl CountedRows<'_> {
    fn scored(&self, piece: &Piece) -> Scored<'_> {
        let params = self.params.each_ref().map(|column| Column::F64(column));
        Scored {
            label: &self.label,
            params: piece.params.params_of(params),
            weight: self.weight.as_deref(),
        }
    }
}
