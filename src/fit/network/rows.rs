//! Rows for a network: packed, with what the linear heads predict for them.

use super::linear::Linear;
use crate::fit::encode::{Packed, PackedFor, Targets, deal, pack_encoded};
use crate::fit::rows::{Hashed, RowId};
use crate::fit::total::linear_heads;
use crate::model::amount_ends;
use crate::net::TileRows;
use crate::net::deep::{Embedding, NumberColumns, ROWS, Tile};

/// Packed rows and the heads that the network adds to.
pub(super) struct NetworkRows {
    pub(super) packed: Packed,
    /// Head after head, of each packed row: the logit, mu in units of the scale, raw sigma.
    pub(super) offsets: [Vec<f32>; 3],
    /// Of each number where the heads of the amount hold it: within its range among the payers.
    pub(super) amount_ends: Vec<[f32; 2]>,
}

impl NetworkRows {
    /// Packs rows in their order.
    pub(super) fn new(linear: &Linear<'_>, rows: &[Hashed], batch_size: usize) -> Self {
        let Linear { table, usable, encodings, .. } = *linear;
        let rows: Vec<RowId> = rows.iter().map(|row| row.row).collect();
        let labels = usable.labels(table, &rows);
        let layout = deal(&rows, &labels, batch_size);
        let targets = Targets::gather(table, &layout);
        let packed = pack_encoded(table, &layout, &targets, encodings, PackedFor::Paying);
        let offsets = offsets(&packed, linear);
        Self { packed, offsets, amount_ends: amount_ends(&linear.features()) }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.packed.batches.iter().map(|batch| batch.rows).sum()
    }

    /// The numbers of some rows where they lie.
    pub(super) fn numbers(&self, rows: &TileRows<'_>) -> NumberColumns<'_> {
        let (values, stride) = self.packed.inputs.numbers_of(rows.batch).after_row(rows.start);
        NumberColumns { values, stride }
    }

    /// Fills a tile with the numbers of at most [`ROWS`] rows.
    pub(super) fn load_numbers(&self, rows: &TileRows<'_>, tile: &mut Tile) {
        let numbers = self.packed.inputs.numbers_of(rows.batch);
        for (column, to) in tile.numbers.chunks_exact_mut(ROWS).enumerate() {
            to[..rows.rows].copy_from_slice(&numbers.column(column, rows.start)[..rows.rows]);
        }
    }

    /// Fills a tile with the embeddings of at most [`ROWS`] rows.
    pub(super) fn load_embedded(
        &self,
        vectors: &[Vec<f32>],
        embeddings: &[Embedding],
        rows: &TileRows<'_>,
        tile: &mut Tile,
    ) {
        let inputs = &self.packed.inputs;
        let width = tile.embedded_width;
        for ((category, vectors), embedding) in
            inputs.categories.iter().zip(vectors).zip(embeddings)
        {
            let levels = category.levels(rows.batch, false);
            let level =
                |&local: &u32| Some(*levels.get((local as usize).checked_sub(1)?)? as usize);
            let of_rows = category.local(rows.range()).iter().map(level);
            embedding.gather(vectors, of_rows, width, &mut tile.embedded[..rows.rows * width]);
        }
    }
}

fn offsets(packed: &Packed, linear: &Linear<'_>) -> [Vec<f32>; 3] {
    let rows = packed.batches.last().map_or(0, |batch| batch.start + batch.stride);
    let mut offsets = [0, 1, 2].map(|_| vec![0.0; rows]);
    linear_heads(packed, linear.encodings, &linear.heads, |tile, heads| {
        for (to, head) in offsets.iter_mut().zip(heads) {
            for (to, head) in to[tile.range()].iter_mut().zip(head) {
                *to = *head as f32;
            }
        }
    });
    offsets
}
