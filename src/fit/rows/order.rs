//! The canonical order: rows sorted by a seeded hash of their content.

use std::cmp::Ordering;
use std::ops::Range;

use rayon::prelude::*;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::table::{FeatureValues, RowId, Table};
use crate::math::dispatch;

/// Fewer rows than this are hashed and sorted on one thread.
const PARALLEL_ROWS: usize = 1 << 16;

/// Rows whose content is laid out together: so many that each column is read in long stretches, so few that the content
/// stays in the cache.
const BLOCK_ROWS: usize = 256;

/// The word of the weight of a row without one.
const ONE: u64 = 1.0_f64.to_bits();

/// The word of every missing number: a NaN that no finite number equals.
const MISSING: u64 = 0x7ff8_0000_0000_0000;

/// The word of the level NULL.
const NULL_LEVEL: u64 = 0x6e75_6c6c_6e75_6c6c;

/// A row and the hash of its content.
#[derive(Debug, Clone, Copy)]
pub(in crate::fit) struct Hashed {
    pub(in crate::fit) hash: u64,
    pub(in crate::fit) row: RowId,
}

/// Rows in the canonical order. Equal hashes stand in the order of their content, so that the order depends on
/// the content alone.
pub(in crate::fit) fn canonical_order(table: &Table<'_>, rows: &[RowId], seed: u64) -> Vec<Hashed> {
    let mut hashed = hash_rows(table, rows, seed, <[Word]>::as_flattened);
    sort(&mut hashed);
    order_equal_hashes(table, &mut hashed);
    hashed
}

/// The rows with the hashes of their content, in the order in which they came; `bytes` says what of it is hashed.
pub(in crate::fit) fn hash_rows(
    table: &Table<'_>,
    rows: &[RowId],
    seed: u64,
    bytes: impl Fn(&[Word]) -> &[u8] + Sync,
) -> Vec<Hashed> {
    let levels = LevelWords::new(table, rows.len());
    let hash_all = |rows: &[RowId]| {
        let mut content = Content::default();
        let mut hashed = Vec::with_capacity(rows.len());
        for run in rows.chunk_by(|a, b| a.chunk == b.chunk) {
            for block in run.chunks(BLOCK_ROWS) {
                let width = content.lay_out(table, &levels, block);
                let hash = |(&row, words): (&RowId, &[Word])| Hashed {
                    hash: xxh3_64_with_seed(bytes(words), seed),
                    row,
                };
                hashed.extend(block.iter().zip(content.words.chunks_exact(width)).map(hash));
            }
        }
        hashed
    };
    if rows.len() < PARALLEL_ROWS {
        hash_all(rows)
    } else {
        rows.par_chunks(PARALLEL_ROWS / 8).flat_map_iter(hash_all).collect()
    }
}

/// Puts rows that are sorted by their hash, and whose hashes are equal, into the order of their content.
pub(in crate::fit) fn order_equal_hashes(table: &Table<'_>, hashed: &mut [Hashed]) {
    for run in hashed.chunk_by_mut(|a, b| a.hash == b.hash) {
        order_run(table, run);
    }
}

/// Sorts rows by their hash, many of them on all threads.
pub(in crate::fit) fn sort(hashed: &mut [Hashed]) {
    // The standard library's sort is the faster one where there is a single thread.
    if hashed.len() < PARALLEL_ROWS || rayon::current_num_threads() == 1 {
        hashed.sort_unstable_by_key(|hashed| hashed.hash);
    } else {
        hashed.par_sort_unstable_by_key(|hashed| hashed.hash);
    }
}

/// Sorts rows of one hash by content; nearly always they are copies of one row and there is nothing to do.
fn order_run(table: &Table<'_>, run: &mut [Hashed]) {
    let [first, rest @ ..] = &*run else { return };
    if rest.iter().any(|other| compare_rows(table, first.row, other.row) != Ordering::Equal) {
        run.sort_by(|a, b| compare_rows(table, a.row, b.row));
    }
}

/// A word of a row's content, in the byte order that is hashed.
pub(in crate::fit) type Word = [u8; 8];

/// The content without what is missing at its end: so a list has the same hash before it is known how long lists are.
pub(in crate::fit) fn without_missing_end(words: &[Word]) -> &[u8] {
    let missing = MISSING.to_le_bytes();
    let end = words.iter().rposition(|word| *word != missing).map_or(0, |last| last + 1);
    words.get(..end).unwrap_or_default().as_flattened()
}

/// Where the content of a block of rows is laid out.
#[derive(Default)]
struct Content {
    /// A row after the other: label, weight, then the features in their order.
    words: Vec<Word>,
    /// The same word of every row, before it is put into its place.
    column: Vec<u64>,
}

impl Content {
    /// Lays out at most [`BLOCK_ROWS`] rows of one chunk, and returns how many words each has.
    fn lay_out(&mut self, table: &Table<'_>, levels: &LevelWords, rows: &[RowId]) -> usize {
        let width = 2 + table.features.len();
        self.words.resize(width * rows.len(), Word::default());
        self.column.resize(rows.len(), MISSING);
        let Some(chunk) = rows.first().and_then(|row| table.chunks.get(row.chunk as usize)) else {
            return width;
        };
        let mut writer = ContentWriter { rows, run: run_of(rows), width, content: self };
        writer.write(0, chunk.label, number_word);
        match chunk.weight {
            Some(weight) => writer.write(1, weight, number_word),
            None => writer.fill(1, |_| ONE),
        }
        for index in 2..width {
            match chunk.features.get(index - 2) {
                Some(FeatureValues::Numbers(values)) => writer.write(index, values, number_word),
                Some(FeatureValues::Singles(values)) => {
                    writer.write(index, values, |x| number_word(x.into()));
                }
                Some(FeatureValues::Codes(codes)) => {
                    writer.write(index, codes, |code| levels.word(table, index - 2, code));
                }
                Some(values @ FeatureValues::Elements(_)) => {
                    writer.fill(index, |row| values.number(row).map_or(MISSING, number_word));
                }
                None => writer.fill(index, |_| MISSING),
            }
        }
        width
    }
}

/// Where the rows lie in their chunk if they lie there one after the other, as the rows of a large group do.
fn run_of(rows: &[RowId]) -> Option<Range<usize>> {
    let first = rows.first()?.row as usize;
    let is_next = |(index, row): (usize, &RowId)| row.row as usize == index;
    (first..).zip(rows).all(is_next).then(|| first..first + rows.len())
}

/// Rows of one chunk, and where their content goes.
struct ContentWriter<'a> {
    rows: &'a [RowId],
    run: Option<Range<usize>>,
    /// Words a row.
    width: usize,
    content: &'a mut Content,
}

impl ContentWriter<'_> {
    /// Writes the same word of every row, from its value.
    fn write<T: Copy>(&mut self, index: usize, values: &[T], word: impl Fn(T) -> u64) {
        let Some(run) = self.run.clone().and_then(|run| values.get(run)) else {
            return self.fill(index, |row| values.get(row).map_or(MISSING, |&x| word(x)));
        };
        let column = &mut self.content.column;
        dispatch(
            #[inline(always)]
            || column.iter_mut().zip(run).for_each(|(to, &x)| *to = word(x)),
        );
        self.put(index);
    }

    /// Writes the same word of every row, from the row.
    fn fill(&mut self, index: usize, word: impl Fn(usize) -> u64) {
        for (to, row) in self.content.column.iter_mut().zip(self.rows) {
            *to = word(row.row as usize);
        }
        self.put(index);
    }

    /// Puts the same word of every row in its place.
    fn put(&mut self, index: usize) {
        let Content { words, column } = &mut *self.content;
        let from = words.get_mut(index..).unwrap_or_default();
        for (to, word) in from.iter_mut().step_by(self.width).zip(column) {
            *to = word.to_le_bytes();
        }
    }
}

/// A number's bits, with one pattern for both zeros and one for everything missing.
#[inline(always)]
fn number_word(x: f64) -> u64 {
    let bits = if x == 0.0 { 0 } else { x.to_bits() };
    if x.abs() < f64::INFINITY { bits } else { MISSING }
}

/// The words of the levels of every categorical feature, each hashed once where that pays.
struct LevelWords {
    of_feature: Vec<Vec<u64>>,
}

impl LevelWords {
    fn new(table: &Table<'_>, rows: usize) -> Self {
        let words = |levels: &Vec<Option<&str>>| {
            // A small model of a table of many levels uses few of them.
            if levels.len() > rows {
                Vec::new()
            } else {
                levels.iter().map(|level| level_word(*level)).collect()
            }
        };
        let of_feature = table.features.iter();
        Self {
            of_feature: of_feature
                .map(|f| f.levels.as_ref().map(words).unwrap_or_default())
                .collect(),
        }
    }

    fn word(&self, table: &Table<'_>, feature: usize, code: u32) -> u64 {
        let known = self.of_feature.get(feature).and_then(|words| words.get(code as usize));
        known.copied().unwrap_or_else(|| level_word(level(table, feature, code)))
    }
}

fn level_word(level: Option<&str>) -> u64 {
    level.map_or(NULL_LEVEL, |name| xxh3_64(name.as_bytes()))
}

/// What a code means; a code out of range is NULL.
pub(in crate::fit) fn level<'a>(table: &Table<'a>, feature: usize, code: u32) -> Option<&'a str> {
    let levels = table.features.get(feature).and_then(|feature| feature.levels.as_ref());
    levels.and_then(|levels| levels.get(code as usize)).copied().flatten()
}

/// Compares two rows by content: label, weight, then the features in their order.
fn compare_rows(table: &Table<'_>, a: RowId, b: RowId) -> Ordering {
    let (Some(chunk_a), Some(chunk_b)) =
        (table.chunks.get(a.chunk as usize), table.chunks.get(b.chunk as usize))
    else {
        return Ordering::Equal;
    };
    let (row_a, row_b) = (a.row as usize, b.row as usize);
    let number = |values: &[f64], row: usize| values.get(row).map_or(MISSING, |&x| number_word(x));
    let weight = |weight: Option<&[f64]>, row: usize| {
        number_word(weight.and_then(|weight| weight.get(row)).copied().unwrap_or(1.0))
    };
    let mut order = number(chunk_a.label, row_a)
        .cmp(&number(chunk_b.label, row_b))
        .then_with(|| weight(chunk_a.weight, row_a).cmp(&weight(chunk_b.weight, row_b)));
    for (feature, pair) in chunk_a.features.iter().zip(&chunk_b.features).enumerate() {
        if order != Ordering::Equal {
            break;
        }
        order = match pair {
            (FeatureValues::Codes(a), FeatureValues::Codes(b)) => {
                let name = |codes: &[u32], row: usize| {
                    codes.get(row).and_then(|&code| level(table, feature, code))
                };
                name(a, row_a).cmp(&name(b, row_b))
            }
            (a, b) => {
                let word = |values: &FeatureValues<'_>, row| {
                    values.number(row).map_or(MISSING, number_word)
                };
                word(a, row_a).cmp(&word(b, row_b))
            }
        };
    }
    order
}
