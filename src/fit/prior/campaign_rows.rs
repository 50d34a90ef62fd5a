//! The rows of campaigns as batches, and the weights of a head in groups that have one variance each.

use super::campaigns::Campaigns;
use crate::fit::encode::BatchLayout;
use crate::fit::rows::{Table, gather, is_payment};
use crate::math::padded_rows;
use crate::model::Encoding;
use crate::net::Batch;

/// A batch a campaign, its payers first; and how many there are.
pub(super) fn layout(
    table: &Table<'_>,
    campaigns: &Campaigns,
    min_payment: f64,
) -> (BatchLayout, usize) {
    let mut layout = BatchLayout {
        batches: Vec::with_capacity(campaigns.rows.len()),
        rows: Vec::new(),
        labels: Vec::new(),
        packed_rows: 0,
        packed_payers: 0,
    };
    let mut labels = Vec::new();
    for rows in &campaigns.rows {
        gather::labels(table, rows, &mut labels);
        let is_payer = |label: f64| is_payment(label, min_payment);
        let payers = labels.iter().filter(|label| is_payer(**label)).count();
        layout.batches.push(Batch {
            index: layout.batches.len(),
            start: layout.packed_rows,
            stride: Batch::stride_of(rows.len()),
            rows: rows.len(),
            payers,
            first_payer: layout.packed_payers,
        });
        layout.packed_rows += Batch::stride_of(rows.len());
        layout.packed_payers += padded_rows(payers);
        for pays in [true, false] {
            for (row, label) in rows.iter().zip(&labels).filter(|(_, l)| is_payer(**l) == pays) {
                layout.rows.push(*row);
                layout.labels.push(if pays { *label } else { 0.0 });
            }
        }
    }
    (layout, campaigns.rows.len())
}

/// Of each weight of a head whose variance it has: 0 for the intercept, then feature by feature.
pub(super) fn groups(encodings: &[Encoding], part_indices: &[usize], width: usize) -> Vec<usize> {
    let mut groups = vec![0; width];
    let mut rest = part_indices.iter();
    for (feature, encoding) in encodings.iter().enumerate() {
        for &index in rest.by_ref().take(encoding.width()) {
            if let Some(slot) = groups.get_mut(index) {
                *slot = 1 + feature;
            }
        }
    }
    groups
}
