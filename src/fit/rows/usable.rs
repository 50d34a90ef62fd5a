//! Which rows can be trained on, and what their labels count as.

use super::gather;
use super::table::{RowId, Table};
use crate::fit::options::Options;
use crate::model::Range;

/// The least payment, unless an option says so: this share of the median of the positive labels.
///
/// What refunds and floating point leave of an amount is far below; no price is.
const LEAST_SHARE: f64 = 1e-6;

/// What was found in counting the rows.
pub(in crate::fit) struct Usable {
    /// Rows with a finite label.
    pub(in crate::fit) rows: usize,
    pub(in crate::fit) skipped: u64,
    pub(in crate::fit) negative: u64,
    /// Rows whose positive label is below the least payment.
    pub(in crate::fit) tiny: u64,
    pub(in crate::fit) payers: u64,
    pub(in crate::fit) min_payment: f64,
    /// The range of the payments.
    pub(in crate::fit) payments: Range,
}

impl Usable {
    /// What was found, and the rows; `None` if there is no payer.
    pub(in crate::fit) fn of(
        table: &Table<'_>,
        rows: &[RowId],
        options: &Options,
    ) -> Option<(Self, Vec<RowId>)> {
        let mut labels = Vec::new();
        gather::labels(table, rows, &mut labels);
        let count =
            |test: &dyn Fn(f64) -> bool| labels.iter().filter(|&&label| test(label)).count() as u64;
        let min_payment = options.min_payment.unwrap_or_else(|| LEAST_SHARE * median(&labels));
        let is_payment = |label: f64| is_payment(label, min_payment);
        let mut payments = Range::EMPTY;
        for &label in labels.iter().filter(|&&label| is_payment(label)) {
            payments = payments.union(Range { least: label, most: label });
        }
        if payments.is_empty() {
            return None;
        }
        let pairs = rows.iter().zip(&labels);
        let rows: Vec<RowId> =
            pairs.filter(|(_, label)| label.is_finite()).map(|(row, _)| *row).collect();
        let usable = Self {
            rows: rows.len(),
            skipped: count(&|label| !label.is_finite()),
            negative: count(&|label| label.is_finite() && label < 0.0),
            tiny: count(&|label| is_positive(label) && label < min_payment),
            payers: count(&is_payment),
            min_payment,
            payments,
        };
        Some((usable, rows))
    }

    /// The labels of rows as training takes them: what is no payment is 0 or less.
    pub(in crate::fit) fn labels(&self, table: &Table<'_>, rows: &[RowId]) -> Vec<f64> {
        let mut labels = Vec::new();
        gather::labels(table, rows, &mut labels);
        if self.tiny > 0 {
            let tiny = labels.iter_mut().filter(|label| **label < self.min_payment);
            tiny.for_each(|label| *label = 0.0);
        }
        labels
    }
}

/// Whether a label counts as a payment.
pub(in crate::fit) fn is_payment(label: f64, min_payment: f64) -> bool {
    is_positive(label) && label >= min_payment
}

fn is_positive(label: f64) -> bool {
    label.is_finite() && label > 0.0
}

/// The median of the positive labels, the greater of two; 0 if there is none.
fn median(labels: &[f64]) -> f64 {
    let mut positive: Vec<f64> =
        labels.iter().copied().filter(|&label| is_positive(label)).collect();
    if positive.is_empty() {
        return 0.0;
    }
    let middle = positive.len() / 2;
    *positive.select_nth_unstable_by(middle, f64::total_cmp).1
}
