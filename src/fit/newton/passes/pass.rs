//! A pass over the rows of a group at the weights that a model proposes.

use std::cell::RefCell;
use std::collections::HashMap;

use super::encoder::Encoder;
use super::next::next_model;
use super::profile::Profile;
use super::sums::{Counts, MATRICES, PartSums, PassSums};
use super::total::{Total, add_products, power_of_two};
use crate::error::quoted;
use crate::family::{AmountTerm, Curved, PAIRS, PayingTerm, TargetTile};
use crate::fit::newton::direction::moved;
use crate::fit::newton::part::add_head;
use crate::fit::newton::rows::RowTile;
use crate::fit::rows::is_payment;
use crate::math::{TILE, dispatch, ln, padded};
use crate::model::{FeatureInput, Model, PassPart, PassStatus, Passes, Range};
use crate::{Error, Result};

/// What a row adds is summed in units of this. A row with a greater number says that the weights are far off.
pub(super) const UNIT: f64 = power_of_two(32);

/// What the bytes of a state begin with: those of a row, or of sums.
const ROW: u8 = 0;
const SUMS: u8 = 1;

/// A model's next pass over the rows: what is to be summed of them, and what the next model is.
#[derive(Debug)]
pub struct Pass {
    pub(super) model: Model,
    pub(super) passes: Passes,
    pub(super) encoder: Encoder,
    /// What the values of each column are divided by.
    pub(super) bounds: Vec<f64>,
    /// Which second derivatives are summed.
    pub(super) profile: Profile,
    /// The weights that the rows are looked at with, of the paying part and of the amount part.
    pub(super) trials: [Vec<f64>; 2],
    /// The same times the bounds.
    scaled: [Vec<f64>; 2],
    min_payment: f64,
}

/// The columns of rows.
#[derive(Debug, Clone, Copy)]
pub struct PassColumns<'a> {
    /// The labels; NaN and infinite ones are skipped and counted.
    pub label: &'a [f64],
    /// The weights, positive and finite, or `None` where every row counts once.
    pub weight: Option<&'a [f64]>,
    /// One column a feature, in the order of the model's.
    pub features: &'a [FeatureInput<'a>],
}

impl Pass {
    /// The next pass of the model in a text.
    ///
    /// # Errors
    /// [`Error::Model`] if the text is no model, or not one that [`newton_start`](super::newton_start) began.
    pub fn of_text(text: &str) -> Result<Self> {
        let model = Model::from_json(text)?;
        let Some(passes) = model.passes().cloned() else {
            let problem = "training by passes begins with a model of ziln_newton_start".to_owned();
            return Err(Error::Model { problem });
        };
        let encoder = Encoder::new(model.features(), &passes.ranges);
        let bounds = encoder.bounds();
        let profile = Profile::of(1 + encoder.counts().0, encoder.width());
        let trials = [&passes.paying, &passes.amount].map(trial);
        let scaled = trials.each_ref().map(|values| {
            values.iter().zip(bounds.iter().cycle()).map(|(value, bound)| value * bound).collect()
        });
        let min_payment = model.options().min_payment.unwrap_or(0.0);
        Ok(Self { model, passes, encoder, bounds, profile, trials, scaled, min_payment })
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Whether the pass would change anything: whether a part of the solver goes on.
    pub fn is_open(&self) -> bool {
        self.parts().iter().any(|part| part.status == PassStatus::Open)
    }

    fn parts(&self) -> [&PassPart; 2] {
        [&self.passes.paying, &self.passes.amount]
    }

    /// For each feature of the model the position of the column of that name.
    ///
    /// # Errors
    /// [`Error::Feature`] if a feature has no column.
    pub fn match_features<N: AsRef<str>>(&self, names: &[N]) -> Result<Vec<usize>> {
        let positions: HashMap<&str, usize> =
            names.iter().enumerate().rev().map(|(index, name)| (name.as_ref(), index)).collect();
        let position = |name: &str| {
            let problem = || format!("the model needs a feature `{}`", quoted(name));
            let found = positions.get(name).copied();
            found.ok_or_else(|| Error::Feature { problem: problem() })
        };
        self.model.features().iter().map(|feature| position(&feature.name)).collect()
    }

    /// The same pass with other second derivatives.
    #[cfg(test)]
    pub(super) fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// The sums of no row.
    pub fn sums(&self) -> PassSums {
        let triangle = self.profile.len();
        // Those between mu and raw sigma are of no use without all pairs, nor are those that are not expected.
        let amount = match self.profile.is_dense() {
            true => [triangle; MATRICES],
            false => [triangle, 0, 0, triangle],
        };
        let of_part = |part: &PassPart, heads, matrices: &[usize]| match part.status {
            PassStatus::Open => PartSums::new(heads, self.encoder.width(), matrices),
            PassStatus::Converged | PassStatus::Stuck => PartSums::new(heads, 0, &[]),
        };
        PassSums {
            counts: Counts::default(),
            payments: Range::EMPTY,
            weight: Total::default(),
            payer_weight: Total::default(),
            parts: [
                of_part(&self.passes.paying, 1, &[triangle]),
                of_part(&self.passes.amount, 2, &amount),
            ],
        }
    }

    /// Adds the rows of these indices to the sums. An index that the columns do not have is no row.
    pub fn add(&self, columns: &PassColumns<'_>, rows: &[u32], sums: &mut PassSums) {
        if !self.is_open() {
            return;
        }
        self.add_read(columns, rows, sums, |tile, rows, part| {
            self.encoder.read(tile, columns.features, rows, part);
        });
    }

    /// What a row adds as bytes: the row, encoded, which takes less than its sums do.
    pub fn row_bytes(&self, columns: &PassColumns<'_>, row: u32) -> Vec<u8> {
        let at = |values: &[f64]| values.get(row as usize).copied();
        let label = at(columns.label).unwrap_or(f64::NAN);
        let weight = columns.weight.map_or(Some(1.0), at).unwrap_or(0.0);
        let mut bytes = vec![ROW];
        bytes.extend([label, weight].map(f64::to_le_bytes).as_flattened());
        if !self.is_open() {
            return bytes;
        }
        MEMORY.with_borrow_mut(|Memory { tile, .. }| {
            self.encoder.prepare(tile);
            for part in 0..if is_payment(label, self.min_payment) { 2 } else { 1 } {
                self.encoder.read(tile, columns.features, &[row], part);
                let numbers = tile.values.iter().skip(1).map(|column| column[0].to_le_bytes());
                bytes.extend(numbers.flatten());
                bytes.extend(tile.levels.iter().flat_map(|column| column[0].to_le_bytes()));
            }
        });
        bytes
    }

    /// Sums as bytes, which [`Self::merge_bytes`] takes as it does a row's.
    pub fn sums_bytes(&self, sums: &PassSums) -> Vec<u8> {
        let mut bytes = vec![SUMS];
        sums.write(&mut bytes);
        bytes
    }

    /// Adds what [`Self::row_bytes`] or [`Self::sums_bytes`] made, with a pass of the same model. Returns whether that is
    /// what the bytes are.
    #[must_use]
    pub fn merge_bytes(&self, bytes: &[u8], sums: &mut PassSums) -> bool {
        match bytes.split_first() {
            Some((&SUMS, bytes)) => sums.merge_written(bytes),
            Some((&ROW, bytes)) => self.add_row_bytes(bytes, sums).is_some(),
            _ => false,
        }
    }

    fn add_row_bytes(&self, bytes: &[u8], sums: &mut PassSums) -> Option<()> {
        let (label, bytes) = bytes.split_first_chunk::<8>()?;
        let (weight, bytes) = bytes.split_first_chunk::<8>()?;
        if !self.is_open() {
            return Some(());
        }
        let [label, weight] = [label, weight].map(|bytes| f64::from_le_bytes(*bytes));
        let (numbers, levels) = self.encoder.counts();
        let of_part = 8 * numbers + 4 * levels;
        let parts = if is_payment(label, self.min_payment) { 2 } else { 1 };
        if bytes.len() != parts * of_part {
            return None;
        }
        let columns = PassColumns { label: &[label], weight: Some(&[weight]), features: &[] };
        self.add_read(&columns, &[0], sums, |tile, _, part| {
            let (of_numbers, of_levels) = bytes[part * of_part..][..of_part].split_at(8 * numbers);
            for (column, bytes) in tile.values.iter_mut().skip(1).zip(of_numbers.as_chunks().0) {
                column[0] = f64::from_le_bytes(*bytes).clamp(-1.0, 1.0);
            }
            for (column, bytes) in tile.levels.iter_mut().zip(of_levels.as_chunks().0) {
                column[0] = u32::from_le_bytes(*bytes);
            }
            Encoder::pad(tile, 1);
        });
        Some(())
    }

    /// Adds rows whose features `read` writes into tiles, as a part of the model holds them.
    fn add_read(
        &self,
        columns: &PassColumns<'_>,
        rows: &[u32],
        sums: &mut PassSums,
        read: impl Fn(&mut RowTile, &[u32], usize),
    ) {
        let (payers, others) = self.sorted(columns, rows, sums);
        MEMORY.with_borrow_mut(|memory| {
            self.encoder.prepare(&mut memory.tile);
            for (rows, pays) in [(&payers, true), (&others, false)] {
                for rows in rows.chunks(TILE) {
                    self.read_targets(columns, rows, pays, memory);
                    if self.passes.paying.status == PassStatus::Open {
                        read(&mut memory.tile, rows, 0);
                    }
                    self.add_tile(0, rows.len(), pays, memory, sums);
                    if pays && self.passes.amount.status == PassStatus::Open {
                        read(&mut memory.tile, rows, 1);
                        self.add_tile(1, rows.len(), pays, memory, sums);
                    }
                }
            }
        });
    }

    /// The model after a pass that summed all rows.
    pub fn finish(&self, sums: &PassSums) -> Model {
        next_model(self, sums)
    }

    /// The rows that pay, and the other usable ones; all are counted.
    fn sorted(
        &self,
        columns: &PassColumns<'_>,
        rows: &[u32],
        sums: &mut PassSums,
    ) -> (Vec<u32>, Vec<u32>) {
        let (mut payers, mut others) = (Vec::new(), Vec::new());
        let PassSums { counts, payments, .. } = sums;
        for &row in rows {
            let Some(&label) = columns.label.get(row as usize) else { continue };
            if !label.is_finite() {
                counts.skipped += 1;
                continue;
            }
            counts.rows += 1;
            if is_payment(label, self.min_payment) {
                counts.payers += 1;
                *payments = payments.union(Range { least: label, most: label });
                payers.push(row);
            } else {
                counts.negative += u64::from(label < 0.0);
                counts.tiny += u64::from(label > 0.0);
                others.push(row);
            }
        }
        (payers, others)
    }

    /// Reads the weights of rows, and of payers the logarithms of their labels.
    fn read_targets(
        &self,
        columns: &PassColumns<'_>,
        rows: &[u32],
        pays: bool,
        memory: &mut Memory,
    ) {
        let Memory { weight, log_amount, .. } = memory;
        let per_unit = 1.0 / self.passes.weight_unit;
        weight[rows.len().min(TILE)..].fill(0.0);
        for (out, &row) in weight.iter_mut().zip(rows) {
            let given = columns.weight.map_or(Some(&1.0), |weights| weights.get(row as usize));
            *out = given.copied().unwrap_or(0.0) * per_unit;
        }
        if !pays {
            return;
        }
        log_amount[rows.len().min(TILE)..].fill(1.0);
        for (out, &row) in log_amount.iter_mut().zip(rows) {
            *out = columns.label.get(row as usize).copied().unwrap_or(1.0);
        }
        dispatch(
            #[inline(always)]
            || {
                for value in log_amount.iter_mut() {
                    *value = ln(*value);
                }
            },
        );
    }

    /// Adds the rows of a tile to a part; to the paying part their weights, too.
    fn add_tile(
        &self,
        part: usize,
        rows: usize,
        pays: bool,
        memory: &mut Memory,
        sums: &mut PassSums,
    ) {
        let is_open = self.parts()[part].status == PassStatus::Open;
        let max_sigma = self.model.max_sigma();
        let free = AmountTerm::FREE;
        let bounded = AmountTerm { max_sigma, ..free };
        memory.tile.count = padded(rows).min(TILE);
        dispatch(
            #[inline(always)]
            || {
                let PassSums { weight, payer_weight, parts: [paying, amount], .. } = sums;
                let (values, profile) = (&self.scaled[part], &self.profile);
                if part == 0 {
                    memory.add_weights(weight, pays.then_some(payer_weight));
                    if is_open {
                        let terms = [&PayingTerm, &PayingTerm];
                        add_part::<1, _>(terms, values, profile, rows, pays, memory, paying);
                    }
                } else if is_open {
                    let terms = [&free, &bounded];
                    add_part::<2, _>(terms, values, profile, rows, pays, memory, amount);
                }
            },
        );
    }
}

/// The weights that the next pass is at.
fn trial(part: &PassPart) -> Vec<f64> {
    if part.direction.is_empty() {
        return part.values.clone();
    }
    moved(&part.values, &part.direction, part.step)
}

/// Adds a tile to the sums of a part; the terms are without a bound of sigma, and with it.
#[inline(always)]
fn add_part<const H: usize, T: Curved<H>>(
    [term, bounded]: [&T; 2],
    values: &[f64],
    profile: &Profile,
    rows: usize,
    pays: bool,
    memory: &mut Memory,
    sums: &mut PartSums,
) {
    let Memory { tile, weight, log_amount, losses, bounded_losses, products, expected } = memory;
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
fn add_to_levels(tile: &RowTile, slopes: &[f64; TILE], gradient: &mut [Total]) {
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
fn add_matrix(tile: &RowTile, times: &[f64; TILE], profile: &Profile, matrix: &mut [Total]) {
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
struct Memory {
    tile: RowTile,
    weight: [f64; TILE],
    log_amount: [f64; TILE],
    losses: [f64; TILE],
    bounded_losses: [f64; TILE],
    products: [[f64; TILE]; PAIRS],
    expected: [[f64; TILE]; PAIRS],
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::new(Memory::new());
}

impl Memory {
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
    fn add_weights(&self, weight: &mut Total, payer_weight: Option<&mut Total>) {
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
