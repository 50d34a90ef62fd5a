//! The area under the receiver operating characteristic, of paying.

use super::exact_sum::ExactSum;
use super::ranking::{Row, RowWeight, UnitWeight, by_prediction, has_nan, key_of, ties};
use super::scaled_weights::ScaledWeights;

/// The area under the ROC curve of "the label is positive", ranked by `score`: between 0 and 1.
///
/// # Formula
/// The probability that a payer's score is above that of a customer who does not pay, a tie counting half.
///
/// `None` unless there are both payers and others; NaN where a score is NaN.
///
/// Source: Hanley, `McNeil` (1982), "The meaning and use of the area under a receiver operating characteristic
/// (ROC) curve"; equals scikit-learn's `roc_auc_score`.
///
/// # Example
/// ```
/// use ziln::metrics::roc_auc;
///
/// // Of the four pairs of a payer and another customer, three are in order and one is a tie.
/// assert_eq!(roc_auc(&[0.0, 9.0, 0.0, 1.0], &[0.1, 0.8, 0.3, 0.3], None), Some(0.875));
/// ```
pub fn roc_auc(label: &[f64], score: &[f64], weight: Option<&[f64]>) -> Option<f64> {
    match weight {
        None => area(&by_prediction::<UnitWeight>(label, score, None)),
        Some(weight) => {
            let weight = ScaledWeights::of_rows(weight, label);
            area(&by_prediction::<f64>(label, score, Some(weight)))
        }
    }
}

/// Whether a row whose `other` is its label's key is a payer's.
pub(super) fn pays<W>(row: &Row<W>) -> bool {
    row.other > key_of(0.0)
}

/// The area for rows sorted by score, with the label's key beside it.
pub(super) fn area<W: RowWeight>(sorted: &[Row<W>]) -> Option<f64> {
    let (mut pairs, mut payers, mut others) = (ExactSum::new(), ExactSum::new(), 0.0);
    for tied in ties(sorted) {
        let paying = tied.weight_where(pays);
        let other = tied.weight_where(|row| !pays(row));
        pairs.add(paying * (others + other / 2.0));
        payers.add(paying);
        others += other;
    }
    let payers = payers.value();
    if payers == 0.0 || others == 0.0 {
        return None;
    }
    if has_nan(sorted) {
        return Some(f64::NAN);
    }
    // Where weights are no whole numbers, a perfect order may be rounded to just above 1.
    Some((pairs.value() / (payers * others)).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undefined_is_none_and_nan_stays() {
        assert_eq!(roc_auc(&[], &[], None), None);
        assert_eq!(roc_auc(&[1.0, 2.0], &[1.0, 2.0], None), None);
        assert_eq!(roc_auc(&[0.0, -2.0], &[1.0, 2.0], None), None);
        assert_eq!(roc_auc(&[0.0, 2.0], &[1.0, 2.0], Some(&[1.0, 0.0])), None);
        assert_eq!(roc_auc(&[0.0, 2.0], &[-f64::INFINITY, f64::INFINITY], None), Some(1.0));
        assert!(roc_auc(&[0.0, 2.0], &[1.0, f64::NAN], None).is_some_and(f64::is_nan));
    }

    #[test]
    fn a_constant_score_is_a_coin() {
        assert_eq!(roc_auc(&[0.0, 2.0, 0.0], &[0.3; 3], None), Some(0.5));
        assert_eq!(roc_auc(&[0.0, 2.0, 0.0], &[0.3; 3], Some(&[0.5, 7.0, 2.0])), Some(0.5));
    }
}
