//! A bounded sample: the rows with the smallest hashes of their content.
//!
//! The sample of all rows is that of the samples of any parts of them, put together. So it may be taken as the rows come,
//! part by part, in any order and on any number of machines.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::order::{Hashed, hash_rows, order_equal_hashes, sort};
use super::table::{RowId, Table};

/// Makes the hashes of the sample others than those of the canonical order, by which rows are held out: else a sample would
/// be held out as a whole.
const SAMPLE: &[u8] = b"max_rows";

/// Rows of a sample.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    /// The rows, by their hashes.
    pub rows: Vec<RowId>,
    /// A row whose hash is greater is in no sample of these and more rows. `u64::MAX` while there is room.
    pub bound: u64,
}

impl Sample {
    /// At most `max_rows` of the rows: those with the smallest hashes. Of rows with equal content it does not matter which
    /// are kept; other rows with equal hashes are kept in the order of their content.
    pub fn of(table: &Table<'_>, rows: &[RowId], seed: u64, max_rows: usize) -> Self {
        let mut hashed = hash_rows(table, rows, sample_seed(seed));
        if hashed.len() > max_rows {
            // Those with the hash at the end too, so that their content decides which of them are kept.
            let (_, last, _) = hashed.select_nth_unstable_by_key(max_rows, |row| row.hash);
            let last = last.hash;
            hashed.retain(|row| row.hash <= last);
        }
        sort(&mut hashed);
        order_equal_hashes(table, &mut hashed);
        hashed.truncate(max_rows);
        let is_full = hashed.len() == max_rows;
        let bound = hashed.last().filter(|_| is_full).map_or(u64::MAX, |last| last.hash);
        Self { rows: hashed.iter().map(|row| row.row).collect(), bound }
    }

    /// Of these rows those that may be in the sample of rows that has this bound.
    pub fn candidates(table: &Table<'_>, rows: &[RowId], seed: u64, bound: u64) -> Vec<RowId> {
        let hashed = hash_rows(table, rows, sample_seed(seed));
        hashed.iter().filter(|Hashed { hash, .. }| *hash <= bound).map(|row| row.row).collect()
    }
}

fn sample_seed(seed: u64) -> u64 {
    xxh3_64_with_seed(SAMPLE, seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::{Chunk, FeatureColumn, Values};

    fn sample(values: &[f64], rows: &[u32], max_rows: usize) -> (Vec<f64>, u64) {
        let label = vec![1.0; values.len()];
        let table = Table {
            features: vec![FeatureColumn { name: "x", levels: None }],
            chunks: vec![Chunk {
                label: &label,
                weight: None,
                features: vec![Values::Numbers(values)],
            }],
        };
        let rows: Vec<RowId> = rows.iter().map(|&row| RowId { chunk: 0, row }).collect();
        let Sample { rows, bound } = Sample::of(&table, &rows, 3, max_rows);
        let candidates = Sample::candidates(&table, &rows, 3, bound);
        assert_eq!(candidates, rows, "what is in the sample is no farther than its bound");
        (rows.iter().map(|row| values[row.row as usize]).collect(), bound)
    }

    #[test]
    fn a_sample_of_samples_is_that_of_all() {
        // Every value three times.
        let values: Vec<f64> = (0..900).map(|row| f64::from(row % 300)).collect();
        let all: Vec<u32> = (0..900).collect();
        for max_rows in [1, 2, 7, 100, 899, 900, 2000] {
            let (expected, bound) = sample(&values, &all, max_rows);
            assert_eq!(expected.len(), max_rows.min(900));
            assert_eq!(bound == u64::MAX, max_rows > 900);
            let parts = all.chunks(250).flat_map(|part| {
                let part_values: Vec<f64> = part.iter().map(|&row| values[row as usize]).collect();
                let rows: Vec<u32> = (0..part.len() as u32).rev().collect();
                sample(&part_values, &rows, max_rows).0
            });
            let parts: Vec<f64> = parts.collect();
            let rows: Vec<u32> = (0..parts.len() as u32).collect();
            assert_eq!(sample(&parts, &rows, max_rows), (expected, bound), "{max_rows}");
        }
    }
}
