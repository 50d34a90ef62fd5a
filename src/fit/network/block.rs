//! Some rows of a batch, which one thread works on.

use super::super::gradient::AmountLoss;
use super::errors::Terms;
use super::rows::Rows;
use super::values::Ready;
use crate::math::{dispatch, dispatch_simd};
use crate::net::{Backward, Dropout, Forward, PANEL, Panel, ROWS, Shape, Tile};

/// Rows of a block: the gradient of a batch is the sum over its blocks, in their order, however many threads there are.
pub(super) const BLOCK: usize = 256;

/// Memory that a block is worked on in, and what comes out of it.
#[derive(Debug)]
pub(super) struct Worker {
    tile: Tile,
    terms: Terms,
    pub(super) gradient: Vec<Panel>,
    /// The derivatives by the embedded rows.
    pub(super) by_embedded: Vec<f32>,
    pub(super) loss: f64,
}

/// A block of a batch.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) rows: &'a Rows,
    pub(super) loss: &'a AmountLoss,
    pub(super) batch: usize,
    pub(super) block: usize,
    pub(super) dropout: Option<Dropout>,
    /// Of the step, for dropout.
    pub(super) key: u64,
}

impl Worker {
    pub(super) fn new(shape: &Shape) -> Self {
        let tile = Tile::new(shape);
        Self {
            by_embedded: vec![0.0; BLOCK * tile.embedded_width],
            tile,
            terms: Terms::new(),
            gradient: vec![[0.0; PANEL]; shape.panels()],
            loss: 0.0,
        }
    }

    /// The gradient of the summed loss of a block.
    pub(super) fn gradient(&mut self, network: &Ready<'_>, block: Block<'_>) {
        self.gradient.fill([0.0; PANEL]);
        self.pass(network, block, true);
    }

    /// The summed loss of a block.
    pub(super) fn loss(&mut self, network: &Ready<'_>, block: Block<'_>) {
        self.pass(network, block, false);
    }

    fn pass(&mut self, network: &Ready<'_>, block: Block<'_>, with_gradient: bool) {
        let Block { rows: data, loss, batch: index, block, dropout, key } = block;
        let Ready { shape, embeddings, values, transposed } = *network;
        let weights = &values.weights;
        let batch = &data.packed.batches[index];
        let (first, end) = (block * BLOCK, batch.rows.min((block + 1) * BLOCK));
        self.loss = 0.0;
        for start in (first..end).step_by(ROWS) {
            let rows = ROWS.min(end - start);
            let tile = &mut self.tile;
            let at = batch.start + start;
            data.load(&values.vectors, embeddings, index, at, rows, tile);
            if let Some(dropout) = dropout {
                dispatch(
                    #[inline(always)]
                    || dropout.draw(shape, key, at, rows, tile),
                );
            }
            dispatch_simd(Forward { shape, weights, transposed, dropout, tile, rows });
            let (terms, tile) = (&mut self.terms, &mut self.tile);
            self.loss += dispatch(
                #[inline(always)]
                || terms.of_tile(loss, data, batch, start, rows, tile, !with_gradient),
            );
            if !with_gradient {
                continue;
            }
            let gradient = &mut self.gradient;
            dispatch_simd(Backward { shape, weights, transposed, dropout, tile, rows, gradient });
            let width = tile.embedded_width;
            let to = &mut self.by_embedded[(start - first) * width..][..rows * width];
            to.copy_from_slice(&tile.by_embedded[..rows * width]);
        }
    }
}
