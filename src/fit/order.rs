//! The canonical order: rows sorted by a seeded hash of their content.

use std::cmp::Ordering;
use std::ops::Range;

use rayon::prelude::*;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::table::{RowId, Table, Values};
use crate::math::dispatch;

/// Fewer rows than this are hashed and sorted on one thread.
const PARALLEL_ROWS: usize = 1 << 16;

/// Rows whose content is laid out together.
const BLOCK_ROWS: usize = 64;

/// The word of the weight of a row without one.
const ONE: u64 = 1.0_f64.to_bits();

/// The word of every missing number: a NaN that no finite number equals.
const MISSING: u64 = 0x7ff8_0000_0000_0000;

/// The word of the level NULL.
const NULL_LEVEL: u64 = 0x6e75_6c6c_6e75_6c6c;

/// A row and the hash of its content.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hashed {
    pub(super) hash: u64,
    pub(super) row: RowId,
}

/// Rows in the canonical order. Equal hashes stand in the order of their content, so that the order depends on
/// the content alone.
pub(super) fn canonical_order(table: &Table<'_>, rows: &[RowId], seed: u64) -> Vec<Hashed> {
    let levels = LevelWords::new(table, rows.len());
    let hash_all = |rows: &[RowId]| {
        let mut words = Vec::new();
        let mut hashed = Vec::with_capacity(rows.len());
        for run in rows.chunk_by(|a, b| a.chunk == b.chunk) {
            for block in run.chunks(BLOCK_ROWS) {
                write_words(table, &levels, block, &mut words);
                let contents = words.chunks_exact(words.len() / block.len());
                let hash = |(&row, content): (&RowId, &[Word])| Hashed {
                    hash: xxh3_64_with_seed(content.as_flattened(), seed),
                    row,
                };
                hashed.extend(block.iter().zip(contents).map(hash));
            }
        }
        hashed
    };
    let mut hashed = if rows.len() < PARALLEL_ROWS {
        let mut hashed = hash_all(rows);
        hashed.sort_unstable_by_key(|hashed| hashed.hash);
        hashed
    } else {
        let mut hashed: Vec<Hashed> =
            rows.par_chunks(PARALLEL_ROWS / 8).flat_map_iter(hash_all).collect();
        sort(&mut hashed);
        hashed
    };
    for run in hashed.chunk_by_mut(|a, b| a.hash == b.hash) {
        order_run(table, run);
    }
    hashed
}

/// Sorts many rows by their hash, on all threads.
fn sort(hashed: &mut [Hashed]) {
    // The standard library's sort is the faster one where there is a single thread.
    if rayon::current_num_threads() == 1 {
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
type Word = [u8; 8];

/// Writes the content of rows of one chunk, a row after the other: label, weight, then the features in their order.
fn write_words(table: &Table<'_>, levels: &LevelWords, rows: &[RowId], words: &mut Vec<Word>) {
    let width = 2 + table.features.len();
    words.resize(width * rows.len(), Word::default());
    let Some(chunk) = rows.first().and_then(|row| table.chunks.get(row.chunk as usize)) else {
        return;
    };
    let mut out = Words { rows, run: run_of(rows), width, content: words };
    out.write(0, chunk.label, number_word);
    match chunk.weight {
        Some(weight) => out.write(1, weight, number_word),
        None => out.put(1, &[ONE; BLOCK_ROWS]),
    }
    for place in 2..width {
        match chunk.features.get(place - 2) {
            Some(Values::Numbers(values)) => out.write(place, values, number_word),
            Some(Values::Singles(values)) => out.write(place, values, |x| number_word(x.into())),
            Some(Values::Codes(codes)) => {
                out.write(place, codes, |code| levels.word(table, place - 2, code));
            }
            Some(values @ Values::Place(_)) => {
                out.write_each(place, |row| values.number(row).map_or(MISSING, number_word));
            }
            None => out.put(place, &[MISSING; BLOCK_ROWS]),
        }
    }
}

/// Where the rows lie in their chunk if they lie there one after the other, as the rows of a large group do.
fn run_of(rows: &[RowId]) -> Option<Range<usize>> {
    let first = rows.first()?.row as usize;
    let is_next = |(place, row): (usize, &RowId)| row.row as usize == place;
    (first..).zip(rows).all(is_next).then(|| first..first + rows.len())
}

/// Where the content of at most [`BLOCK_ROWS`] rows goes.
struct Words<'a> {
    rows: &'a [RowId],
    run: Option<Range<usize>>,
    /// Words a row.
    width: usize,
    content: &'a mut [Word],
}

impl Words<'_> {
    /// Writes the same word of every row, from its value.
    fn write<T: Copy>(&mut self, place: usize, values: &[T], word: impl Fn(T) -> u64) {
        let mut column = [MISSING; BLOCK_ROWS];
        match self.run.clone().and_then(|run| values.get(run)) {
            Some(run) => dispatch(
                #[inline(always)]
                || column.iter_mut().zip(run).for_each(|(to, &x)| *to = word(x)),
            ),
            None => {
                for (to, row) in column.iter_mut().zip(self.rows) {
                    *to = values.get(row.row as usize).map_or(MISSING, |&x| word(x));
                }
            }
        }
        self.put(place, &column);
    }

    /// Writes the same word of every row, from the row.
    fn write_each(&mut self, place: usize, word: impl Fn(usize) -> u64) {
        let mut column = [MISSING; BLOCK_ROWS];
        for (to, row) in column.iter_mut().zip(self.rows) {
            *to = word(row.row as usize);
        }
        self.put(place, &column);
    }

    /// Puts the same word of every row in its place.
    fn put(&mut self, place: usize, column: &[u64; BLOCK_ROWS]) {
        let from = self.content.get_mut(place..).unwrap_or_default();
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
pub(super) fn level<'a>(table: &Table<'a>, feature: usize, code: u32) -> Option<&'a str> {
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
            (Values::Codes(a), Values::Codes(b)) => {
                let name = |codes: &[u32], row: usize| {
                    codes.get(row).and_then(|&code| level(table, feature, code))
                };
                name(a, row_a).cmp(&name(b, row_b))
            }
            (a, b) => {
                let word =
                    |values: &Values<'_>, row| values.number(row).map_or(MISSING, number_word);
                word(a, row_a).cmp(&word(b, row_b))
            }
        };
    }
    order
}
