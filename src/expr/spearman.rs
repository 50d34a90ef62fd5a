//! `spearman(label, prediction)`.

use polars::prelude::{DataType, NamedFrom, PolarsResult, Series};

use super::Function;
use super::error::wrong_arity;
use super::number::Number;
use super::result::Shape;
use super::rows::Rows;
use crate::metrics;

pub(super) const FUNCTION: Function =
    Function::aggregate("ziln_spearman", spearman, || DataType::Float64);

const NAME: &str = FUNCTION.name;

/// The rank correlation of labels and predictions, in one row.
///
/// `inputs` are `label` and `prediction`. Rows that are NULL in either are skipped. NULL where the correlation is
/// undefined.
///
/// # Errors
/// Where an input is no number.
pub fn spearman(inputs: &[Series]) -> PolarsResult<Series> {
    let [label, prediction] = inputs else {
        return Err(wrong_arity(NAME, "ziln_spearman(label, prediction)", inputs.len()));
    };
    let shape = Shape::try_new(NAME, inputs)?;
    let label_number = Number::try_new(NAME, "label", label)?;
    let prediction = Number::try_new(NAME, "prediction", prediction)?;
    let rows = Rows::complete(shape.rows(), [&label_number, &prediction]);
    let spearman = metrics::spearman(&rows.doubles(&label_number), &rows.doubles(&prediction));
    Ok(Series::new(label.name().clone(), [spearman]))
}
