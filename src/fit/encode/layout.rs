//! How ordered rows are dealt into mini-batches.

use crate::fit::rows::RowId;
use crate::math::padded_rows;
use crate::net::Batch;

/// The batches, and the rows in the order of the batches.
#[derive(Debug)]
pub(in crate::fit) struct BatchLayout {
    pub(in crate::fit) batches: Vec<Batch>,
    /// The rows in their order, without padding.
    pub(in crate::fit) rows: Vec<RowId>,
    /// Their labels.
    pub(in crate::fit) labels: Vec<f64>,
    /// Packed rows with padding.
    pub(in crate::fit) packed_rows: usize,
    /// Packed payers with padding.
    pub(in crate::fit) packed_payers: usize,
}

/// Deals the payers, and the others, evenly over batches of at most `batch_size` rows.
///
/// `labels` are those of `rows`. Every batch gets its share of the payers, which takes the luck of the draw out of
/// the gradients, and no batch is left with a few rows that would count too much.
pub(in crate::fit) fn deal(rows: &[RowId], labels: &[f64], batch_size: usize) -> BatchLayout {
    let pick = |paying: bool| {
        let rows = rows.iter().copied().zip(labels.iter().copied());
        rows.filter(move |&(_, label)| (label > 0.0) == paying).collect::<Vec<(RowId, f64)>>()
    };
    let (payers, others) = (pick(true), pick(false));
    let count = rows.len().div_ceil(batch_size.max(1)).max(1);
    let mut layout = BatchLayout {
        batches: Vec::with_capacity(count),
        rows: Vec::with_capacity(rows.len()),
        labels: Vec::with_capacity(rows.len()),
        packed_rows: 0,
        packed_payers: 0,
    };
    for batch in 0..count {
        let all = share(rows.len(), batch, count)..share(rows.len(), batch + 1, count);
        // In proportion to the rows dealt so far: never more payers than rows.
        let payers_within = |end| share(payers.len(), end, rows.len().max(1));
        let from_payers = payers_within(all.start)..payers_within(all.end);
        let from_others = all.start - from_payers.start..all.end - from_payers.end;
        layout.batches.push(Batch {
            index: batch,
            start: layout.packed_rows,
            stride: Batch::stride_of(all.len()),
            rows: all.len(),
            payers: from_payers.len(),
            first_payer: layout.packed_payers,
        });
        layout.packed_rows += Batch::stride_of(all.len());
        layout.packed_payers += padded_rows(from_payers.len());
        for dealt in [payers.get(from_payers), others.get(from_others)].into_iter().flatten() {
            layout.rows.extend(dealt.iter().map(|&(row, _)| row));
            layout.labels.extend(dealt.iter().map(|&(_, label)| label));
        }
    }
    layout
}

/// How many of `total` belong to the first `part` of `parts`.
fn share(total: usize, part: usize, parts: usize) -> usize {
    (total as u128 * part as u128 / parts as u128) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::LANES;

    #[test]
    fn every_row_is_dealt_once_and_payers_come_first() {
        for (total, size) in
            [(1, 1), (7, 3), (100, 1000), (1030, 1024), (999, 10), (50, 50), (8, 2)]
        {
            let rows: Vec<RowId> = (0..total).map(|row| RowId { chunk: 0, row }).collect();
            let labels: Vec<f64> =
                (0..total).map(|row| f64::from(u8::from(row % 3 == 0))).collect();
            let layout = deal(&rows, &labels, size);
            let mut seen: Vec<u32> = layout.rows.iter().map(|row| row.row).collect();
            let mut index = 0;
            for batch in &layout.batches {
                assert!(batch.rows <= size && batch.rows > 0);
                for row in 0..batch.rows {
                    let label = labels[layout.rows[index].row as usize];
                    assert_eq!(label, layout.labels[index]);
                    assert_eq!(label > 0.0, row < batch.payers);
                    index += 1;
                }
                assert_eq!(batch.start % LANES, 0);
            }
            seen.sort_unstable();
            assert_eq!(seen, (0..total).collect::<Vec<_>>());
            let sizes = layout.batches.iter().map(|batch| batch.rows);
            assert!(sizes.clone().max().unwrap() - sizes.min().unwrap() <= 1);
        }
    }
}
