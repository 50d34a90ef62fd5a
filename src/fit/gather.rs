//! Reading columns of a [`Table`] in any order of rows.

use super::table::{Chunk, RowId, Table, Values};

/// The labels of the rows.
pub(super) fn labels(table: &Table<'_>, rows: &[RowId], out: &mut Vec<f64>) {
    gather(table, rows, |chunk| chunk.label, out);
}

/// The weights of the rows, or `false` where every row counts once.
pub(super) fn weights(table: &Table<'_>, rows: &[RowId], out: &mut Vec<f64>) -> bool {
    gather(table, rows, |chunk| chunk.weight.unwrap_or(&[]), out);
    if out.iter().all(|weight| weight.is_nan()) {
        return false;
    }
    // A chunk without weights among others that have them counts every row once.
    for weight in out.iter_mut().filter(|weight| weight.is_nan()) {
        *weight = 1.0;
    }
    true
}

/// The values of a numeric feature; NaN where there is none.
pub(super) fn numbers(table: &Table<'_>, feature: usize, rows: &[RowId], out: &mut Vec<f64>) {
    gather(table, rows, |chunk| numbers_of(chunk, feature), out);
}

/// The codes of a categorical feature; `u32::MAX` where there is none.
pub(super) fn codes(table: &Table<'_>, feature: usize, rows: &[RowId], out: &mut Vec<u32>) {
    out.clear();
    out.extend(rows.iter().map(|row| {
        let chunk = table.chunks.get(row.chunk as usize);
        match chunk.and_then(|chunk| chunk.features.get(feature)) {
            Some(Values::Codes(codes)) => codes.get(row.row as usize).copied().unwrap_or(u32::MAX),
            _ => u32::MAX,
        }
    }));
}

fn numbers_of<'a>(chunk: &Chunk<'a>, feature: usize) -> &'a [f64] {
    match chunk.features.get(feature) {
        Some(Values::Numbers(values)) => values,
        _ => &[],
    }
}

fn gather<'a>(
    table: &Table<'a>,
    rows: &[RowId],
    column: impl Fn(&Chunk<'a>) -> &'a [f64],
    out: &mut Vec<f64>,
) {
    out.clear();
    let value = |slice: Option<&&[f64]>, row: &RowId| {
        slice.and_then(|slice| slice.get(row.row as usize)).copied().unwrap_or(f64::NAN)
    };
    if table.chunks.len() <= rows.len() {
        let slices: Vec<&[f64]> = table.chunks.iter().map(column).collect();
        out.extend(rows.iter().map(|row| value(slices.get(row.chunk as usize), row)));
    } else {
        // A small model of a table of many chunks: do not walk over all of them.
        out.extend(rows.iter().map(|row| {
            let slice = table.chunks.get(row.chunk as usize).map(&column);
            value(slice.as_ref(), row)
        }));
    }
}
