//! Adds a tile of rows to the sums of a part.

use std::cell::RefCell;

use super::fixed_point_sum::{FixedPointSum, add_products};
use super::profile::Profile;
use super::sums::{PartSums, PassSums, UNIT};
use crate::family::{AmountTerm, Curved, Limits, PAIRS, PayingTerm, TargetTile};
use crate::fit::newton::part_objective::add_head;
use crate::fit::newton::rows::RowTile;
use crate::math::{TILE, dispatch, padded_rows};

/// A part of a model as a pass adds rows to its sums.
pub(super) struct SummedPart<'a> {
    /// 0 is the paying part, 1 the amount part.
    pub(super) index: usize,
    pub(super) is_open: bool,
    /// The weights that the rows are looked at with, times the bounds of their columns.
    pub(super) scaled: &'a [f64],
    pub(super) profile: &'a Profile,
    /// Of the amounts that a loss is of.
    pub(super) limits: Limits,
}

/// Adds the rows of a tile to the sums of a part; of the paying part their weights, too.
pub(super) fn add_tile(
    part: &SummedPart<'_>,
    rows: usize,
    pays: bool,
    scratch: &mut PassScratch,
    sums: &mut PassSums,
) {
    let &SummedPart { index, is_open, scaled, profile, limits } = part;
    let free = AmountTerm::FREE;
    let bounded = AmountTerm { limits, ..free };
    scratch.tile.count = padded_rows(rows).min(TILE);
    dispatch(
        #[inline(always)]
        || {
            let PassSums { weight, payer_weight, parts: [paying, amount], .. } = sums;
            if index == 0 {
                scratch.add_weights(weight, pays.then_some(payer_weight));
                if is_open {
                    let terms = [&PayingTerm, &PayingTerm];
                    add_part::<1, _>(terms, scaled, profile, rows, pays, scratch, paying);
                }
            } else if is_open {
                let terms = [&free, &bounded];
                add_part::<2, _>(terms, scaled, profile, rows, pays, scratch, amount);
            }
        },
    );
}

/// Adds a tile to the sums of a part; the terms are without a bound of sigma, and with it.
#[inline(always)]
fn add_part<const H: usize, T: Curved<H>>(
    [term, bounded]: [&T; 2],
    values: &[f64],
    profile: &Profile,
    rows: usize,
    pays: bool,
    scratch: &mut PassScratch,
    sums: &mut PartSums,
) {
    let PassScratch { tile, weight, log_amount, losses, bounded_losses, products, expected } =
        scratch;
    let count = tile.count;
    let targets = TargetTile {
        count,
        weight,
        payers: if pays { rows } else { 0 },
        log_amount: &log_amount[..],
    };
    let width = values.len() / H;
    let mut heads = [[0.0; TILE]; H];
    for (head, values) in heads.iter_mut().zip(values.chunks_exact(width)) {
        add_head(tile, values, head);
    }
    term.losses(&targets, &heads, losses);
    bounded.losses(&targets, &heads, bounded_losses);
    term.curvature(&targets, &heads, true, products);
    if H > 1 {
        term.curvature(&targets, &heads, false, expected);
    }
    term.errors(&targets, &mut heads, false);
    // 1. Whatever a row adds is put into units in which it is at most 1; one that is more rejects the point.
    let (products, expected) = match H {
        1 => (&mut products[..1], &mut expected[..0]),
        _ => (&mut products[..], &mut expected[2..]),
    };
    let fits = fitting(count, &[&heads[..], products, expected], [losses, bounded_losses]);
    let unfit = fits[..count].iter().filter(|fits| **fits == 0.0).count();
    sums.beyond += unfit as u64;
    let columns = heads.iter_mut().chain(products.iter_mut()).chain(expected.iter_mut());
    for column in columns.chain([&mut *losses, &mut *bounded_losses]) {
        for row in 0..count {
            column[row] = if fits[row] == 0.0 { 0.0 } else { column[row] * (1.0 / UNIT) };
        }
    }
    // 2. The sums.
    sums.loss.add_all(&losses[..count]);
    sums.bounded_loss.add_all(&bounded_losses[..count]);
    for (slopes, gradient) in heads.iter().zip(sums.gradient.chunks_exact_mut(width)) {
        add_products(&slopes[..count], &tile.values, &mut gradient[..tile.values.len()]);
        add_to_levels(tile, slopes, gradient);
    }
    for (times, matrix) in products.iter().chain(expected.iter()).zip(&mut sums.products) {
        add_matrix(tile, times, profile, matrix);
    }
}

/// Of each row 1 if none of its numbers is too large, else 0.
#[inline(always)]
fn fitting(count: usize, columns: &[&[[f64; TILE]]], losses: [&[f64; TILE]; 2]) -> [f64; TILE] {
    let mut fits = [1.0; TILE];
    for column in columns.iter().copied().flatten().chain(losses) {
        for row in 0..count {
            // What is no number does not fit either.
            fits[row] = if column[row].abs() <= UNIT { fits[row] } else { 0.0 };
        }
    }
    fits
}

/// Adds each row's slope to the column of its levels.
#[inline(always)]
fn add_to_levels(tile: &RowTile, slopes: &[f64; TILE], gradient: &mut [FixedPointSum]) {
    for levels in &tile.levels {
        for (slope, &level) in slopes.iter().zip(levels).take(tile.count) {
            if let Some(sum) = gradient.get_mut(level as usize) {
                sum.add(*slope);
            }
        }
    }
}

/// Adds the products of the columns of a tile, each row counted so many times.
#[inline(always)]
fn add_matrix(
    tile: &RowTile,
    times: &[f64; TILE],
    profile: &Profile,
    matrix: &mut [FixedPointSum],
) {
    if matrix.is_empty() {
        return;
    }
    let count = tile.count;
    let mut column = [0.0; TILE];
    for (row, values) in tile.values.iter().enumerate() {
        let Some(triangle) = profile.row(row) else { continue };
        for k in 0..count {
            column[k] = values[k] * times[k];
        }
        let columns = &tile.values[triangle.first..];
        add_products(&column[..count], columns, &mut matrix[triangle.indices()]);
    }
    for (category, levels) in tile.levels.iter().enumerate() {
        for (row, (&level, times)) in levels.iter().zip(times).enumerate().take(count) {
            let Some(triangle) = profile.row(level as usize) else { continue };
            let Some(out) = matrix.get_mut(triangle.indices()) else { continue };
            let columns = tile.values.get(triangle.first..).unwrap_or(&[]);
            for (out, values) in out.iter_mut().zip(columns) {
                out.add(times * values[row]);
            }
            for before in &tile.levels[..category] {
                let before = before[row] as usize;
                if (triangle.first..level as usize).contains(&before) {
                    out[before - triangle.first].add(*times);
                }
            }
            if let Some(own) = out.last_mut() {
                own.add(*times);
            }
        }
    }
}

/// What a pass works in.
pub(super) struct PassScratch {
    pub(super) tile: RowTile,
    pub(super) weight: [f64; TILE],
    pub(super) log_amount: [f64; TILE],
    losses: [f64; TILE],
    bounded_losses: [f64; TILE],
    products: [[f64; TILE]; PAIRS],
    expected: [[f64; TILE]; PAIRS],
}

thread_local! {
    pub(super) static SCRATCH: RefCell<PassScratch> = RefCell::new(PassScratch::new());
}

impl PassScratch {
    fn new() -> Self {
        Self {
            tile: RowTile::default(),
            weight: [0.0; TILE],
            log_amount: [0.0; TILE],
            losses: [0.0; TILE],
            bounded_losses: [0.0; TILE],
            products: [[0.0; TILE]; PAIRS],
            expected: [[0.0; TILE]; PAIRS],
        }
    }

    /// Adds the weights of the tile.
    #[inline(always)]
    fn add_weights(&self, weight: &mut FixedPointSum, payer_weight: Option<&mut FixedPointSum>) {
        let mut weights = self.weight;
        for weight in &mut weights[..self.tile.count] {
            // More than that is more than all rows of the sample have together; it counts as that.
            *weight = (*weight * (1.0 / UNIT)).min(1.0);
        }
        weight.add_all(&weights[..self.tile.count]);
        if let Some(payer_weight) = payer_weight {
            payer_weight.add_all(&weights[..self.tile.count]);
        }
    }
}
