//! The heads: linear in the units of the last layer.

use super::product::{PANEL, Panel};
use super::tile::ROWS;

/// Heads with padding: logit, mu, raw sigma and one that stays 0, for vectors of four.
pub(crate) const HEADS: usize = 4;

/// Rows whose heads are summed together.
const BLOCK: usize = 8;

/// What the network adds to the heads of the rows. `weights` has one entry a unit.
#[inline(always)]
pub(super) fn add_up(
    rows: usize,
    units: &[Panel],
    panels: usize,
    weights: &[[f32; HEADS]],
    bias: [f32; HEADS],
    heads: &mut [[f32; ROWS]; HEADS],
) {
    let mut row = 0;
    while row + BLOCK <= rows {
        block::<BLOCK>(row, units, panels, weights, bias, heads);
        row += BLOCK;
    }
    while row < rows {
        block::<1>(row, units, panels, weights, bias, heads);
        row += 1;
    }
}

#[inline(always)]
fn block<const M: usize>(
    first: usize,
    units: &[Panel],
    panels: usize,
    weights: &[[f32; HEADS]],
    bias: [f32; HEADS],
    heads: &mut [[f32; ROWS]; HEADS],
) {
    let mut sums = [bias; M];
    for (panel, weights) in weights.chunks(PANEL).enumerate() {
        let rows: [&Panel; M] = std::array::from_fn(|row| &units[(first + row) * panels + panel]);
        for (lane, weights) in weights.iter().enumerate() {
            for row in 0..M {
                let unit = rows[row][lane % PANEL];
                for head in 0..HEADS {
                    sums[row][head] = unit.mul_add(weights[head], sums[row][head]);
                }
            }
        }
    }
    for (row, sums) in sums.into_iter().enumerate() {
        for (head, sum) in sums.into_iter().enumerate() {
            heads[head][first + row] = sum;
        }
    }
}
