//! A pass over the rows of a group at the weights that a model proposes.

use std::collections::HashMap;

use super::encoder::TileEncoder;
use super::fixed_point_sum::FixedPointSum;
use super::profile::Profile;
use super::sums::{LabelCounts, MATRICES, PartSums, PassSums};
use super::tile_sums::{PassScratch, SCRATCH, SummedPart, add_tile};
use crate::error::quoted;
use crate::family::Limits;
use crate::fit::newton::direction::moved;
use crate::fit::newton::rows::RowTile;
use crate::fit::rows::is_payment;
use crate::math::{TILE, dispatch, ln};
use crate::model::{FeatureInput, Model, PassPart, PassStatus, Passes, Range};
use crate::{Error, Result};

/// What the bytes of a state begin with: those of a row, or of sums.
const ROW: u8 = 0;
const SUMS: u8 = 1;

/// A model's next pass over the rows: what is to be summed of them, and what the next model is.
#[derive(Debug)]
pub struct Pass {
    pub(super) model: Model,
    pub(super) passes: Passes,
    pub(super) encoder: TileEncoder,
    /// What the values of each column are divided by.
    pub(super) bounds: Vec<f64>,
    /// Which second derivatives are summed.
    pub(super) profile: Profile,
    /// The weights that the rows are looked at with, of the paying part and of the amount part.
    pub(super) trials: [Vec<f64>; 2],
    /// The same times the bounds.
    pub(super) scaled: [Vec<f64>; 2],
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
        let encoder = TileEncoder::new(model.features(), &passes.ranges);
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

    pub(super) fn parts(&self) -> [&PassPart; 2] {
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
            counts: LabelCounts::default(),
            payments: Range::EMPTY,
            weight: FixedPointSum::default(),
            payer_weight: FixedPointSum::default(),
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
        SCRATCH.with_borrow_mut(|PassScratch { tile, .. }| {
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
            TileEncoder::pad(tile, 1);
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
        let [paying, amount] = [0, 1].map(|part| self.summed_part(part));
        SCRATCH.with_borrow_mut(|scratch| {
            self.encoder.prepare(&mut scratch.tile);
            for (rows, pays) in [(&payers, true), (&others, false)] {
                for rows in rows.chunks(TILE) {
                    self.read_targets(columns, rows, pays, scratch);
                    if paying.is_open {
                        read(&mut scratch.tile, rows, 0);
                    }
                    add_tile(&paying, rows.len(), pays, scratch, sums);
                    if pays && amount.is_open {
                        read(&mut scratch.tile, rows, 1);
                        add_tile(&amount, rows.len(), pays, scratch, sums);
                    }
                }
            }
        });
    }

    fn summed_part(&self, index: usize) -> SummedPart<'_> {
        SummedPart {
            index,
            is_open: self.parts()[index].status == PassStatus::Open,
            scaled: &self.scaled[index],
            profile: &self.profile,
            limits: Limits {
                mu: self.model.mu_ceiling().unwrap_or(f64::INFINITY),
                sigma: self.model.max_sigma(),
            },
        }
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
        scratch: &mut PassScratch,
    ) {
        let PassScratch { weight, log_amount, .. } = scratch;
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
}

/// The weights that the next pass is at.
fn trial(part: &PassPart) -> Vec<f64> {
    if part.direction.is_empty() {
        return part.values.clone();
    }
    moved(&part.values, &part.direction, part.step)
}
