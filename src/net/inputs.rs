//! Encoded rows, batch by batch.

use super::batch::Batch;
use super::levels::Category;
use super::numbers::Numbers;

/// The encoded features of rows.
#[derive(Debug)]
pub(crate) struct Inputs {
    /// The standardised numbers, batch by batch, one column after the other; padding is 0.
    numbers: Vec<f32>,
    /// How many numbers a row has.
    pub(crate) number_count: usize,
    /// The categorical features.
    pub(crate) categories: Vec<Category>,
    /// How many levels all categorical features have.
    pub(crate) level_count: usize,
}

/// A column of numbers: a piece a batch.
pub(crate) type ColumnPieces<'a> = Vec<&'a mut [f32]>;

impl Inputs {
    /// Room for so many numbers of so many rows, padding included; no categories.
    pub(crate) fn new(number_count: usize, rows: usize) -> Self {
        Self {
            numbers: vec![0.0; number_count * rows],
            number_count,
            categories: Vec::new(),
            level_count: 0,
        }
    }

    /// The weights of a head: the intercept, the numbers, the levels.
    pub(crate) fn width(&self) -> usize {
        1 + self.number_count + self.level_count
    }

    /// How many numbers there are in all.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Adds a categorical feature with so many levels.
    pub(crate) fn push_category(&mut self, category: Category, levels: usize) {
        self.categories.push(category);
        self.level_count += levels;
    }

    /// The numbers of a batch.
    #[inline(always)]
    pub(crate) fn numbers_of(&self, batch: &Batch) -> Numbers<'_> {
        let start = self.number_count * batch.start;
        let values = self.numbers.get(start..start + self.number_count * batch.stride);
        Numbers::new(values.unwrap_or(&[]), batch.stride)
    }

    /// The rows of one number of a batch.
    pub(crate) fn number_mut(&mut self, batch: &Batch, column: usize) -> &mut [f32] {
        let start = self.number_count * batch.start + column * batch.stride;
        self.numbers.get_mut(start..start + batch.rows).unwrap_or_default()
    }

    /// Each column of numbers, in the pieces in which it lies in the batches.
    pub(crate) fn columns_mut(&mut self, batches: &[Batch]) -> Vec<ColumnPieces<'_>> {
        let mut columns: Vec<ColumnPieces<'_>> =
            (0..self.number_count).map(|_| Vec::with_capacity(batches.len())).collect();
        let mut rest = self.numbers.as_mut_slice();
        for batch in batches {
            for column in &mut columns {
                let (piece, after) = std::mem::take(&mut rest).split_at_mut(batch.stride);
                column.push(piece);
                rest = after;
            }
        }
        columns
    }
}
