//! Reading columns of a [`Table`] in any order of rows.

use super::route::Route;
use super::table::{Chunk, FeatureValues, RowId, Table};

/// Rows in an order, of which many columns are read.
pub(in crate::fit) struct Order<'a> {
    rows: &'a [RowId],
    /// The faster way, where there is one.
    route: Option<Route>,
}

impl<'a> Order<'a> {
    pub(in crate::fit) fn new(table: &Table<'_>, rows: &'a [RowId]) -> Self {
        Self { rows, route: Route::new(table, rows) }
    }
}

/// The labels of the rows.
pub(in crate::fit) fn labels(table: &Table<'_>, rows: &[RowId], out: &mut Vec<f64>) {
    gather(table, rows, |chunk| chunk.label, out);
}

/// The weights of the rows, or `false` where every row counts once.
pub(in crate::fit) fn weights(table: &Table<'_>, rows: &[RowId], out: &mut Vec<f64>) -> bool {
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

/// The values of a numeric feature; NaN where there is none. `show` is shown them all in their order, in pieces as
/// they come into the cache.
pub(in crate::fit) fn numbers(
    table: &Table<'_>,
    feature: usize,
    order: &Order<'_>,
    out: &mut Vec<f64>,
    mut show: impl FnMut(&[f64]),
) {
    if let Some(route) = &order.route {
        route.numbers(table, feature, out, show);
    } else {
        numbers_by_random_reads(table, feature, order.rows, out);
        show(out);
    }
}

/// The same, by random reads.
pub(in crate::fit) fn numbers_by_random_reads(
    table: &Table<'_>,
    feature: usize,
    rows: &[RowId],
    out: &mut Vec<f64>,
) {
    let every = |test: fn(&FeatureValues<'_>) -> bool| {
        table.chunks.iter().all(|chunk| chunk.features.get(feature).is_some_and(test))
    };
    if table.chunks.len() > rows.len() {
        one_by_one(table, feature, rows, out);
    } else if every(|values| matches!(values, FeatureValues::Numbers(_))) {
        gather(table, rows, |chunk| doubles_of(chunk, feature), out);
    } else if every(|values| matches!(values, FeatureValues::Singles(_))) {
        gather(table, rows, |chunk| singles_of(chunk, feature), out);
    } else {
        one_by_one(table, feature, rows, out);
    }
}

/// The codes of a categorical feature; `u32::MAX` where there is none.
pub(in crate::fit) fn codes(table: &Table<'_>, feature: usize, rows: &[RowId], out: &mut Vec<u32>) {
    out.clear();
    out.extend(rows.iter().map(|row| {
        let chunk = table.chunks.get(row.chunk as usize);
        match chunk.and_then(|chunk| chunk.features.get(feature)) {
            Some(FeatureValues::Codes(codes)) => {
                codes.get(row.row as usize).copied().unwrap_or(u32::MAX)
            }
            _ => u32::MAX,
        }
    }));
}

fn doubles_of<'a>(chunk: &Chunk<'a>, feature: usize) -> &'a [f64] {
    match chunk.features.get(feature) {
        Some(FeatureValues::Numbers(values)) => values,
        _ => &[],
    }
}

fn singles_of<'a>(chunk: &Chunk<'a>, feature: usize) -> &'a [f32] {
    match chunk.features.get(feature) {
        Some(FeatureValues::Singles(values)) => values,
        _ => &[],
    }
}

/// The values of a numeric feature, where chunks differ in their type, or where a small model's rows come from a table
/// of many chunks that are not worth walking over.
fn one_by_one(table: &Table<'_>, feature: usize, rows: &[RowId], out: &mut Vec<f64>) {
    out.clear();
    out.extend(rows.iter().map(|row| {
        let chunk = table.chunks.get(row.chunk as usize);
        chunk
            .and_then(|chunk| chunk.features.get(feature)?.number(row.row as usize))
            .unwrap_or(f64::NAN)
    }));
}

fn gather<'a, T: Copy + Into<f64> + 'a>(
    table: &Table<'a>,
    rows: &[RowId],
    column: impl Fn(&Chunk<'a>) -> &'a [T],
    out: &mut Vec<f64>,
) {
    out.clear();
    let value = |slice: Option<&&[T]>, row: &RowId| {
        slice.and_then(|slice| slice.get(row.row as usize)).map_or(f64::NAN, |&value| value.into())
    };
    if table.chunks.len() <= rows.len() {
        let slices: Vec<&[T]> = table.chunks.iter().map(column).collect();
        out.extend(rows.iter().map(|row| value(slices.get(row.chunk as usize), row)));
    } else {
        // A small model of a table of many chunks: do not walk over all of them.
        out.extend(rows.iter().map(|row| {
            let slice = table.chunks.get(row.chunk as usize).map(&column);
            value(slice.as_ref(), row)
        }));
    }
}
