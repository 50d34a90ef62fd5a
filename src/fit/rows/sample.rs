//! A bounded sample: the rows with the smallest hashes of their content.
//!
//! The sample of all rows is that of the samples of any parts of them, put together. So it may be taken as the rows come,
//! part by part, in any order and on any number of machines.
//!
//! Copies of a row have the same hash: they are kept or left out together, but for those of the last row that is kept, of
//! which there are as many as there is room for.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::order::{Hashed, hash_rows, order_equal_hashes, sort, without_missing_end};
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
    /// How many of the rows are copies of the one that has most, itself included.
    pub copies: usize,
    /// How many rows without copies the sample is worth: the square of its rows over the sum of the squares of the copies of
    /// each distinct row, which are kept or left out together (Kish 1965, "Survey Sampling").
    pub effective_rows: f64,
}

impl Sample {
    /// At most `max_rows` of the rows: those with the smallest hashes. Of rows with equal content it does not matter which
    /// are kept; other rows with equal hashes are kept in the order of their content.
    pub fn of(table: &Table<'_>, rows: &[RowId], seed: u64, max_rows: usize) -> Self {
        let mut hashed = hash_rows(table, rows, sample_seed(seed), without_missing_end);
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
        let copies = || hashed.chunk_by(|a, b| a.hash == b.hash).map(<[Hashed]>::len);
        let squares: f64 = copies().map(|copies| (copies as f64).powi(2)).sum();
        Self {
            rows: hashed.iter().map(|row| row.row).collect(),
            bound,
            copies: copies().max().unwrap_or_default(),
            effective_rows: (hashed.len() as f64).powi(2) / squares.max(1.0),
        }
    }

    /// The hashes of rows, by which a [bound](Self::bound) tells those that may be in a sample.
    pub fn hashes(table: &Table<'_>, rows: &[RowId], seed: u64) -> Vec<u64> {
        let hashed = hash_rows(table, rows, sample_seed(seed), without_missing_end);
        hashed.iter().map(|&Hashed { hash, .. }| hash).collect()
    }

    /// The samples of the rows of each campaign, with its number, in the order of the numbers.
    pub fn of_campaigns(
        table: &Table<'_>,
        rows: &[RowId],
        campaigns: &[u32],
        seed: u64,
        max_rows: usize,
    ) -> Vec<(u32, Self)> {
        let mut of_campaign: HashMap<u32, Vec<RowId>, RandomState> = HashMap::default();
        for (row, campaign) in rows.iter().zip(campaigns) {
            of_campaign.entry(*campaign).or_default().push(*row);
        }
        let samples = of_campaign.into_iter();
        let mut samples: Vec<(u32, Self)> = samples
            .map(|(campaign, rows)| (campaign, Self::of(table, &rows, seed, max_rows)))
            .collect();
        samples.sort_unstable_by_key(|(campaign, _)| *campaign);
        samples
    }
}

fn sample_seed(seed: u64) -> u64 {
    xxh3_64_with_seed(SAMPLE, seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::{Chunk, FeatureColumn, FeatureValues};

    fn sample(values: &[f64], rows: &[u32], max_rows: usize) -> (Vec<f64>, u64) {
        let label = vec![1.0; values.len()];
        let table = Table {
            features: vec![FeatureColumn { name: "x", levels: None }],
            chunks: vec![Chunk {
                label: &label,
                weight: None,
                features: vec![FeatureValues::Numbers(values)],
            }],
        };
        let rows: Vec<RowId> = rows.iter().map(|&row| RowId { chunk: 0, row }).collect();
        let Sample { rows, bound, .. } = Sample::of(&table, &rows, 3, max_rows);
        let hashes = Sample::hashes(&table, &rows, 3);
        assert!(hashes.is_sorted() && hashes.iter().all(|&hash| hash <= bound));
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

    #[test]
    fn a_missing_end_changes_no_hash() {
        let table = |width: usize| Table {
            features: vec!["x"; width]
                .into_iter()
                .map(|name| FeatureColumn { name, levels: None })
                .collect(),
            chunks: vec![Chunk {
                label: &[1.0, 2.0],
                weight: None,
                features: vec![FeatureValues::Numbers(&[f64::NAN, f64::INFINITY]); width],
            }],
        };
        let rows = [0, 1].map(|row| RowId { chunk: 0, row });
        let hashes = Sample::hashes(&table(0), &rows, 3);
        assert_ne!(hashes[0], hashes[1]);
        assert_eq!(Sample::hashes(&table(3), &rows, 3), hashes);
    }

    #[test]
    fn copies_are_worth_one_row() {
        let label = [1.0; 6];
        let values = [1.0, 2.0, 2.0, 3.0, 3.0, 3.0];
        let table = Table {
            features: vec![FeatureColumn { name: "x", levels: None }],
            chunks: vec![Chunk {
                label: &label,
                weight: None,
                features: vec![FeatureValues::Numbers(&values)],
            }],
        };
        let rows: Vec<RowId> = (0..6).map(|row| RowId { chunk: 0, row }).collect();
        let sample = |rows: &[RowId]| Sample::of(&table, rows, 0, 100).effective_rows;
        assert_eq!(sample(&rows[..2]), 2.0);
        assert_eq!(sample(&rows), 36.0 / (1.0 + 4.0 + 9.0));
        assert_eq!(sample(&rows[3..]), 1.0);
        assert_eq!(sample(&[]), 0.0);
    }
}
