//! The codes of buffered categories, by row.

use arrow::datatypes::UInt32Type;
use datafusion_common::Result;

use crate::fit::RowId;
use crate::udf::rows::{GroupedRows, primitive_values};

/// The codes in a column of categories, chunk by chunk.
pub(super) fn codes_of_chunks(rows: &GroupedRows, column: usize) -> Result<Vec<&[u32]>> {
    let chunks = rows.chunks().iter();
    chunks.map(|chunk| primitive_values::<UInt32Type>(chunk, column)).collect()
}

/// The codes of these rows, of codes chunk by chunk.
pub(super) fn codes_of_rows(codes: &[&[u32]], rows: &[RowId]) -> Vec<u32> {
    rows.iter().filter_map(|&row| code_of_row(codes, row)).collect()
}

/// The code of a row; `None` for one that is not there.
pub(super) fn code_of_row(codes: &[&[u32]], row: RowId) -> Option<u32> {
    codes.get(row.chunk as usize)?.get(row.row as usize).copied()
}
