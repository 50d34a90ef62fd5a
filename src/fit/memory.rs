//! How much memory training takes beside the rows that it is given.
//!
//! An engine that counts memory has to know before training begins. The steps that take most are those before the first
//! epoch: the rows are ordered and dealt into batches, and the features packed. Each has a term here, in bytes a row;
//! `tests/memory.rs` compares the sum with what the allocator is asked for.

use super::rows::{LEAST_NUMBERS, LEAST_ROWS};
use super::{network, newton};
use crate::net::deep;

/// What the rows of a model are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataShape<'a> {
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
    /// The units of each hidden layer; none for a linear model.
    pub hidden: &'a [usize],
    /// What the heads are trained by.
    pub solver: HeadSolver,
}

/// What linear heads are trained by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadSolver {
    /// Steps of gradient descent.
    Steps,
    /// The second derivatives, as matrices of all columns.
    Exact {
        /// Whether standard errors are robust ones.
        robust: bool,
        /// Whether the model keeps the covariances of its weights.
        covariance: bool,
    },
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

/// The positions of a `Route` (`rows/route.rs`).
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
/// use ziln::fit::{DataShape, HeadSolver, training_bytes};
///
/// let solver = HeadSolver::Steps;
/// let (rows, numbers) = (1_000_000, 20);
/// let shape = DataShape { rows, numbers, categories: 0, levels: 0, weighted: false, hidden: &[], solver };
/// let most = training_bytes(&shape, 2);
/// assert!((80 << 20..160 << 20).contains(&most), "{most}");
/// ```
pub fn training_bytes(shape: &DataShape<'_>, threads: usize) -> usize {
    let &DataShape { rows, numbers, categories, levels, weighted, hidden, solver } = shape;
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
    let linear = ordering.max(dealing).max(packing);
    let matrices = match solver {
        HeadSolver::Steps => 0,
        HeadSolver::Exact { robust, .. } => {
            newton::matrix_bytes((rows, 1 + numbers + levels), robust, threads)
        }
    };
    let linear_heads = (numbers + levels) * WEIGHTS + LEAST + matrices;
    if hidden.is_empty() {
        return rows * linear + linear_heads;
    }
    // The rows are packed once more, with what the linear heads say of them.
    let again = packed + HASHED + ROW + LABEL + packing + OFFSETS;
    rows * linear.max(again) + linear_heads + network_bytes(shape)
}

/// What the heads of a row add up to, in single precision.
const OFFSETS: usize = 3 * 4;

/// Copies of the weights: themselves, their average, two averages of gradients, the best so far with all of these, a
/// gradient, its transposed form, and what the total is held with.
const COPIES: usize = 11;

/// The same of the vectors of levels.
const VECTOR_COPIES: usize = 10;

/// What the network of a model takes, beside its rows.
fn network_bytes(shape: &DataShape<'_>) -> usize {
    let NetworkSize { panels, vectors, embedded, units } = NetworkSize::of(shape);
    let workers = network::workers(network::automatic_batch_size(shape.rows));
    let tile = deep::ROWS * (shape.numbers + 2 * embedded + 3 * units);
    let worker = panels * deep::PANEL + tile + network::BLOCK_ROWS * embedded;
    4 * (panels * deep::PANEL * COPIES + vectors * VECTOR_COPIES + workers * worker)
}

/// How large a network is.
struct NetworkSize {
    /// Of the weights of layers and heads.
    panels: usize,
    /// Numbers of all levels.
    vectors: usize,
    /// Numbers of a row's levels, and the units of all layers, with padding.
    embedded: usize,
    units: usize,
}

impl NetworkSize {
    /// As if all categories had as many levels.
    fn of(shape: &DataShape<'_>) -> Self {
        let &DataShape { numbers, categories, levels, hidden, .. } = shape;
        let size = deep::embedding_size(levels.div_ceil(categories.max(1)), categories);
        let embedded = categories * size;
        let layers = deep::Shape::new(numbers, embedded, hidden);
        Self {
            panels: layers.panels(),
            vectors: levels * size,
            embedded: embedded.next_multiple_of(deep::PANEL),
            units: layers.layers.iter().map(deep::Layer::width).sum(),
        }
    }
}

/// What the text of a model takes without features, for each number and level, for the standard errors of one, for each
/// weight of a network and for each covariance.
const TEXT: usize = 1500;
const NUMBER_TEXT: usize = 250;
const LEVEL_TEXT: usize = 90;
const WEIGHT_TEXT: usize = 12;
const ERROR_TEXT: usize = 75;
const COVARIANCE_TEXT: usize = 22;

/// About how many bytes the text of a model takes.
pub fn model_bytes(shape: &DataShape<'_>) -> usize {
    let of_network = if shape.hidden.is_empty() {
        0
    } else {
        let NetworkSize { panels, vectors, .. } = NetworkSize::of(shape);
        (panels * deep::PANEL + vectors) * WEIGHT_TEXT
    };
    let of_errors = match shape.solver {
        HeadSolver::Steps => 0,
        HeadSolver::Exact { covariance, .. } => {
            let width = 1 + shape.numbers + shape.levels;
            // A triangle of the logit, and one of the two heads of the amount.
            let covariances = if covariance { 5 * width * width.div_ceil(2) } else { 0 };
            width * ERROR_TEXT + covariances * COVARIANCE_TEXT
        }
    };
    TEXT + shape.numbers * NUMBER_TEXT + shape.levels * LEVEL_TEXT + of_network + of_errors
}
