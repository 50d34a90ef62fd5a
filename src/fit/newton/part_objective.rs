//! The objective of a part, with its derivatives.

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

use super::rows::{DesignColumns, PartRows, RowTile};
use super::symmetric::{Symmetric, dot_tile};
use crate::family::{Curved, PAIRS, TargetTile};
use crate::fit::observer::{Stage, Step};
use crate::fit::watch::Watch;
use crate::fit::weight_penalty::WeightPenalty;
use crate::math::{TILE, dispatch};

/// Rows of a piece that one thread sums.
const PIECE_ROWS: usize = 1 << 14;

/// Numbers that the matrices of all pieces together hold at most.
const PIECES_NUMBERS: usize = 1 << 25;

/// Pieces at most.
const PIECES: usize = 32;

/// Which products by pairs of heads are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fit) enum Products {
    /// None.
    None,
    /// The expected second derivatives: the Fisher information.
    Expected,
    /// The second derivatives of the rows as they are.
    Observed,
    /// The products of the rows' slopes, of which a robust covariance is made.
    Slopes,
}

/// The mean loss of a part of the model over rows, and what is added to it.
pub(in crate::fit) struct PartObjective<'a, const H: usize, T> {
    pub(in crate::fit) rows: PartRows<'a>,
    pub(in crate::fit) columns: DesignColumns,
    pub(in crate::fit) term: T,
    pub(in crate::fit) penalty: WeightPenalty,
    /// What the weights of the rows sum to.
    pub(in crate::fit) weight_sum: f64,
    watch: Option<Watch>,
}

/// The objective at a point, head after head, with the derivatives that were asked for.
#[derive(Debug, Clone)]
pub(in crate::fit) struct Point {
    pub(in crate::fit) values: Vec<f64>,
    /// The mean loss.
    pub(in crate::fit) loss: f64,
    pub(in crate::fit) objective: f64,
    pub(in crate::fit) gradient: Vec<f64>,
    /// The sums by pairs of heads, of the mean and without what is added.
    pub(in crate::fit) products: [Symmetric; PAIRS],
}

impl Point {
    /// The slope of the objective by a weight.
    pub(in crate::fit) fn slope(&self, head: usize, column: usize) -> f64 {
        self.gradient[head * self.information(head).width + column]
    }

    pub(in crate::fit) fn value(&self, head: usize, column: usize) -> f64 {
        self.values[head * self.information(head).width + column]
    }

    /// The second derivatives of the mean loss by the weights of a head.
    pub(in crate::fit) fn information(&self, head: usize) -> &Symmetric {
        &self.products[diagonal_pair(head)]
    }

    pub(in crate::fit) fn into_values(self) -> Vec<f64> {
        self.values
    }
}

/// The pair of a head with itself.
pub(in crate::fit) fn diagonal_pair(head: usize) -> usize {
    2 * head
}

struct ObjectiveSums {
    loss: f64,
    gradient: Vec<f64>,
    products: [Symmetric; PAIRS],
}

impl ObjectiveSums {
    fn new<const H: usize>(width: usize, kind: Products) -> Self {
        let has = |pair| kind != Products::None && !vanishes::<H>(kind, pair);
        let products =
            std::array::from_fn(|pair| Symmetric::new(if has(pair) { width } else { 0 }));
        Self { loss: 0.0, gradient: vec![0.0; H * width], products }
    }

    fn add(&mut self, other: &Self) {
        self.loss += other.loss;
        self.gradient.iter_mut().zip(&other.gradient).for_each(|(sum, value)| *sum += value);
        self.products.iter_mut().zip(&other.products).for_each(|(sum, other)| sum.add_all(other));
    }
}

impl<'a, const H: usize, T: Curved<H>> PartObjective<'a, H, T> {
    pub(in crate::fit) fn new(
        rows: PartRows<'a>,
        columns: DesignColumns,
        term: T,
        penalty: WeightPenalty,
    ) -> Self {
        let weight_sum = rows.weight_sum();
        Self { rows, columns, term, penalty, weight_sum, watch: None }
    }

    /// Stops summing rows after an interrupt.
    pub(in crate::fit) fn watched(self, watch: &Watch) -> Self {
        Self { watch: Some(watch.clone()), ..self }
    }

    /// Whether the training was interrupted.
    pub(in crate::fit) fn is_interrupted(&self) -> bool {
        self.watch.as_ref().is_some_and(Watch::is_interrupted)
    }

    /// Tells how many iterations are done.
    pub(in crate::fit) fn tell(&self, iterations: u64) {
        if let Some(watch) = &self.watch {
            watch.tell(Step { stage: Stage::Iterations, done: iterations, most: None, loss: None });
        }
    }

    pub(in crate::fit) fn width(&self) -> usize {
        self.columns.width()
    }

    /// The objective at some weights, with its gradient and products.
    pub(in crate::fit) fn at(&self, values: Vec<f64>, kind: Products) -> Point {
        let ObjectiveSums { loss, mut gradient, mut products } = self.sums(&values, kind);
        let factor = 1.0 / self.weight_sum;
        for slope in &mut gradient {
            *slope *= factor;
        }
        for matrix in &mut products {
            matrix.scale(factor);
        }
        let loss = loss * factor;
        let added = self.penalty.add(self.width(), &values, &mut gradient);
        Point { values, loss, objective: loss + added, gradient, products }
    }

    /// The objective with its expected second derivatives.
    pub(in crate::fit) fn expected(&self, values: Vec<f64>) -> Point {
        self.at(values, Products::Expected)
    }

    /// The sums over the rows, in pieces whose number does not depend on the machine.
    fn sums(&self, values: &[f64], kind: Products) -> ObjectiveSums {
        let width = self.width();
        let batches = self.rows.batches.clone();
        let matrix_width = if kind == Products::None { 0 } else { width };
        let pieces = pieces(self.rows.len(), matrix_width).min(batches.len().max(1));
        let piece = |index: usize| {
            let first_batch = |index: usize| batches.start + batches.len() * index / pieces;
            self.piece(first_batch(index)..first_batch(index + 1), values, kind)
        };
        if pieces == 1 {
            return piece(0);
        }
        let mut sums = ObjectiveSums::new::<H>(width, kind);
        let at_once = pieces_at_once(rayon::current_num_threads());
        for start in (0..pieces).step_by(at_once) {
            let all = (start..pieces.min(start + at_once)).into_par_iter().map(piece);
            for piece in &all.collect::<Vec<ObjectiveSums>>() {
                sums.add(piece);
            }
        }
        sums
    }

    fn piece(&self, batches: Range<usize>, values: &[f64], kind: Products) -> ObjectiveSums {
        let mut sums = ObjectiveSums::new::<H>(self.width(), kind);
        let batches = self.rows.packed.batches.get(batches).unwrap_or(&[]);
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.tile.prepare(&self.rows.packed.inputs);
            let wanted = batches.iter().take_while(|_| !self.is_interrupted());
            for tile in wanted.flat_map(|batch| batch.tiles(self.rows.payers_only)) {
                dispatch(
                    #[inline(always)]
                    || {
                        let inputs = &self.rows.packed.inputs;
                        scratch.tile.read(inputs, &self.columns, &tile, self.rows.payers_only);
                        let packed = self.rows.packed;
                        let weight = packed.tile_weight(&tile);
                        let targets = packed.targets(&tile, &weight);
                        self.add_tile(scratch, &targets, values, kind, &mut sums);
                    },
                );
            }
        });
        sums
    }

    #[inline(always)]
    fn add_tile(
        &self,
        scratch: &mut Scratch,
        targets: &TargetTile<'_>,
        values: &[f64],
        kind: Products,
        sums: &mut ObjectiveSums,
    ) {
        let Scratch { tile, products } = scratch;
        let width = self.width();
        let mut heads = [[0.0; TILE]; H];
        for (head, values) in heads.iter_mut().zip(values.chunks_exact(width)) {
            add_head(tile, values, head);
        }
        if matches!(kind, Products::Expected | Products::Observed) {
            self.term.curvature(targets, &heads, kind == Products::Observed, products);
        }
        sums.loss += self.term.errors(targets, &mut heads, true);
        if kind == Products::Slopes {
            slope_products(targets, &heads, products);
        }
        for (slopes, gradient) in heads.iter().zip(sums.gradient.chunks_exact_mut(width)) {
            add_gradient(tile, slopes, gradient);
        }
        for (times, matrix) in products.iter().zip(&mut sums.products) {
            if matrix.width > 0 {
                matrix.add_tile(tile, times);
            }
        }
    }
}

/// How many pieces so many rows are summed in, if each has matrices of this width.
pub(super) fn pieces(rows: usize, width: usize) -> usize {
    let numbers = (PAIRS * width * width).max(1);
    (rows / PIECE_ROWS).clamp(1, (PIECES_NUMBERS / numbers).clamp(1, PIECES))
}

/// How many pieces are in memory at once: so many that no thread waits long for another.
pub(super) fn pieces_at_once(threads: usize) -> usize {
    2 * threads
}

/// What a pass over rows works in.
struct Scratch {
    tile: RowTile,
    products: [[f64; TILE]; PAIRS],
}

thread_local! {
    /// Kept from pass to pass: thousands of campaigns have a few rows each.
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

impl Scratch {
    fn new() -> Self {
        Self { tile: RowTile::default(), products: [[0.0; TILE]; PAIRS] }
    }
}

/// Whether a pair of heads is 0 throughout.
fn vanishes<const H: usize>(kind: Products, pair: usize) -> bool {
    if H == 1 { pair > 0 } else { kind == Products::Expected && pair == 1 }
}

/// The products of the rows' slopes, each row counted with its weight; `errors` have the weight already.
#[inline(always)]
fn slope_products<const H: usize>(
    targets: &TargetTile<'_>,
    errors: &[[f64; TILE]; H],
    out: &mut [[f64; TILE]; PAIRS],
) {
    for head in 0..H {
        for other in 0..=head {
            for row in 0..targets.count.min(TILE) {
                let weight = targets.weight[row];
                let product = errors[head][row] * errors[other][row];
                out[head + other][row] = if weight > 0.0 { product / weight } else { 0.0 };
            }
        }
    }
}

/// Adds what a head's weights make of the rows.
#[inline(always)]
pub(super) fn add_head(tile: &RowTile, weights: &[f64], head: &mut [f64; TILE]) {
    for (values, weight) in tile.values.iter().zip(weights) {
        for row in 0..tile.count.min(TILE) {
            head[row] = weight.mul_add(values[row], head[row]);
        }
    }
    for levels in &tile.levels {
        for (out, &level) in head.iter_mut().zip(levels).take(tile.count) {
            *out += weights.get(level as usize).copied().unwrap_or(0.0);
        }
    }
}

/// Adds the sums of slope times value.
#[inline(always)]
fn add_gradient(tile: &RowTile, slopes: &[f64; TILE], gradient: &mut [f64]) {
    for (values, out) in tile.values.iter().zip(gradient.iter_mut()) {
        *out += dot_tile(slopes, values, tile.count);
    }
    for levels in &tile.levels {
        for (slope, &level) in slopes.iter().zip(levels).take(tile.count) {
            if let Some(out) = gradient.get_mut(level as usize) {
                *out += slope;
            }
        }
    }
}
