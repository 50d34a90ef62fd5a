//! The way of a column's values from a table into another order, for many rows.
//!
//! A random read of memory that is in no cache takes as long as a hundred additions. Rows in an order that has nothing
//! to do with that of the table are therefore moved in two steps: the table is read from its beginning to its end, and
//! each value put into the bucket of those it will stand among; then each bucket, which the cache holds, is put into
//! its order.

use super::table::{FeatureValues, RowId, Table};

/// Rows whose moments are taken together: few enough to be read again from the cache.
pub(in crate::fit) const MOMENT_ROWS: usize = 2048;

/// Rows of a bucket: such that its values, and one cache line of every bucket, fit into the cache.
const BUCKET_ROWS: usize = 1 << 13;

/// A bucket's rows are shown together, so that they must be whole blocks; and a position in it has 16 bits.
const _: () = assert!(BUCKET_ROWS.is_multiple_of(MOMENT_ROWS) && BUCKET_ROWS < 1 << 16);

/// Fewer rows than this fit into the cache as they are.
pub(in crate::fit) const LEAST_ROWS: usize = 1 << 18;

/// For fewer columns than this the way costs as much as it saves.
pub(in crate::fit) const LEAST_NUMBERS: usize = 4;

/// A table with more rows than so many times the rows of the order is not worth reading as a whole.
const MOST_TABLE_ROWS: usize = 2;

/// The position of a row that is not in the order.
const NOWHERE: u32 = u32::MAX;

/// The way of the rows of a table into an order.
#[derive(Debug)]
pub(in crate::fit) struct Route {
    /// Of each row of the table, one chunk after the other, its position after the first step.
    positions: Vec<u32>,
    /// Of each row of the order, its position in its bucket after the first step.
    in_bucket: Vec<u16>,
}

impl Route {
    /// The way into the order of `rows`, if they are so many that it pays.
    pub(in crate::fit) fn new(table: &Table<'_>, rows: &[RowId]) -> Option<Self> {
        let numbers = table.features.iter().filter(|feature| feature.levels.is_none()).count();
        if rows.len() < LEAST_ROWS || numbers < LEAST_NUMBERS {
            return None;
        }
        let table_rows: usize = table.chunks.iter().map(|chunk| chunk.label.len()).sum();
        let pays = table_rows / MOST_TABLE_ROWS <= rows.len();
        let counted = u32::try_from(rows.len()).is_ok_and(|rows| rows < NOWHERE);
        if pays && counted { Self::of(table, table_rows, rows) } else { None }
    }

    /// `None` for rows that are not in the table, or twice in the order.
    fn of(table: &Table<'_>, table_rows: usize, rows: &[RowId]) -> Option<Self> {
        let mut chunks = Vec::with_capacity(table.chunks.len());
        let mut start = 0;
        for chunk in &table.chunks {
            let end = start + chunk.label.len();
            chunks.push(start..end);
            start = end;
        }
        // Where the rows end up, to begin with.
        let mut positions = vec![NOWHERE; table_rows];
        for (end, row) in (0..).zip(rows) {
            let of_chunk = positions.get_mut(chunks.get(row.chunk as usize)?.clone())?;
            let position =
                of_chunk.get_mut(row.row as usize).filter(|position| **position == NOWHERE)?;
            *position = end;
        }
        let mut filled = vec![0_u16; rows.len().div_ceil(BUCKET_ROWS)];
        let mut in_bucket = vec![0; rows.len()];
        for position in positions.iter_mut().filter(|position| **position != NOWHERE) {
            let end = *position as usize;
            let bucket = end / BUCKET_ROWS;
            let filled = filled.get_mut(bucket)?;
            *in_bucket.get_mut(end)? = *filled;
            *position = (bucket * BUCKET_ROWS) as u32 + u32::from(*filled);
            *filled += 1;
        }
        Some(Self { positions, in_bucket })
    }

    /// The values of a numeric feature in the order; NaN where there is none. `show` is shown every bucket.
    pub(in crate::fit) fn numbers(
        &self,
        table: &Table<'_>,
        feature: usize,
        out: &mut Vec<f64>,
        mut show: impl FnMut(&[f64]),
    ) {
        // Every position is written to, so what an earlier column left there need not be cleared.
        out.resize(self.in_bucket.len(), f64::NAN);
        let mut positions = self.positions.as_slice();
        for chunk in &table.chunks {
            let (of_chunk, rest) = positions.split_at(chunk.label.len().min(positions.len()));
            positions = rest;
            match chunk.features.get(feature) {
                Some(FeatureValues::Numbers(values)) => {
                    scatter(of_chunk, |row| values.get(row).copied(), out);
                }
                Some(FeatureValues::Singles(values)) => {
                    scatter(of_chunk, |row| values.get(row).map(|&value| value.into()), out);
                }
                other => scatter(of_chunk, |row| other?.number(row), out),
            }
        }
        let mut bucket = vec![0.0; BUCKET_ROWS];
        for (out, in_bucket) in out.chunks_mut(BUCKET_ROWS).zip(self.in_bucket.chunks(BUCKET_ROWS))
        {
            if let Some(bucket) = bucket.get_mut(..out.len()) {
                bucket.copy_from_slice(out);
            }
            for (value, &position) in out.iter_mut().zip(in_bucket) {
                *value = bucket.get(usize::from(position)).copied().unwrap_or(f64::NAN);
            }
            show(out);
        }
    }
}

/// Puts the values of the rows of a chunk into their positions.
#[inline]
fn scatter(positions: &[u32], value: impl Fn(usize) -> Option<f64>, out: &mut [f64]) {
    for (row, &position) in positions.iter().enumerate() {
        if let Some(out) = out.get_mut(position as usize) {
            *out = value(row).unwrap_or(f64::NAN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::rows::gather;
    use crate::fit::rows::table::{Chunk, FeatureColumn, ListElements};

    const ROWS: usize = 3 * BUCKET_ROWS + 1234;

    #[test]
    fn a_route_leads_to_what_is_read_row_by_row() {
        let values: Vec<f64> = (0..ROWS).map(|row| row as f64).collect();
        let singles: Vec<f32> = (0..ROWS).map(|row| row as f32).collect();
        let starts: Vec<usize> = (0..ROWS).collect();
        let label = vec![1.0; ROWS];
        let list = ListElements { values: &values, starts: &starts[9000..20_000], index: 0 };
        let forms: [(usize, usize, Option<FeatureValues<'_>>); 5] = [
            (0, 5000, Some(FeatureValues::Numbers(&values[..5000]))),
            (5000, 9000, Some(FeatureValues::Singles(&singles[5000..9000]))),
            (9000, 20_000, Some(FeatureValues::Elements(list))),
            // Shorter than its chunk, and missing.
            (20_000, 22_000, Some(FeatureValues::Numbers(&values[20_000..21_000]))),
            (22_000, ROWS, None),
        ];
        let chunks = forms.map(|(start, end, feature)| Chunk {
            label: &label[start..end],
            weight: None,
            features: feature.into_iter().collect(),
        });
        let table = Table {
            features: vec![FeatureColumn { name: "x", levels: None }],
            chunks: chunks.into(),
        };
        let row_of = |row: usize| {
            let chunk = forms.iter().position(|&(_, end, _)| row < end).unwrap();
            RowId { chunk: chunk as u32, row: (row - forms[chunk].0) as u32 }
        };
        // Every row but each tenth, far from the order of the table.
        let shuffled = (0..ROWS).map(|index| index * 7919 % ROWS).filter(|row| row % 10 != 0);
        let rows: Vec<RowId> = shuffled.map(row_of).collect();
        let route = Route::of(&table, ROWS, &rows).unwrap();
        // What an earlier column has left does not show.
        let mut routed = vec![-1.0; rows.len()];
        let mut shown = Vec::new();
        route.numbers(&table, 0, &mut routed, |bucket| shown.extend_from_slice(bucket));
        let mut read = Vec::new();
        gather::numbers_by_random_reads(&table, 0, &rows, &mut read);
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&routed), bits(&read));
        assert_eq!(bits(&shown), bits(&read));
        assert!(read.iter().any(|value| value.is_nan()));
        assert!(read.iter().any(|&value| value == 20_999.0 || value == 20_998.0));
    }

    #[test]
    fn rows_that_are_missing_or_stand_twice_have_no_route() {
        let label = [1.0; 3];
        let chunk = Chunk { label: &label, weight: None, features: vec![] };
        let table = Table { features: vec![], chunks: vec![chunk] };
        let row = |chunk, row| RowId { chunk, row };
        assert!(Route::of(&table, 3, &[row(0, 2), row(0, 0)]).is_some());
        assert!(Route::of(&table, 3, &[row(0, 2), row(0, 2)]).is_none());
        assert!(Route::of(&table, 3, &[row(0, 3)]).is_none());
        let chunk = || Chunk { label: &label, weight: None, features: vec![] };
        let two = Table { features: vec![], chunks: vec![chunk(), chunk()] };
        assert!(Route::of(&two, 6, &[row(0, 2), row(1, 2)]).is_some());
        assert!(Route::of(&two, 6, &[row(0, 3)]).is_none());
        assert!(Route::of(&table, 3, &[row(1, 0)]).is_none());
    }

    #[test]
    fn few_rows_or_columns_and_small_parts_of_a_table_have_no_route() {
        let label = vec![1.0; LEAST_ROWS * 2 * MOST_TABLE_ROWS];
        let chunk = |rows: usize| Chunk { label: &label[..rows], weight: None, features: vec![] };
        let rows: Vec<RowId> = (0..LEAST_ROWS as u32).map(|row| RowId { chunk: 0, row }).collect();
        let features = |numbers: usize| {
            let number = |_| FeatureColumn { name: "x", levels: None };
            (0..numbers).map(number).collect()
        };
        let has_route = |numbers: usize, table_rows: usize, rows: &[RowId]| {
            let table = Table { features: features(numbers), chunks: vec![chunk(table_rows)] };
            Route::new(&table, rows).is_some()
        };
        assert!(has_route(LEAST_NUMBERS, LEAST_ROWS, &rows));
        assert!(!has_route(LEAST_NUMBERS - 1, LEAST_ROWS, &rows));
        assert!(!has_route(LEAST_NUMBERS, LEAST_ROWS, &rows[1..]));
        assert!(!has_route(LEAST_NUMBERS, label.len(), &rows));
    }
}
