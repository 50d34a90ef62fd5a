//! How much memory training takes beside the rows that it is given.
//!
//! An engine that counts memory has to know before training begins. The steps that take most are those before the first
//! epoch: the rows are ordered and dealt into batches, and the features packed. Each has a term here, in bytes a row;
//! `tests/memory.rs` compares the sum with what the allocator is asked for.

use super::rows::{LEAST_NUMBERS, LEAST_ROWS};

/// What the rows of a model are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// How many rows there are.
    pub rows: usize,
    /// How many numeric features.
    pub numbers: usize,
    /// How many categorical features.
    pub categories: usize,
    /// How many levels these have.
    pub levels: usize,
    /// Whether rows have weights.
    pub weighted: bool,
}

/// A reference to a row, a label, a weight, and a row with its hash.
const ROW: usize = 8;
const LABEL: usize = 8;
const WEIGHT: usize = 8;
const HASHED: usize = 16;

/// A packed number, and a packed code of a level.
const NUMBER: usize = 4;
const CODE: usize = 4;

/// The levels of a batch, in a vector that grows: as much for every row whose level is new in its batch.
const BATCH_LEVEL: usize = 16;
const BATCH_ROWS: usize = 1024;

/// A column as it is gathered, on each thread.
const COLUMN: usize = 8;

/// The places of a `Route` (`rows/route.rs`).
const ROUTE: usize = 6;

/// Rows that are picked one by one: their vector may have room for twice as many.
const PICKED: usize = 2;

/// Weights, averages and gradients of a feature's number or level, of three heads, and their names.
const WEIGHTS: usize = 400;

/// What a training takes however few the rows are.
const LEAST: usize = 32 << 10;

/// About how many bytes training a model takes at most, on so many threads, beside the rows it is given.
///
/// ```
/// use ziln::fit::{Shape, training_bytes};
///
/// let shape = Shape { rows: 1_000_000, numbers: 20, categories: 0, levels: 0, weighted: false };
/// let most = training_bytes(&shape, 2);
/// assert!((80 << 20..160 << 20).contains(&most), "{most}");
/// ```
pub fn training_bytes(shape: &Shape, threads: usize) -> usize {
    let &Shape { rows, numbers, categories, levels, weighted } = shape;
    let weights = if weighted { 2 * WEIGHT } else { 0 };
    // The rows that can be used, hashed by several threads, put together and sorted.
    let ordering = PICKED * ROW + 2 * HASHED;
    // Payers and others apart, then in batches.
    let dealing = ROW + LABEL + PICKED * (ROW + LABEL) + ROW + LABEL;
    let new_levels = BATCH_LEVEL * levels.min(categories * BATCH_ROWS) / BATCH_ROWS;
    let packed = numbers * NUMBER + categories * CODE + new_levels + LABEL + weights;
    let route = if rows >= LEAST_ROWS && numbers >= LEAST_NUMBERS { ROUTE } else { 0 };
    let gathered = COLUMN * threads.clamp(1, numbers.max(1)) + if weighted { 0 } else { WEIGHT };
    let packing = ROW + LABEL + packed + route + gathered + if categories > 0 { CODE } else { 0 };
    rows * ordering.max(dealing).max(packing) + (numbers + levels) * WEIGHTS + LEAST
}

/// About how many bytes the text of a model takes.
pub fn model_bytes(numbers: usize, levels: usize) -> usize {
    1500 + numbers * 250 + levels * 90
}
