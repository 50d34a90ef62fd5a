//! Average precision, of paying.

use super::exact_sum::ExactSum;
use super::ranking::{Row, RowWeight, UnitWeight, by_prediction, has_nan, ties_descending};
use super::roc_auc::pays;
use super::scaled_weights::ScaledWeights;

/// The average precision of "the label is positive", ranked by `score`: between 0 and 1.
///
/// # Formula
/// The sum over the distinct scores, highest first, of the recall gained there times the precision among all
/// customers with that score or a higher one; no interpolation.
///
/// `None` without a payer; NaN where a score is NaN.
///
/// Source: Manning, Raghavan and Schuetze (2008), "Introduction to Information Retrieval", section 8.4; equals
/// scikit-learn's `average_precision_score`.
///
/// # Example
/// ```
/// use ziln::metrics::average_precision;
///
/// // Half of the payers are found with precision 1, the other half with precision 2/3.
/// let score = [0.1, 0.8, 0.3, 0.2];
/// assert_eq!(average_precision(&[0.0, 9.0, 0.0, 1.0], &score, None), Some((1.0 + 2.0 / 3.0) / 2.0));
/// ```
pub fn average_precision(label: &[f64], score: &[f64], weight: Option<&[f64]>) -> Option<f64> {
    match weight {
        None => mean_precision(&by_prediction::<UnitWeight>(label, score, None)),
        Some(weight) => {
            let weight = ScaledWeights::of_rows(weight, label);
            mean_precision(&by_prediction::<f64>(label, score, Some(weight)))
        }
    }
}

/// The average precision for rows sorted by score, with the label's key beside it.
pub(super) fn mean_precision<W: RowWeight>(sorted: &[Row<W>]) -> Option<f64> {
    let (mut precisions, mut payers, mut found) = (ExactSum::new(), ExactSum::new(), 0.0);
    for tied in ties_descending(sorted) {
        let paying = tied.weight_where(pays);
        found += paying;
        precisions.add(paying * (found / (tied.before + tied.weight)));
        payers.add(paying);
    }
    let payers = payers.value();
    if payers == 0.0 {
        return None;
    }
    if has_nan(sorted) {
        return Some(f64::NAN);
    }
    Some(precisions.value() / payers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undefined_is_none_and_nan_stays() {
        assert_eq!(average_precision(&[], &[], None), None);
        assert_eq!(average_precision(&[0.0, -2.0], &[1.0, 2.0], None), None);
        assert_eq!(average_precision(&[3.0, 2.0], &[1.0, 2.0], None), Some(1.0));
        let weight = [0.1, 0.7, 0.2, 0.3];
        assert_eq!(average_precision(&[1.0; 4], &[1.0, 2.0, 3.0, 4.0], Some(&weight)), Some(1.0));
        assert!(average_precision(&[0.0, 2.0], &[1.0, f64::NAN], None).is_some_and(f64::is_nan));
    }

    #[test]
    fn a_constant_score_has_the_rate_of_payers() {
        assert_eq!(average_precision(&[0.0, 2.0, 0.0, 1.0], &[0.3; 4], None), Some(0.5));
    }
}
