//! The rows of a part, tile by tile: the one place where the solver reads the packed batches.

use std::ops::Range;

use crate::fit::encode::Packed;
use crate::math::TILE;
use crate::net::{Batch, Inputs, TileRows};

/// A level that a problem has no column for.
pub(super) const NO_COLUMN: u32 = u32::MAX;

/// Some batches of packed rows, or their payers alone.
#[derive(Debug, Clone)]
pub(in crate::fit) struct PartRows<'a> {
    pub(in crate::fit) packed: &'a Packed,
    pub(in crate::fit) batches: Range<usize>,
    pub(in crate::fit) payers_only: bool,
}

impl<'a> PartRows<'a> {
    pub(in crate::fit) fn new(
        packed: &'a Packed,
        batches: Range<usize>,
        payers_only: bool,
    ) -> Self {
        Self { packed, batches, payers_only }
    }

    /// How many there are.
    pub(in crate::fit) fn len(&self) -> usize {
        self.batches().iter().map(|batch| batch.rows_of(self.payers_only)).sum()
    }

    pub(in crate::fit) fn batches(&self) -> &'a [Batch] {
        self.packed.batches.get(self.batches.clone()).unwrap_or(&[])
    }

    /// What their weights sum to.
    pub(in crate::fit) fn weight_sum(&self) -> f64 {
        match &self.packed.weight {
            None => self.len() as f64,
            Some(weights) => {
                let rows =
                    |batch: &Batch| batch.start..batch.start + batch.rows_of(self.payers_only);
                self.batches().iter().map(|batch| weights[rows(batch)].iter().sum::<f64>()).sum()
            }
        }
    }
}

/// The columns of a problem's design matrix: the intercept, the numbers, and the levels that its rows have, in the order of all levels.
#[derive(Debug, Clone)]
pub(in crate::fit) struct DesignColumns {
    /// Of each column its index in a head of a part.
    part_indices: Vec<usize>,
    /// Of each level of all features its column.
    of_level: Vec<u32>,
}

impl DesignColumns {
    pub(in crate::fit) fn new(rows: &PartRows<'_>) -> Self {
        let packed = rows.packed;
        let dense = 1 + packed.inputs.number_count;
        let mut of_level = vec![NO_COLUMN; packed.inputs.level_count];
        for category in &packed.inputs.categories {
            for batch in rows.batches() {
                for &level in category.levels(batch, rows.payers_only) {
                    if let Some(slot) = of_level.get_mut(category.offset + level as usize) {
                        *slot = 0;
                    }
                }
            }
        }
        let mut part_indices: Vec<usize> = (0..dense).collect();
        for (level, slot) in of_level.iter_mut().enumerate().filter(|(_, s)| **s != NO_COLUMN) {
            *slot = part_indices.len() as u32;
            part_indices.push(dense + level);
        }
        Self { part_indices, of_level }
    }

    /// How many there are.
    pub(in crate::fit) fn width(&self) -> usize {
        self.part_indices.len()
    }

    /// Of each column its index in a head of a part.
    pub(in crate::fit) fn part_indices(&self) -> &[usize] {
        &self.part_indices
    }

    /// What of the values of heads, each `width` long, belongs to the columns.
    pub(in crate::fit) fn pick_heads(&self, heads: &[f64], width: usize) -> Vec<f64> {
        heads.chunks_exact(width).flat_map(|head| self.pick(head)).collect()
    }

    /// What of the values of a head of a part belongs to the columns.
    pub(in crate::fit) fn pick(&self, head: &[f64]) -> Vec<f64> {
        self.part_indices.iter().map(|&index| head.get(index).copied().unwrap_or(0.0)).collect()
    }
}

/// Rows of a batch, with their values in double precision.
#[derive(Default)]
pub(super) struct RowTile {
    /// Rows, padding included.
    pub(super) count: usize,
    /// The intercept's column of ones and the numbers, one after the other; padding is 0.
    pub(super) values: Vec<[f64; TILE]>,
    /// Of each categorical feature the column of each row, if it has one.
    pub(super) levels: Vec<[u32; TILE]>,
}

impl RowTile {
    /// Makes room for the columns of some rows.
    pub(super) fn prepare(&mut self, inputs: &Inputs) {
        self.values.resize(1 + inputs.number_count, [0.0; TILE]);
        if let Some(ones) = self.values.first_mut() {
            ones.fill(1.0);
        }
        self.levels.resize(inputs.categories.len(), [NO_COLUMN; TILE]);
    }

    /// Reads the rows of a tile.
    #[inline(always)]
    pub(super) fn read(
        &mut self,
        inputs: &Inputs,
        columns: &DesignColumns,
        tile: &TileRows<'_>,
        payers_only: bool,
    ) {
        self.count = tile.padded();
        let numbers = inputs.numbers_of(tile.batch);
        for (column, out) in self.values.iter_mut().skip(1).enumerate() {
            let values = numbers.column(column, tile.start);
            for (out, value) in out.iter_mut().zip(values).take(tile.rows) {
                *out = f64::from(*value);
            }
            out[tile.rows..self.count].fill(0.0);
        }
        for (category, out) in inputs.categories.iter().zip(&mut self.levels) {
            let levels = category.levels(tile.batch, payers_only);
            for (out, &local) in out.iter_mut().zip(category.local(tile.range())) {
                let level = (local as usize).checked_sub(1).and_then(|index| levels.get(index));
                let column = |&level: &u32| columns.of_level.get(category.offset + level as usize);
                *out = level.and_then(column).copied().unwrap_or(NO_COLUMN);
            }
            out[tile.rows..self.count].fill(NO_COLUMN);
        }
    }
}
