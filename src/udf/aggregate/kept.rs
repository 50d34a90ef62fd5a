//! Which rows of a batch an aggregate sees.

use arrow::array::{Array, ArrayRef, BooleanArray, UInt64Array};
use arrow::compute::{filter, prep_null_mask_filter, take};
use datafusion_common::Result;

use super::{BatchRows, GroupState};

/// The rows of a batch that count, and which rows of the batch these are (`None` is all).
///
/// The query's filter comes first: a row that it leaves out is never looked at, whatever it holds.
pub(super) fn read_kept<S: GroupState>(
    state: &S,
    values: &[ArrayRef],
    opt_filter: Option<&BooleanArray>,
) -> Result<(Vec<ArrayRef>, Option<BooleanArray>)> {
    let query = opt_filter.map(nulls_as_false).filter(|query| query.false_count() > 0);
    let BatchRows { columns, keep } = match &query {
        Some(query) => {
            let passing = state.read(&filter_all(values, query)?);
            // A message that names a row counts all rows of the batch, and NULL in all arguments is as good as absent.
            passing.or_else(|error| state.read(&null_where_not(values, query)?).and(Err(error)))?
        }
        None => state.read(values)?,
    };
    let own = keep.as_ref().map(nulls_as_false).filter(|keep| keep.false_count() > 0);
    match (query, own) {
        (query, None) => Ok((columns, query)),
        (None, Some(own)) => Ok((filter_all(&columns, &own)?, Some(own))),
        (Some(query), Some(own)) => {
            let mut own_rows = own.values().iter();
            let both = |passes: bool| passes && own_rows.next().unwrap_or(false);
            let both: Vec<bool> = query.values().iter().map(both).collect();
            Ok((filter_all(&columns, &own)?, Some(BooleanArray::from(both))))
        }
    }
}

/// The same rows, NULL where the query's filter leaves them out.
fn null_where_not(values: &[ArrayRef], query: &BooleanArray) -> Result<Vec<ArrayRef>> {
    let passing = |(row, passes): (u64, Option<bool>)| (passes == Some(true)).then_some(row);
    let rows: UInt64Array = (0..).zip(query).map(passing).collect();
    values.iter().map(|column| Ok(take(column, &rows, None)?)).collect()
}

fn nulls_as_false(keep: &BooleanArray) -> BooleanArray {
    if keep.null_count() == 0 { keep.clone() } else { prep_null_mask_filter(keep) }
}

fn filter_all(columns: &[ArrayRef], keep: &BooleanArray) -> Result<Vec<ArrayRef>> {
    columns.iter().map(|column| Ok(filter(column, keep)?)).collect()
}
