//! `evaluate(label, params [, weight] [, options])`.

use std::borrow::Cow;

use polars::prelude::{PolarsResult, Series};

use super::Function;
use super::error::refuse;
use super::number::Number;
use super::options;
use super::params::ParamsArgument;
use super::record::{record_series, record_type};
use super::result::{ResultShape, name_of};
use super::rows::{CompleteRows, InputChunk, in_chunks, read_weight};
use super::types::types_of;
use crate::call::evaluate::{SampledRows, ScoredChunk, ScoredRows, max_rows, of_sample};
use crate::call::metric::{EVALUATE, MetricArguments, MetricCall};
use crate::call::params::WIDTH;
use crate::call::weight::counts;
use crate::fit::{OptionValue, RowId, Seen};
use crate::math::{Column, Params, Spread, params_from_logits};
use crate::metrics::{self, Evaluation, Scored};

pub(super) const FUNCTION: Function =
    Function::aggregate(EVALUATE.name, evaluate, record_type::<Evaluation>);

const NAME: &str = FUNCTION.name;

/// Every metric of predictions, as a struct in one row.
///
/// `inputs` are `label`, the params in any of their three forms, `weight` and a struct of options, a constant; the last two
/// may be left out. Rows that are NULL in any input are skipped.
///
/// # Errors
/// Where an input is of a type that the function does not take, a weight is negative or not finite, or an option is refused.
pub fn evaluate(inputs: &[Series]) -> PolarsResult<Series> {
    let arguments = read_arguments(&EVALUATE, inputs)?;
    let options = arguments.options.and_then(|position| inputs.get(position));
    let options = options.map(|options| options::read(NAME, options)).transpose()?;
    of_arguments(inputs, &arguments, options.unwrap_or_default())
}

/// As [`evaluate`], with options that are no column.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_with(
    inputs: &[Series],
    options: impl IntoIterator<Item = (String, OptionValue)>,
) -> PolarsResult<Series> {
    let arguments = read_arguments(&EVALUATE.without_options(), inputs)?;
    of_arguments(inputs, &arguments, options.into_iter().collect())
}

fn read_arguments(call: &MetricCall, inputs: &[Series]) -> PolarsResult<MetricArguments> {
    call.arguments(&types_of(inputs)).map_err(|error| refuse(NAME, &error))
}

fn of_arguments(
    inputs: &[Series],
    arguments: &MetricArguments,
    options: Vec<(String, OptionValue)>,
) -> PolarsResult<Series> {
    let max_rows = max_rows(options).map_err(|error| refuse(NAME, &error))?;
    // Constant options are no column of the result's length.
    let columns = inputs.get(..arguments.options.unwrap_or(inputs.len())).unwrap_or(inputs);
    let rows = ResultShape::try_new(NAME, columns)?.rows();
    let parts = in_chunks(columns, rows);
    let pieces = parts.iter().map(|part| ScoredPiece::try_new(arguments, part));
    let pieces = pieces.collect::<PolarsResult<Vec<ScoredPiece>>>()?;
    let counted: Vec<CountedRows<'_>> = pieces.iter().map(ScoredPiece::counted).collect();
    let scored: Vec<Scored<'_>> =
        pieces.iter().zip(&counted).map(|(piece, rows)| rows.scored(piece)).collect();
    let evaluation = match max_rows {
        Some(max_rows) => evaluate_sample(&scored, max_rows),
        None => metrics::evaluate(&scored),
    };
    record_series(name_of(inputs), vec![Some(evaluation)])
}

/// The metrics of a sample of the rows.
fn evaluate_sample(pieces: &[Scored<'_>], max_rows: usize) -> Evaluation {
    let params = pieces.iter().map(|piece| {
        let mut columns: [Vec<f64>; WIDTH] = std::array::from_fn(|_| vec![0.0; piece.label.len()]);
        let [logit, mu, sigma] = &mut columns;
        params_from_logits(&piece.params, logit, mu, sigma);
        columns
    });
    let params: Vec<[Vec<f64>; WIDTH]> = params.collect();
    let chunks = pieces.iter().zip(&params).map(|(piece, params)| ScoredChunk {
        label: piece.label,
        weight: piece.weight,
        predicted: params.iter().map(Vec::as_slice).collect(),
    });
    let rows = ScoredRows::of(chunks.collect());
    let is_usable = |piece: &Scored<'_>, row: usize| {
        piece.label[row].is_finite() && piece.weight.is_none_or(|weight| counts(weight[row]))
    };
    let usable = (0_u32..).zip(pieces).flat_map(|(chunk, piece)| {
        let rows = (0..piece.label.len()).filter(move |&row| is_usable(piece, row));
        rows.map(move |row| RowId { chunk, row: u32::try_from(row).unwrap_or(u32::MAX) })
    });
    let usable: Vec<RowId> = usable.collect();
    let sample = rows.sample(&usable, max_rows);
    let SampledRows { label, weight, predicted } = rows.pick(&sample.rows);
    let column = |index: usize| Column::F64(predicted.get(index).map_or(&[], Vec::as_slice));
    let params = Params { logit: column(0), mu: column(1), spread: Spread::Sigma(column(2)) };
    let scored = Scored { label: &label, params, weight: weight.as_deref() };
    let seen = Seen { rows: usable.len() as u64, skipped: 0 };
    of_sample(&metrics::evaluate(&[scored]), &sample, seen)
}

/// The arguments in some of the rows.
struct ScoredPiece {
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

impl ScoredPiece {
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
    fn scored(&self, piece: &ScoredPiece) -> Scored<'_> {
        let params = self.params.each_ref().map(|column| Column::F64(column));
        Scored {
            label: &self.label,
            params: piece.params.params_of(params),
            weight: self.weight.as_deref(),
        }
    }
}
