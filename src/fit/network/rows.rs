//! Rows for a network: packed, with what the linear heads predict for them.

use super::super::layout::{Batch, deal};
use super::super::pack::{Packed, PackedFor, Targets, pack_encoded};
use super::super::table::{RowId, Table};
use super::super::total::linear_heads;
use super::super::usable::Usable;
use super::train::Linear;
use crate::net::{Embedding, ROWS, Tile};

/// Packed rows and the heads that the network adds to.
pub(super) struct Rows {
    pub(super) packed: Packed,
    /// Head after head, of each packed row: the logit, mu in units of the scale, raw sigma.
    pub(super) offsets: [Vec<f32>; 3],
}

impl Rows {
    /// Packs rows in their order.
    pub(super) fn new(
        table: &Table<'_>,
        usable: &Usable,
        rows: &[RowId],
        batch_size: usize,
        linear: &Linear<'_>,
    ) -> Self {
        let labels = usable.labels(table, rows);
        let layout = deal(rows, &labels, batch_size);
        let targets = Targets::gather(table, &layout);
        let packed = pack_encoded(table, &layout, &targets, linear.encodings, PackedFor::Paying);
        let offsets = offsets(&packed, linear);
        Self { packed, offsets }
    }

    /// Fills a tile with the inputs of rows.
    pub(super) fn load(
        &self,
        vectors: &[Vec<f32>],
        embeddings: &[Embedding],
        index: usize,
        at: usize,
        rows: usize,
        tile: &mut Tile,
    ) {
        let columns = self.packed.numbers.chunks_exact(self.packed.stride.max(1));
        for (to, column) in tile.numbers.chunks_exact_mut(ROWS).zip(columns) {
            to[..rows].copy_from_slice(&column[at..at + rows]);
        }
        let width = tile.embedded_width;
        for ((category, vectors), embedding) in
            self.packed.categories.iter().zip(vectors).zip(embeddings)
        {
            let levels = category.levels(index, false);
            let local = category.local[at..at + rows].iter();
            let of_rows = local
                .map(|&local| Some(*levels.get((local as usize).checked_sub(1)?)? as usize));
            embedding.gather(vectors, of_rows, width, &mut tile.embedded[..rows * width]);
        }
    }
}

fn offsets(packed: &Packed, linear: &Linear<'_>) -> [Vec<f32>; 3] {
    let mut offsets = [0, 1, 2].map(|_| vec![0.0; packed.stride]);
    let mut write = |batch: &Batch, start: usize, rows: usize, heads: &[&[f64]; 3]| {
        for (to, head) in offsets.iter_mut().zip(heads) {
            let to = &mut to[batch.start + start..][..rows];
            for (to, head) in to.iter_mut().zip(*head) {
                *to = *head as f32;
            }
        }
    };
    linear_heads(packed, linear.encodings, &linear.heads(), &mut write);
    offsets
}

/// Of rows in canonical order the tables' rows.
pub(super) fn row_ids(rows: &[super::super::order::Hashed]) -> Vec<RowId> {
    rows.iter().map(|row| row.row).collect()
}

