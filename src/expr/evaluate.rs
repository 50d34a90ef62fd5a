//! `evaluate(label, params [, weight])`.

use std::borrow::Cow;

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::error::wrong_arity;
use super::number::Number;
use super::params::{PLACES, ParamsArgument};
use super::record::{record_series, record_type};
use super::result::Shape;
use super::rows::{Part, Rows, in_chunks, read_weight};
use crate::math::Column;
use crate::metrics::{self, Evaluation, Scored};

pub(super) const FUNCTION: Function =
    Function::aggregate("ziln_evaluate", evaluate, record_type::<Evaluation>);

const NAME: &str = FUNCTION.name;
const USAGE: &str = "ziln_evaluate(label, params [, weight]) with params one struct or list, or three numbers \
                     logit, mu, raw_sigma";

/// Every metric of predictions, as a struct in one row.
///
/// `inputs` are `label`, the params in any of their three forms, and `weight`, which may be left out. Rows that are
/// NULL in any input are skipped.
///
/// # Errors
/// Where an input is of a type that the function does not take, or a weight is negative or not finite.
pub fn evaluate(inputs: &[Series]) -> PolarsResult<Series> {
    let [label, ..] = inputs else { return Err(wrong_arity(NAME, USAGE, inputs.len())) };
    let rows = Shape::try_new(NAME, inputs)?.rows();
    let pieces =
        in_chunks(inputs, rows).iter().map(Piece::try_new).collect::<PolarsResult<Vec<Piece>>>()?;
    let columns: Vec<Columns<'_>> = pieces.iter().map(Piece::columns).collect();
    let scored: Vec<Scored<'_>> =
        pieces.iter().zip(&columns).map(|(piece, columns)| columns.scored(piece)).collect();
    record_series(label.name().clone(), vec![Some(metrics::evaluate(&scored))])
}

/// The arguments in some of the rows.
struct Piece {
    label: Number,
    params: ParamsArgument,
    weight: Option<Number>,
    rows: Rows,
}

/// The values of a piece in the rows that count, copied only where the core cannot read them in place.
struct Columns<'a> {
    label: Cow<'a, [f64]>,
    params: [Cow<'a, [f64]>; PLACES],
    weight: Option<Cow<'a, [f64]>>,
}

impl Piece {
    fn try_new(part: &Part) -> PolarsResult<Self> {
        let (label, params, weight) = match part.inputs.as_slice() {
            [label, params @ ..] if matches!(params.len(), 1 | 3) => (label, params, None),
            [label, params @ .., weight] if matches!(params.len(), 1 | 3) => {
                (label, params, Some(weight))
            }
            _ => return Err(wrong_arity(NAME, USAGE, part.inputs.len())),
        };
        let rows = part.rows;
        let label = Number::try_new(NAME, "label", label)?;
        let params = ParamsArgument::try_new(NAME, USAGE, params)?;
        let weight = read_weight(NAME, weight, part.start, rows)?;
        let numbers = std::iter::once(&label).chain(params.numbers()).chain(&weight);
        let rows = Rows::complete(rows, numbers);
        Ok(Self { label, params, weight, rows })
    }

    fn columns(&self) -> Columns<'_> {
        Columns {
            label: self.rows.doubles(&self.label),
            params: self.params.numbers().each_ref().map(|number| self.rows.doubles(number)),
            weight: self.weight.as_ref().map(|weight| self.rows.doubles(weight)),
        }
    }
}

impl Columns<'_> {
    fn scored(&self, piece: &Piece) -> Scored<'_> {
        let params = self.params.each_ref().map(|column| Column::F64(column));
        Scored {
            label: &self.label,
            params: piece.params.params_of(params),
            weight: self.weight.as_deref(),
        }
    }
}
