//! Some rows of a batch, which one thread works on.

use super::calibration::CalibrationSums;
use super::errors::HeadTile;
use super::rows::NetworkRows;
use super::weights::Ready;
use crate::family::JointTerm;
use crate::fit::total::{LinearHeads, TotalSums};
use crate::math::{dispatch, dispatch_simd};
use crate::net::deep::{Backward, Dropout, Forward, HeldForward, PANEL, Panel, ROWS, Shape, Tile};
use crate::net::{Batch, TileRows};

/// Rows whose losses are summed by themselves: what a model says of its loss has the bits of these sums.
const LOSS_ROWS: usize = 64;

/// Rows of a block: the gradient of a batch is the sum over its blocks, in their order, however many threads there are.
pub(in crate::fit) const BLOCK_ROWS: usize = 256;

/// Memory that a block is worked on in, and what comes out of it.
#[derive(Debug)]
pub(super) struct Worker {
    tile: Tile,
    head_tile: HeadTile,
    pub(super) gradient: Vec<Panel>,
    /// The derivatives by the embedded rows, [`Worker::embedded_width`] numbers each.
    pub(super) by_embedded: Vec<f32>,
    pub(super) loss: f64,
    pub(super) sums: TotalSums,
    pub(super) calibration: CalibrationSums,
}

/// A block of a batch.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) rows: &'a NetworkRows,
    pub(super) batch: &'a Batch,
    /// Its index in the batch.
    pub(super) index: usize,
}

/// What is left out in a step.
#[derive(Clone, Copy)]
pub(super) struct Dropped {
    pub(super) dropout: Dropout,
    /// Of the step.
    pub(super) key: u64,
}

impl<'a> Block<'a> {
    /// The rows, a tile at a time.
    fn tiles(self) -> impl Iterator<Item = TileRows<'a>> {
        self.tiles_of(ROWS)
    }

    /// The rows, so many at a time.
    fn tiles_of(self, rows: usize) -> impl Iterator<Item = TileRows<'a>> {
        let batch = self.batch;
        let (first, end) = (self.index * BLOCK_ROWS, batch.rows.min((self.index + 1) * BLOCK_ROWS));
        let tile = move |start| TileRows { batch, start, rows: rows.min(end - start) };
        (first..end).step_by(rows).map(tile)
    }
}

impl Worker {
    pub(super) fn new(shape: &Shape) -> Self {
        let tile = Tile::new(shape);
        Self {
            by_embedded: vec![0.0; BLOCK_ROWS * tile.embedded_width],
            tile,
            head_tile: HeadTile::new(),
            gradient: vec![[0.0; PANEL]; shape.panels()],
            loss: 0.0,
            sums: TotalSums::default(),
            calibration: CalibrationSums::default(),
        }
    }

    /// Numbers of an embedded row.
    pub(super) fn embedded_width(&self) -> usize {
        self.tile.embedded_width
    }

    /// The gradient of the summed loss of a block.
    pub(super) fn gradient(
        &mut self,
        network: &Ready<'_>,
        term: &JointTerm,
        block: Block<'_>,
        dropped: Option<Dropped>,
    ) {
        let Ready { shape, values, transposed, .. } = *network;
        let weights = &values.weights;
        for (tile, rows) in block.tiles().enumerate() {
            let is_first = tile == 0;
            if let Some(Dropped { dropout, key }) = dropped {
                let (first, tile) = (rows.range().start, &mut self.tile);
                dispatch(
                    #[inline(always)]
                    || dropout.draw(shape, key, first, rows.rows, tile),
                );
            }
            let dropout = dropped.map(|dropped| dropped.dropout);
            self.forward(network, block.rows, &rows, dropout);
            let Self { tile, head_tile, gradient, by_embedded, .. } = self;
            dispatch(
                #[inline(always)]
                || head_tile.of_tile(term, block.rows, &rows, tile, false),
            );
            let width = tile.embedded_width;
            let count = rows.rows;
            dispatch_simd(Backward {
                shape,
                weights,
                transposed,
                dropout,
                numbers: Some(block.rows.numbers(&rows)),
                tile,
                rows: count,
                is_first,
                gradient,
            });
            let first = (rows.start - block.index * BLOCK_ROWS) * width;
            by_embedded[first..][..count * width]
                .copy_from_slice(&tile.by_embedded[..count * width]);
        }
    }

    /// The summed loss of a block.
    pub(super) fn loss(&mut self, network: &Ready<'_>, term: &JointTerm, block: Block<'_>) {
        self.loss = 0.0;
        for rows in block.tiles_of(LOSS_ROWS) {
            self.forward(network, block.rows, &rows, None);
            let Self { tile, head_tile, loss, .. } = self;
            *loss += dispatch(
                #[inline(always)]
                || head_tile.of_tile(term, block.rows, &rows, tile, true),
            );
        }
    }

    /// What is predicted for a block, added to the sums.
    pub(super) fn total(
        &mut self,
        network: &Ready<'_>,
        heads: &LinearHeads<'_>,
        unit: f64,
        block: Block<'_>,
    ) {
        for rows in block.tiles() {
            self.predict(network, block.rows, &rows);
            let Self { tile, head_tile, sums, .. } = self;
            dispatch(
                #[inline(always)]
                || {
                    let outputs = head_tile.heads(block.rows, &rows, tile);
                    sums.add_rows(&block.rows.packed, &rows, outputs, heads, unit);
                },
            );
        }
    }

    /// What a block says of the total.
    pub(super) fn calibration(
        &mut self,
        network: &Ready<'_>,
        heads: &LinearHeads<'_>,
        unit: f64,
        block: Block<'_>,
    ) {
        self.calibration = CalibrationSums::default();
        for rows in block.tiles() {
            self.predict(network, block.rows, &rows);
            let Self { tile, head_tile, calibration, .. } = self;
            dispatch(
                #[inline(always)]
                || {
                    let outputs = head_tile.heads(block.rows, &rows, tile);
                    calibration.add_rows(&block.rows.packed, &rows, outputs, heads, unit);
                },
            );
        }
    }

    /// The heads as the model predicts them.
    fn predict(&mut self, network: &Ready<'_>, data: &NetworkRows, rows: &TileRows<'_>) {
        let Ready { shape, embeddings, values, transposed } = *network;
        let tile = &mut self.tile;
        data.load_numbers(rows, tile);
        data.load_embedded(&values.vectors, embeddings, rows, tile);
        let (weights, rows, amount_ends) = (&values.weights, rows.rows, &data.amount_ends);
        dispatch_simd(HeldForward { shape, weights, transposed, amount_ends, tile, rows });
    }

    fn forward(
        &mut self,
        network: &Ready<'_>,
        data: &NetworkRows,
        rows: &TileRows<'_>,
        dropout: Option<Dropout>,
    ) {
        let Ready { shape, embeddings, values, transposed } = *network;
        let tile = &mut self.tile;
        data.load_embedded(&values.vectors, embeddings, rows, tile);
        let (weights, numbers, rows) = (&values.weights, Some(data.numbers(rows)), rows.rows);
        dispatch_simd(Forward { shape, weights, transposed, dropout, numbers, tile, rows });
    }
}
