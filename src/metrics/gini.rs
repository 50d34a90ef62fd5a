//! The Gini coefficient of a ranking: how much of all value the best-ranked customers hold.

use super::exact_sum::ExactSum;
use super::ranking::{
    Row, RowWeight, UnitWeight, by_prediction, has_nan, pairs, sort, swap_and_sort, ties,
    total_weight, value_of,
};
use super::scaled_weights::ScaledWeights;

/// The normalised Gini coefficient of a prediction: its [`raw_gini`] over that of the labels themselves.
///
/// 1 where the prediction orders customers as their labels do, 0 where it is constant, negative where it is worse
/// than that. `None` without a positive label or where all labels are equal; NaN where a prediction is NaN.
///
/// Source: Wang, Liu, Miao (2019), arXiv 1912.07753, with areas by trapezoids rather than sums, so that
/// a constant prediction gives exactly 0, and with tied predictions in no order.
///
/// # Example
/// ```
/// use ziln::metrics::gini;
///
/// let label = [0.0, 10.0, 0.0, 30.0];
/// assert_eq!(gini(&label, &[1.0, 2.0, 0.5, 3.0], None), Some(1.0));
/// assert_eq!(gini(&label, &[7.0; 4], None), Some(0.0));
/// assert_eq!(gini(&[0.0; 4], &[1.0, 2.0, 3.0, 4.0], None), None);
/// ```
pub fn gini(label: &[f64], prediction: &[f64], weight: Option<&[f64]>) -> Option<f64> {
    match weight {
        None => normalized::<UnitWeight>(label, prediction, None),
        Some(weight) => {
            normalized::<f64>(label, prediction, Some(ScaledWeights::of_rows(weight, label)))
        }
    }
}

/// The Gini coefficient of a prediction, between -1 and 1.
///
/// # Formula
/// 2 A - 1, where A is the area under the Lorenz (gain) curve: the cumulative share of label against the cumulative
/// share of rows (of weight), customers sorted by prediction, highest first, joined by straight lines. Tied
/// predictions share their label evenly: they are one straight line.
///
/// `None` without a positive label; NaN where a prediction is NaN. The reference code sums over the points of the
/// curve instead, which adds 1/n for n customers.
///
/// # Example
/// ```
/// use ziln::metrics::raw_gini;
///
/// // The best-ranked half of the customers holds everything: the area is 3/4.
/// assert_eq!(raw_gini(&[8.0, 0.0], &[2.0, 1.0], None), Some(0.5));
/// assert_eq!(raw_gini(&[8.0, 0.0], &[1.0, 2.0], None), Some(-0.5));
/// ```
pub fn raw_gini(label: &[f64], prediction: &[f64], weight: Option<&[f64]>) -> Option<f64> {
    match weight {
        None => raw::<UnitWeight>(label, prediction, None),
        Some(weight) => raw::<f64>(label, prediction, Some(ScaledWeights::of_rows(weight, label))),
    }
}

fn normalized<W: RowWeight>(
    label: &[f64],
    prediction: &[f64],
    weight: Option<ScaledWeights<'_>>,
) -> Option<f64> {
    let mut rows = pairs::<W>(label, prediction, weight);
    sort(&mut rows);
    let of_labels = concentration(&rows, |row| value_of(row.key));
    swap_and_sort(&mut rows);
    ratio(concentration(&rows, |row| value_of(row.other)), of_labels)
}

fn raw<W: RowWeight>(
    label: &[f64],
    prediction: &[f64],
    weight: Option<ScaledWeights<'_>>,
) -> Option<f64> {
    concentration(&by_prediction::<W>(label, prediction, weight), |row| value_of(row.other))
}

/// The normalised coefficient from the prediction's and the labels' own; none where all labels are equal.
pub(super) fn ratio(of_prediction: Option<f64>, of_labels: Option<f64>) -> Option<f64> {
    let of_labels = of_labels.filter(|gini| *gini != 0.0)?;
    Some(of_prediction? / of_labels)
}

/// The raw coefficient of rows sorted by what ranks them.
///
/// A unit of label adds to the area all that is ranked below it, so the area is the sum of label times mid-rank
/// from below over (total label times total weight); for rows that tie the mid-rank is the straight line.
pub(super) fn concentration<W: RowWeight>(
    sorted: &[Row<W>],
    label: impl Fn(&Row<W>) -> f64,
) -> Option<f64> {
    let scale = safe_scale(sorted.iter().map(&label).fold(0.0, f64::max));
    let (mut area, mut labels) = (ExactSum::new(), ExactSum::new());
    for tied in ties(sorted) {
        let sum = tied.sum(|row| label(row) * scale);
        area.add(sum * tied.mid_rank());
        labels.add(sum);
    }
    let labels = labels.value();
    if labels == 0.0 {
        return None;
    }
    if has_nan(sorted) {
        return Some(f64::NAN);
    }
    Some(2.0 * area.value() / (labels * total_weight(sorted)) - 1.0)
}

/// A power of two that keeps sums of labels far from overflow and underflow; the coefficient does not change.
fn safe_scale(largest: f64) -> f64 {
    let far = 2_f64.powi(512);
    if largest > far {
        1.0 / far
    } else if largest < 1.0 / far {
        far
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_a_straight_line() {
        // Areas by hand: (0,0) -> (1/2, 1/4) -> (1, 1): 1/16 + 5/16 = 3/8.
        let label = [1.0, 0.0, 2.0, 1.0];
        assert_eq!(raw_gini(&label, &[5.0, 5.0, 1.0, 1.0], None), Some(-0.25));
        // A weight of 2 is the row twice: shares 1/3 and 2/3.
        let weighted = raw_gini(&[1.0, 0.0], &[1.0, 0.0], Some(&[1.0, 2.0]));
        assert_eq!(weighted, raw_gini(&[1.0, 0.0, 0.0], &[1.0, 0.0, 0.0], None));
    }

    #[test]
    fn undefined_is_none_and_nan_stays() {
        assert_eq!(gini(&[], &[], None), None);
        assert_eq!(raw_gini(&[0.0, -3.0], &[1.0, 2.0], None), None);
        assert_eq!(gini(&[2.0, 2.0], &[1.0, 2.0], None), None);
        assert_eq!(raw_gini(&[2.0, 2.0], &[1.0, 2.0], None), Some(0.0));
        assert_eq!(gini(&[1.0, f64::NAN], &[1.0, 2.0], None), None);
        assert_eq!(gini(&[1.0, 2.0], &[1.0, 2.0], Some(&[0.0, 0.0])), None);
        assert!(gini(&[1.0, 2.0, 0.0], &[1.0, f64::NAN, 0.0], None).is_some_and(f64::is_nan));
        // The NaN belongs to a row that does not count.
        assert_eq!(gini(&[1.0, f64::NAN, 0.0], &[1.0, f64::NAN, 0.0], None), Some(1.0));
    }

    #[test]
    fn the_size_of_labels_does_not_matter() {
        let label = [0.0, 3.0, 1.0, 9.0, 4.0];
        let prediction = [1.0, f64::INFINITY, f64::NEG_INFINITY, 2.0, 0.5];
        let expected = raw_gini(&label, &prediction, None);
        for power in [-1000, -600, 600, 1019] {
            let scaled = label.map(|label| label * 2_f64.powi(power));
            assert_eq!(raw_gini(&scaled, &prediction, None), expected, "{power}");
        }
    }
}
