//! Spearman's rank correlation, with mid-ranks.

use super::exact_sum::ExactSum;
use super::ranking::{
    Row, RowWeight, Ties, UnitWeight, has_nan, pairs, sort, swap_and_sort, ties, total_weight,
    value_of,
};

/// Spearman's rank correlation of label and prediction, between -1 and 1.
///
/// # Formula
/// The Pearson correlation of the mid-ranks: tied values all have the mean of the ranks they take up.
///
/// `None` where label or prediction is constant, and with fewer than two rows; NaN where a prediction is NaN.
///
/// Source: Spearman (1904), "The proof and measurement of association between two things"; equals
/// `scipy.stats.spearmanr`.
///
/// # Example
/// ```
/// use ziln::metrics::spearman;
///
/// assert_eq!(spearman(&[0.0, 1.0, 5.0], &[0.2, 0.3, 9.0]), Some(1.0));
/// assert_eq!(spearman(&[0.0, 1.0, 5.0], &[3.0, 2.0, 1.0]), Some(-1.0));
/// assert_eq!(spearman(&[0.0, 1.0, 5.0], &[2.0; 3]), None);
/// ```
pub fn spearman(label: &[f64], prediction: &[f64]) -> Option<f64> {
    let mut rows = pairs::<UnitWeight>(label, prediction, None);
    sort(&mut rows);
    let labels = LabelRanks::replace_keys(&mut rows);
    swap_and_sort(&mut rows);
    correlation(&rows, &labels)
}

/// The distinct labels of some rows and their ranks: rows need only carry an index into this table.
#[derive(Debug)]
pub(super) struct LabelRanks {
    /// Label and mid-rank, the latter less the mean of all ranks.
    entries: Vec<(f64, f64)>,
    /// The sum of the squares of the rows' centred ranks.
    squares: f64,
}

impl LabelRanks {
    /// Makes the table for rows sorted by label and puts each row's index into it where the label's key was.
    pub(super) fn replace_keys<W: RowWeight>(sorted: &mut [Row<W>]) -> Self {
        let middle = total_weight(sorted) / 2.0;
        let mut entries = Vec::with_capacity(ties(sorted).count());
        let mut squares = ExactSum::new();
        for tied in ties(sorted) {
            entries.push((value_of(tied.key()), tied.mid_rank() - middle));
            squares.add(squared_ranks(&tied, middle));
        }
        for (index, ties) in sorted.chunk_by_mut(|left, right| left.key == right.key).enumerate() {
            for row in ties {
                row.key = index as u64;
            }
        }
        Self { entries, squares: squares.value() }
    }

    /// The label of a row that has its index as `other`.
    pub(super) fn label<W>(&self, row: &Row<W>) -> f64 {
        self.entry(row).0
    }

    fn rank<W>(&self, row: &Row<W>) -> f64 {
        self.entry(row).1
    }

    fn entry<W>(&self, row: &Row<W>) -> (f64, f64) {
        self.entries.get(row.other as usize).copied().unwrap_or((f64::NAN, f64::NAN))
    }
}

fn squared_ranks<W: RowWeight>(tied: &Ties<'_, W>, middle: f64) -> f64 {
    let rank = tied.mid_rank() - middle;
    tied.weight * rank * rank
}

/// The correlation of rows sorted by prediction, whose `other` is an index into `labels`.
pub(super) fn correlation<W: RowWeight>(sorted: &[Row<W>], labels: &LabelRanks) -> Option<f64> {
    // The mean of the mid-ranks is half the total weight, whatever the ties.
    let middle = total_weight(sorted) / 2.0;
    let (mut products, mut squares) = (ExactSum::new(), ExactSum::new());
    for tied in ties(sorted) {
        let rank = tied.mid_rank() - middle;
        for row in tied.rows {
            products.add(row.weight.value() * labels.rank(row) * rank);
        }
        squares.add(squared_ranks(&tied, middle));
    }
    let squares = squares.value();
    if squares == 0.0 || labels.squares == 0.0 {
        return None;
    }
    if has_nan(sorted) {
        return Some(f64::NAN);
    }
    // Divided in this order a perfect correlation is exactly 1, and nothing overflows.
    let correlation = products.value() / squares * (squares / labels.squares).sqrt();
    Some(correlation.clamp(-1.0, 1.0)).filter(|correlation| correlation.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_take_mid_ranks() {
        // Ranks 1.5 1.5 3 4 against 1 2.5 2.5 4: centred products 1.5 + 0 + 0 + 2.25, squares 4.5 each.
        let correlation = spearman(&[0.0, -1.0, 2.0, 3.0], &[0.1, 0.2, 0.2, 0.4]).unwrap();
        assert!((correlation - 3.75 / 4.5).abs() < 1e-15, "{correlation}");
    }

    #[test]
    fn undefined_is_none_and_nan_stays() {
        assert_eq!(spearman(&[], &[]), None);
        assert_eq!(spearman(&[1.0], &[1.0]), None);
        assert_eq!(spearman(&[0.0, -1.0], &[1.0, 2.0]), None);
        assert_eq!(spearman(&[1.0, f64::INFINITY, 2.0], &[1.0, f64::NAN, 2.0]), Some(1.0));
        assert!(spearman(&[1.0, 2.0], &[f64::NAN, 2.0]).is_some_and(f64::is_nan));
        assert_eq!(spearman(&[1.0, 2.0], &[f64::NEG_INFINITY, f64::INFINITY]), Some(1.0));
    }
}
