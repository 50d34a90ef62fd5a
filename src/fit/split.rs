//! Which rows are trained on, and which are held out.

use super::options::Options;
use super::rows::{Hashed, RowId, Table, Usable, canonical_order};

/// Rows a batch of the held-out rows.
pub(super) const VALIDATION_BATCH: usize = 4096;

/// How many rows in canonical order are held out: those, at the front, whose hash falls into the fraction.
pub(super) fn count_held_out(ordered: &[Hashed], fraction: f64) -> usize {
    // 2^64 times the fraction; the cast saturates.
    let bound = (fraction * 18_446_744_073_709_551_616.0) as u64;
    ordered.partition_point(|row| row.hash < bound)
}

/// The rows in canonical order, in two parts.
pub(super) struct Split {
    /// All rows, if there is a network to train on them.
    pub(super) ordered: Vec<Hashed>,
    pub(super) training: Vec<RowId>,
    /// The labels of the training rows.
    pub(super) labels: Vec<f64>,
    pub(super) validation: Vec<RowId>,
}

impl Split {
    /// Holds out the rows whose hash falls into the fraction; none if that would leave one of the parts without
    /// rows or the training without a payer.
    pub(super) fn of(
        table: &Table<'_>,
        usable: &Usable,
        rows: Vec<RowId>,
        options: &Options,
    ) -> Self {
        let ordered = canonical_order(table, &rows, options.seed);
        drop(rows);
        let held_out = count_held_out(&ordered, options.held_out());
        let (validation, training) = ordered.split_at(held_out);
        let mut split = Self::new(table, usable, training, validation);
        if held_out > 0 && split.labels.iter().all(|&label| label <= 0.0) {
            split = Self::new(table, usable, &ordered, &[]);
        }
        if options.network().is_some() {
            split.ordered = ordered;
        }
        split
    }

    fn new(table: &Table<'_>, usable: &Usable, training: &[Hashed], validation: &[Hashed]) -> Self {
        let rows = |part: &[Hashed]| part.iter().map(|row| row.row).collect::<Vec<RowId>>();
        let training = rows(training);
        let labels = usable.labels(table, &training);
        Self { ordered: Vec::new(), training, labels, validation: rows(validation) }
    }
}
