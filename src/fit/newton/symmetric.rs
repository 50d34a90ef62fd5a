//! Symmetric matrices `X'DX` of a problem's columns, summed tile by tile.

use super::rows::RowTile;
use crate::math::TILE;

/// Rows that are summed side by side.
const LANES: usize = 8;

/// Columns that are multiplied by one at a time.
const WIDE: usize = 4;

/// A symmetric matrix, of which the lower triangle is kept.
#[derive(Debug, Clone)]
pub(in crate::fit) struct Symmetric {
    pub(in crate::fit) width: usize,
    /// Row by row, each `width` long; what is above the diagonal has no meaning.
    pub(in crate::fit) values: Vec<f64>,
}

impl Symmetric {
    pub(in crate::fit) fn new(width: usize) -> Self {
        Self { width, values: vec![0.0; width * width] }
    }

    /// The value in a row and a column.
    #[inline]
    pub(in crate::fit) fn get(&self, row: usize, column: usize) -> f64 {
        let (high, low) = if row < column { (column, row) } else { (row, column) };
        self.values[high * self.width + low]
    }

    /// Adds to a value on or below the diagonal.
    #[inline]
    pub(in crate::fit) fn add(&mut self, row: usize, column: usize, value: f64) {
        self.values[row * self.width + column] += value;
    }

    /// Adds another one.
    pub(in crate::fit) fn add_all(&mut self, other: &Self) {
        self.values.iter_mut().zip(&other.values).for_each(|(sum, value)| *sum += value);
    }

    /// Multiplies it by a number.
    pub(in crate::fit) fn scale(&mut self, factor: f64) {
        self.values.iter_mut().for_each(|value| *value *= factor);
    }

    /// Adds the products of the columns of a tile, each row counted so many times.
    #[inline(always)]
    pub(super) fn add_tile(&mut self, tile: &RowTile, times: &[f64; TILE]) {
        let count = tile.count.min(TILE);
        let mut column = [0.0; TILE];
        for (row, values) in tile.values.iter().enumerate() {
            for k in 0..count {
                column[k] = values[k] * times[k];
            }
            let out = &mut self.values[row * self.width..][..=row];
            add_products(&column[..count], &tile.values, out);
        }
        self.add_levels(tile, times);
    }

    /// The products with the columns of levels, row by row.
    #[inline(always)]
    fn add_levels(&mut self, tile: &RowTile, times: &[f64; TILE]) {
        for (category, levels) in tile.levels.iter().enumerate() {
            for (row, (&level, times)) in levels.iter().zip(times).enumerate().take(tile.count) {
                let level = level as usize;
                let Some(out) = self.values.get_mut(level.saturating_mul(self.width)..) else {
                    continue;
                };
                for (out, values) in out.iter_mut().zip(&tile.values) {
                    *out += times * values[row];
                }
                for before in &tile.levels[..category] {
                    if let Some(out) = out.get_mut(before[row] as usize) {
                        *out += times;
                    }
                }
                out[level] += times;
            }
        }
    }
}

/// Adds the sums of a column times each of the columns up to its own.
#[inline(always)]
fn add_products(column: &[f64], columns: &[[f64; TILE]], out: &mut [f64]) {
    // A closure in this place would not be compiled for wide vectors.
    let (wide_out, rest_out) = out.as_chunks_mut::<WIDE>();
    let (wide, _) = columns.as_chunks::<WIDE>();
    let rest = columns.get(wide_out.len() * WIDE..).unwrap_or(&[]);
    for (out, columns) in wide_out.iter_mut().zip(wide) {
        let sums = dots(column, columns.each_ref());
        for k in 0..WIDE {
            out[k] += sums[k];
        }
    }
    for (out, values) in rest_out.iter_mut().zip(rest) {
        *out += dots(column, [values])[0];
    }
}

/// The sums over the rows of a column times each of some columns, in fixed lanes.
#[inline(always)]
fn dots<const N: usize>(column: &[f64], columns: [&[f64; TILE]; N]) -> [f64; N] {
    let (blocks, _) = column.as_chunks::<LANES>();
    let mut sums = [[0.0_f64; LANES]; N];
    for (index, block) in blocks.iter().enumerate() {
        for k in 0..N {
            let (values, _) = columns[k].as_chunks::<LANES>();
            let values = &values[index];
            for lane in 0..LANES {
                sums[k][lane] = block[lane].mul_add(values[lane], sums[k][lane]);
            }
        }
    }
    let mut totals = [0.0; N];
    for k in 0..N {
        for lane in &sums[k] {
            totals[k] += lane;
        }
    }
    totals
}

/// The sum over the rows of two columns' products, in fixed lanes.
#[inline(always)]
pub(super) fn dot_tile(a: &[f64; TILE], b: &[f64; TILE], count: usize) -> f64 {
    dots(&a[..count.min(TILE)], [b])[0]
}
