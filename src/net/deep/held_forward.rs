//! Forward as a model predicts: no amount is extrapolated.

use pulp::{Simd, WithSimd};

use super::forward::Forward;
use super::product::Panel;
use super::shape::{HEADS, Shape};
use super::tile::{ROWS, Tile};
use super::transposed::Transposed;
use crate::net::hold;

/// Computes the heads of the first `rows` rows of a tile; those of the amount see numbers within ends. What stood in the
/// tile may be other rows' afterwards.
pub(crate) struct HeldForward<'a> {
    pub(crate) shape: &'a Shape,
    pub(crate) weights: &'a [Panel],
    pub(crate) transposed: &'a Transposed,
    /// A pair a number.
    pub(crate) amount_ends: &'a [[f32; 2]],
    pub(crate) tile: &'a mut Tile,
    pub(crate) rows: usize,
}

impl WithSimd for HeldForward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { shape, weights, transposed, amount_ends, tile, rows } = self;
        let dropout = None;
        let rows = rows.min(ROWS);
        let numbers = None;
        Forward { shape, weights, transposed, dropout, numbers, tile: &mut *tile, rows }
            .with_simd(simd);
        let mut beyond = [0; ROWS];
        let count = keep_beyond(tile, amount_ends, rows, &mut beyond);
        if count == 0 {
            return;
        }
        let all = tile.heads;
        Forward { shape, weights, transposed, dropout, numbers, tile: &mut *tile, rows: count }
            .with_simd(simd);
        let held = std::mem::replace(&mut tile.heads, all);
        for (of_all, held) in tile.heads[1..].iter_mut().zip(&held[1..HEADS]) {
            for (row, value) in beyond[..count].iter().zip(held) {
                of_all[*row] = *value;
            }
        }
    }
}

/// Moves the rows that have a number beyond its ends to the front, with their numbers held within these. Returns how many
/// these are, and writes which.
#[inline(always)]
fn keep_beyond(
    tile: &mut Tile,
    ends: &[[f32; 2]],
    rows: usize,
    beyond: &mut [usize; ROWS],
) -> usize {
    let mut is_beyond = [0_u32; ROWS];
    for (column, [least, most]) in tile.numbers.chunks_exact(ROWS).zip(ends) {
        for (is_beyond, value) in is_beyond.iter_mut().zip(column) {
            *is_beyond |= u32::from(value < least) | u32::from(value > most);
        }
    }
    let mut count = 0;
    for row in (0..rows).filter(|row| is_beyond[*row] != 0) {
        beyond[count] = row;
        count += 1;
    }
    for (column, ends) in tile.numbers.chunks_exact_mut(ROWS).zip(ends) {
        for (to, row) in beyond[..count].iter().enumerate() {
            column[to] = hold(column[*row], *ends);
        }
    }
    let width = tile.embedded_width;
    for (to, row) in beyond[..count].iter().enumerate() {
        tile.embedded.copy_within(row * width..(row + 1) * width, to * width);
    }
    count
}
