//! Means and errors by bucket of predicted rank.

use super::exact_sum::ExactSum;
use super::ranking::{
    Row, RowWeight, Ties, UnitWeight, by_prediction, ties, total_weight, value_of,
};
use crate::record::{Entry, Field, FieldValue, Record, Sealed, fields, integer, number, values};
use crate::{Error, Result};

/// Buckets where none are asked for.
pub const DEFAULT_BUCKETS: usize = 10;
/// Labels and predictions are multiplied or divided by this where their sums or squares are no ordinary doubles.
const RESCALING: f64 = f64::from_bits((1023 + 600) << 52);
/// Above this the inverse of a number's square is subnormal, or nearly so.
const SQUARABLE: f64 = 1e150;
/// The most buckets that [`check_buckets`] lets through.
pub const MAX_BUCKETS: usize = 1_000_000;

/// One bucket of customers of neighbouring predictions. The fields are described in [`Record::FIELDS`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct DecileStats {
    /// The bucket's number, from 1 for the lowest predictions.
    pub bucket: u64,
    /// The rows in the bucket.
    pub rows: u64,
    /// The mean label.
    pub label_mean: f64,
    /// The mean prediction.
    pub prediction_mean: f64,
    /// The root of the mean squared error over the mean label; `None` where that is 0.
    pub normalized_rmse: Option<f64>,
    /// The mean absolute error over the mean label; `None` where that is 0.
    pub normalized_mae: Option<f64>,
    /// |mean prediction - mean label| / mean label; `None` where the mean label is 0.
    pub absolute_percentage_error: Option<f64>,
}

impl Sealed for DecileStats {}

impl Record for DecileStats {
    const FIELDS: &'static [Field] = &fields(&ENTRIES);

    fn into_values(self) -> Vec<FieldValue> {
        values(&ENTRIES, &self)
    }
}

/// The fields of the record, and how their values are got.
const ENTRIES: [Entry<DecileStats>; 7] = [
    integer("bucket", "number of the bucket, from 1 for the lowest predictions", |stats| {
        Some(stats.bucket)
    }),
    integer("rows", "rows in the bucket", |stats| Some(stats.rows)),
    number("label_mean", "mean label", |stats| Some(stats.label_mean)),
    number("prediction_mean", "mean prediction", |stats| Some(stats.prediction_mean)),
    number(
        "normalized_rmse",
        "sqrt(mean((prediction - label)^2)) / label_mean; NULL where label_mean is 0",
        |stats| stats.normalized_rmse,
    ),
    number(
        "normalized_mae",
        "mean(|prediction - label|) / label_mean; NULL where label_mean is 0",
        |stats| stats.normalized_mae,
    ),
    number(
        "absolute_percentage_error",
        "|prediction_mean - label_mean| / label_mean; NULL where label_mean is 0",
        |stats| stats.absolute_percentage_error,
    ),
];

/// Label and prediction by bucket of predicted rank, lowest predictions first; ten buckets are deciles.
///
/// # Formula
/// With n rows in order of prediction, the row of rank i (from 0) belongs to bucket ceil(i buckets / (n - 1)), rank
/// 0 to bucket 1: the buckets of the reference code's `pandas.qcut`. Bucket sizes differ by at most one, and a
/// bucket without a row (fewer rows than buckets) is left out. The errors are those of [`DecileStats`].
///
/// Predictions that tie across a border are in no order, so each bucket gets its number of them with the mean of all
/// of them: never an error, and the same result whatever the order of the rows. A constant prediction gives every
/// bucket the mean of all labels. NaN predictions count as the highest and make their buckets' values NaN.
/// A mean or an error beyond the largest double is infinite. Where infinite predictions of both signs meet in a
/// bucket, its mean prediction and what is made of it are NaN.
/// With 0 buckets the result is empty; an adapter checks the number with [`check_buckets`].
///
/// Source: Wang, Liu, Miao (2019), arXiv 1912.07753, and the reference code's decile table.
///
/// # Example
/// ```
/// use ziln::metrics::decile_stats;
///
/// let halves = decile_stats(&[0.0, 2.0, 10.0, 30.0], &[0.5, 1.0, 9.0, 21.0], 2);
/// assert_eq!(halves[0].label_mean, 1.0);
/// assert_eq!(halves[1].prediction_mean, 15.0);
/// assert_eq!(halves[1].absolute_percentage_error, Some(0.25));
/// ```
pub fn decile_stats(label: &[f64], prediction: &[f64], buckets: usize) -> Vec<DecileStats> {
    let sorted = by_prediction::<UnitWeight>(label, prediction, None);
    bucket_stats(&sorted, buckets, 1.0, |row| value_of(row.other))
}

/// The number of buckets as an argument gives it.
///
/// # Errors
/// [`Error::Argument`] unless it is from 1 to [`MAX_BUCKETS`].
pub fn check_buckets(buckets: i64) -> Result<usize> {
    match usize::try_from(buckets) {
        Ok(buckets @ 1..=MAX_BUCKETS) => Ok(buckets),
        _ => Err(Error::Argument {
            argument: "buckets".to_string(),
            expected: format!("a whole number from 1 to {MAX_BUCKETS}"),
            got: buckets.to_string(),
        }),
    }
}

/// The mean of the buckets' absolute percentage errors; buckets without a positive label have none.
pub(super) fn mean_percentage_error(stats: &[DecileStats]) -> Option<f64> {
    let errors = || stats.iter().filter_map(|stats| stats.absolute_percentage_error);
    let count = errors().count();
    (count > 0).then(|| errors().sum::<f64>() / count as f64)
}

/// The buckets of rows sorted by prediction; `unit` is what a weight of 1 stands for.
pub(super) fn bucket_stats<W: RowWeight>(
    sorted: &[Row<W>],
    buckets: usize,
    unit: f64,
    label: impl Fn(&Row<W>) -> f64,
) -> Vec<DecileStats> {
    let Some(borders) = Borders::new(sorted, buckets, unit) else { return Vec::new() };
    let mut stats = scaled_stats(sorted, borders, &label, 1.0);
    if stats.iter().any(DecileStats::overflowed) {
        let again = scaled_stats(sorted, borders, &label, 1.0 / RESCALING);
        stats.iter_mut().zip(&again).for_each(|(stats, again)| stats.fill_in(again));
    }
    if stats.iter().any(DecileStats::vanished) {
        let again = scaled_stats(sorted, borders, &label, RESCALING);
        let pairs = stats.iter_mut().zip(&again).filter(|(stats, _)| stats.vanished());
        pairs.for_each(|(stats, again)| stats.take_errors(again));
    }
    stats
}

/// The buckets, computed from labels and predictions times a power of two.
fn scaled_stats<W: RowWeight>(
    sorted: &[Row<W>],
    borders: Borders,
    label: &impl Fn(&Row<W>) -> f64,
    scale: f64,
) -> Vec<DecileStats> {
    let mut stats = Vec::new();
    let mut current = BucketSums::new(1);
    for tied in ties(sorted) {
        // Once for all that tie: they may lie in many buckets.
        let sums = TieSums::new(&tied, label, scale);
        for part in borders.parts(&tied) {
            if part.bucket != current.bucket {
                let done = std::mem::replace(&mut current, BucketSums::new(part.bucket));
                stats.extend(done.stats(borders.unit, scale));
            }
            current.add(&sums, part.weight);
        }
    }
    stats.extend(current.stats(borders.unit, scale));
    stats
}

impl DecileStats {
    /// Whether a sum on the way may have been beyond the largest double. Values that are so themselves look alike.
    fn overflowed(&self) -> bool {
        let means = [self.label_mean, self.prediction_mean];
        let no_error = self.label_mean != 0.0 && self.absolute_percentage_error.is_none();
        let errors = self.errors().into_iter().flatten();
        no_error || means.into_iter().chain(errors).any(|value| !value.is_finite())
    }

    /// Whether the squares of the errors may have been too small for doubles.
    fn vanished(&self) -> bool {
        let absolute = |error: Option<f64>| error.map(|error| error * self.label_mean);
        let (root, mean) = (absolute(self.normalized_rmse), absolute(self.normalized_mae));
        root.zip(mean).is_some_and(|(root, mean)| mean > 0.0 && root < 1.0 / SQUARABLE)
    }

    fn errors(&self) -> [Option<f64>; 3] {
        [self.normalized_rmse, self.normalized_mae, self.absolute_percentage_error]
    }

    /// Takes the errors that are finite in `other`.
    fn take_errors(&mut self, other: &Self) {
        let [rmse, mae, percentage] = other.errors().map(|error| error.filter(|e| e.is_finite()));
        self.normalized_rmse = rmse.or(self.normalized_rmse);
        self.normalized_mae = mae.or(self.normalized_mae);
        self.absolute_percentage_error = percentage.or(self.absolute_percentage_error);
    }

    /// Takes what is finite in `other` and not here.
    fn fill_in(&mut self, other: &Self) {
        let finite =
            |own: f64, other: f64| if other.is_finite() && !own.is_finite() { other } else { own };
        let known = |own: Option<f64>, other: Option<f64>| {
            own.filter(|own| own.is_finite()).or(other.filter(|other| other.is_finite())).or(own)
        };
        self.label_mean = finite(self.label_mean, other.label_mean);
        self.prediction_mean = finite(self.prediction_mean, other.prediction_mean);
        self.normalized_rmse = known(self.normalized_rmse, other.normalized_rmse);
        self.normalized_mae = known(self.normalized_mae, other.normalized_mae);
        self.absolute_percentage_error =
            known(self.absolute_percentage_error, other.absolute_percentage_error);
    }
}

/// Where buckets end, in cumulative weight.
#[derive(Debug, Clone, Copy)]
struct Borders {
    ends: BucketEnds,
    /// What a weight of 1 stands for.
    unit: f64,
}

/// How buckets end.
#[derive(Debug, Clone, Copy)]
enum BucketEnds {
    /// Whole weights, so that weight 2 is the row twice: a row has a rank or several, and belongs to buckets whole.
    Whole { last_rank: u128, buckets: u128 },
    /// Other weights have no ranks to count: buckets are equal parts of the total weight.
    Parts { size: f64, buckets: u64 },
}

/// What of tied rows lies in one bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
struct BucketShare {
    bucket: u64,
    /// What of their weight it has.
    weight: f64,
}

impl Borders {
    /// `None` without rows or buckets.
    fn new<W: RowWeight>(sorted: &[Row<W>], buckets: usize, unit: f64) -> Option<Self> {
        let total = total_weight(sorted);
        if total == 0.0 || buckets == 0 {
            return None;
        }
        // Up to here every rank is a double.
        let countable = 2_f64.powi(53);
        let whole = |row: &Row<W>| (row.weight.value() * unit).fract() == 0.0;
        let ends = if total * unit <= countable && sorted.iter().all(whole) {
            BucketEnds::Whole { last_rank: (total * unit) as u128 - 1, buckets: buckets as u128 }
        } else {
            BucketEnds::Parts { size: total / buckets as f64, buckets: buckets as u64 }
        };
        Some(Self { ends, unit })
    }

    /// The bucket of what comes right after the cumulative weight `before`.
    fn bucket(self, before: f64) -> u64 {
        match self.ends {
            BucketEnds::Whole { last_rank, buckets } => {
                let rank = (before * self.unit) as u128;
                (rank * buckets).div_ceil(last_rank.max(1)).max(1) as u64
            }
            BucketEnds::Parts { size, buckets } => {
                ((before / size) as u64).saturating_add(1).min(buckets)
            }
        }
    }

    /// The cumulative weight where a bucket ends.
    fn end(self, bucket: u64) -> f64 {
        match self.ends {
            BucketEnds::Whole { last_rank, buckets } => {
                (u128::from(bucket) * last_rank / buckets + 1) as f64 / self.unit
            }
            BucketEnds::Parts { buckets, .. } if bucket == buckets => f64::INFINITY,
            BucketEnds::Parts { size, .. } => size * bucket as f64,
        }
    }

    /// A share that is only rounding; no rank is that small.
    fn rounding(self) -> f64 {
        match self.ends {
            BucketEnds::Whole { .. } => 0.0,
            BucketEnds::Parts { size, .. } => size * 1e-9,
        }
    }

    /// The shares of tied rows, lowest bucket first.
    fn parts<W>(self, tied: &Ties<'_, W>) -> impl Iterator<Item = BucketShare> {
        let (before, whole) = (tied.before, tied.weight);
        let (end, rounding) = (before + whole, self.rounding());
        let mut from = Some(before);
        std::iter::from_fn(move || {
            let start = from?;
            let mut bucket = self.bucket(start);
            while self.end(bucket) - start <= rounding {
                bucket += 1;
            }
            let border = self.end(bucket);
            from = (end - border > rounding).then_some(border);
            // Not the difference, which may be 0 for a weight that is nothing beside the others.
            let uncut = from.is_none() && start == before;
            let weight = if uncut { whole } else { from.unwrap_or(end) - start };
            Some(BucketShare { bucket, weight })
        })
    }
}

/// The sums of tied rows, in the scaled units of labels and predictions.
#[derive(Debug, Clone, Copy)]
struct TieSums {
    weight: f64,
    prediction: f64,
    label: f64,
    squared_error: f64,
    absolute_error: f64,
}

impl TieSums {
    fn new<W: RowWeight>(tied: &Ties<'_, W>, label: &impl Fn(&Row<W>) -> f64, scale: f64) -> Self {
        let prediction = value_of(tied.key()) * scale;
        let label = |row: &Row<W>| label(row) * scale;
        Self {
            weight: tied.weight,
            prediction,
            label: tied.sum(label),
            squared_error: tied.sum(|row| (prediction - label(row)).powi(2)),
            absolute_error: tied.sum(|row| (prediction - label(row)).abs()),
        }
    }
}

/// A mean of finite numbers in their own units; it is no more than the greatest of them, whatever was rounded.
fn unscaled(mean: f64, scale: f64) -> f64 {
    if mean.is_finite() { (mean / scale).clamp(-f64::MAX, f64::MAX) } else { mean }
}

/// What the values of one bucket are made from.
#[derive(Debug)]
struct BucketSums {
    bucket: u64,
    weight: ExactSum,
    label: ExactSum,
    prediction: ExactSum,
    squared_error: ExactSum,
    absolute_error: ExactSum,
}

impl BucketSums {
    fn new(bucket: u64) -> Self {
        Self {
            bucket,
            weight: ExactSum::new(),
            label: ExactSum::new(),
            prediction: ExactSum::new(),
            squared_error: ExactSum::new(),
            absolute_error: ExactSum::new(),
        }
    }

    /// Adds of tied rows a part of weight `weight`: tied rows are alike, so it has the same mean as the whole.
    fn add(&mut self, tied: &TieSums, weight: f64) {
        let share = weight / tied.weight;
        self.weight.add(weight);
        self.prediction.add(tied.prediction * weight);
        self.label.add(tied.label * share);
        self.squared_error.add(tied.squared_error * share);
        self.absolute_error.add(tied.absolute_error * share);
    }

    /// The values, unless the bucket is empty; `unit` is what a weight of 1 stands for, and labels and predictions
    /// are times `scale`.
    fn stats(&self, unit: f64, scale: f64) -> Option<DecileStats> {
        let weight = self.weight.value();
        if weight == 0.0 {
            return None;
        }
        let label_mean = self.label.value() / weight;
        let prediction_mean = self.prediction.value() / weight;
        let defined = label_mean != 0.0 && label_mean.is_finite();
        let over_label = |error: f64| defined.then(|| error / label_mean);
        Some(DecileStats {
            bucket: self.bucket,
            rows: (weight * unit).round() as u64,
            label_mean: unscaled(label_mean, scale),
            prediction_mean: unscaled(prediction_mean, scale),
            normalized_rmse: over_label((self.squared_error.value() / weight).sqrt()),
            normalized_mae: over_label(self.absolute_error.value() / weight),
            absolute_percentage_error: over_label((prediction_mean - label_mean).abs()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::scaled_weights::ScaledWeights;
    use super::*;

    fn rows_by_bucket(predictions: &[f64], buckets: usize) -> Vec<(u64, u64)> {
        let label = vec![1.0; predictions.len()];
        let stats = decile_stats(&label, predictions, buckets);
        stats.iter().map(|stats| (stats.bucket, stats.rows)).collect()
    }

    #[test]
    fn buckets_hold_whole_rows() {
        assert_eq!(rows_by_bucket(&[4.0, 1.0, 3.0, 2.0, 5.0], 2), [(1, 3), (2, 2)]);
        assert_eq!(rows_by_bucket(&[1.0, 2.0, 3.0], 10), [(1, 1), (5, 1), (10, 1)]);
        assert_eq!(rows_by_bucket(&[7.0], 10), [(1, 1)]);
        assert_eq!(rows_by_bucket(&[7.0; 5], 2), [(1, 3), (2, 2)]);
        assert_eq!(rows_by_bucket(&[], 10), []);
        assert_eq!(rows_by_bucket(&[1.0, 2.0], 0), []);
        assert_eq!(rows_by_bucket(&[1.0, 2.0], usize::MAX), [(1, 1), (u64::MAX, 1)]);
    }

    #[test]
    fn ties_share_their_label_across_a_border() {
        let stats = decile_stats(&[0.0, 0.0, 9.0, 0.0], &[1.0, 2.0, 2.0, 2.0], 2);
        // The low bucket has 1.0 and a third of the three ties, the high one two thirds.
        assert_eq!(stats.iter().map(|stats| stats.label_mean).collect::<Vec<_>>(), [1.5, 3.0]);
        assert_eq!(stats[0].prediction_mean, 1.5);
        // Errors of the ties: 2, 7, 2 and of the first row: 1.
        let mae = stats[0].normalized_mae.unwrap();
        assert!((mae - (1.0 + 11.0 / 3.0) / 3.0).abs() < 1e-15, "{mae}");
        let squares: f64 = (4.0 + 49.0 + 4.0) / 3.0;
        let rmse = stats[1].normalized_rmse.unwrap();
        assert!((rmse - squares.sqrt() / 3.0).abs() < 1e-15, "{rmse}");
    }

    #[test]
    fn a_bucket_without_label_has_no_relative_errors() {
        let stats = decile_stats(&[0.0, -1.0, 3.0, 3.0], &[1.0, 2.0, 3.0, 4.0], 2);
        assert_eq!(stats[0].label_mean, 0.0);
        assert_eq!(stats[0].normalized_rmse, None);
        assert_eq!(stats[0].normalized_mae, None);
        assert_eq!(stats[0].absolute_percentage_error, None);
        assert_eq!(mean_percentage_error(&stats), stats[1].absolute_percentage_error);
        assert_eq!(mean_percentage_error(&stats[..1]), None);
    }

    #[test]
    fn nan_is_highest_and_shows() {
        let stats = decile_stats(&[1.0, 1.0, f64::NAN], &[f64::NAN, 1.0, 5.0], 2);
        assert_eq!(stats[0].absolute_percentage_error, Some(0.0));
        assert!(stats[1].prediction_mean.is_nan());
        assert!(stats[1].normalized_rmse.is_some_and(f64::is_nan));
    }

    #[test]
    fn the_size_of_labels_does_not_matter() {
        let (label, prediction) = ([0.0, 3.0, 1.0, 0.5, 0.0, 2.5], [0.25, 0.5, 1.0, 1.0, 2.0, 3.0]);
        let expected = decile_stats(&label, &prediction, 3);
        for power in [-1070, -600, -520, 500, 520, 1022] {
            let half = 2_f64.powi(power / 2);
            let scaled = |column: [f64; 6]| column.map(|x| x * half * half);
            let stats = decile_stats(&scaled(label), &scaled(prediction), 3);
            for (stats, expected) in stats.iter().zip(&expected) {
                assert_eq!(stats.errors(), expected.errors(), "{power}");
                assert_eq!(stats.label_mean, expected.label_mean * half * half, "{power}");
                assert_eq!(stats.prediction_mean, expected.prediction_mean * half * half);
            }
        }
    }

    #[test]
    fn opposite_ends_of_the_scale_meet() {
        let far = 2_f64.powi(1023);
        let stats = decile_stats(&[far; 5], &[-far; 5], 1).remove(0);
        assert_eq!((stats.label_mean, stats.prediction_mean), (far, -far));
        assert_eq!(stats.errors(), [Some(2.0); 3]);
        // The error itself is beyond the largest double.
        let stats = decile_stats(&[1e-200], &[f64::MAX], 1).remove(0);
        assert_eq!((stats.label_mean, stats.prediction_mean), (1e-200, f64::MAX));
        assert_eq!(stats.errors(), [Some(f64::INFINITY); 3]);
    }

    #[test]
    fn other_weights_split_at_equal_parts() {
        let weight = [0.25; 8];
        let prediction: Vec<f64> = (0..8).map(f64::from).collect();
        let weight = ScaledWeights::of_rows(&weight, &prediction);
        let sorted = by_prediction::<f64>(&prediction, &prediction, Some(weight));
        let means = |buckets| -> Vec<f64> {
            let stats = bucket_stats(&sorted, buckets, weight.unit(), |row| value_of(row.other));
            stats.iter().map(|stats| stats.label_mean).collect()
        };
        assert_eq!(means(2), [1.5, 5.5]);
        assert_eq!(means(4), [0.5, 2.5, 4.5, 6.5]);
        // 8/3 rows a bucket: the first has rows 0, 1 and two thirds of row 2.
        let thirds = means(3);
        assert!((thirds[0] - (0.0 + 1.0 + 2.0 * 2.0 / 3.0) * 3.0 / 8.0).abs() < 1e-15);
    }

    /// Sums of such weights miss the borders by an ulp or so; no bucket may get a sliver of its neighbour's row.
    #[test]
    fn rounding_of_a_border_moves_nothing() {
        for (weight, size) in
            [0.1, 0.3, 0.7, 1.1].into_iter().flat_map(|w| [(w, 1), (w, 3), (w, 7)])
        {
            let rows = 10 * size;
            let prediction: Vec<f64> = (0..rows).map(|row| row as f64).collect();
            for paying in 1..10 {
                let pays = |row: usize| if row >= paying * size { 1.0 } else { 0.0 };
                let label: Vec<f64> = (0..rows).map(pays).collect();
                let weights = vec![weight; rows];
                let scaled = ScaledWeights::of_rows(&weights, &label);
                let sorted = by_prediction::<f64>(&label, &prediction, Some(scaled));
                let stats = bucket_stats(&sorted, 10, scaled.unit(), |row| value_of(row.other));
                let (zero, positive) = stats.split_at(paying);
                assert_eq!(stats.len(), 10, "{weight} {size}");
                assert!(zero.iter().all(|stats| stats.label_mean == 0.0), "{zero:?}");
                let near_one = |stats: &DecileStats| (stats.label_mean - 1.0).abs() < 1e-12;
                assert!(positive.iter().all(near_one), "{positive:?}");
            }
        }
    }

    #[test]
    fn checks_the_number_of_buckets() {
        assert_eq!(check_buckets(10), Ok(10));
        assert_eq!(check_buckets(1_000_000), Ok(MAX_BUCKETS));
        for buckets in [0, -1, 1_000_001, i64::MIN] {
            let error = check_buckets(buckets).unwrap_err().to_string();
            assert!(
                error.starts_with("argument `buckets`: expected a whole number from 1"),
                "{error}"
            );
        }
    }

    #[test]
    fn values_are_in_the_order_of_the_fields() {
        let stats = decile_stats(&[2.0], &[3.0], 1).remove(0);
        let values = stats.into_values();
        assert_eq!(values.len(), DecileStats::FIELDS.len());
        let position =
            |name| DecileStats::FIELDS.iter().position(|field| field.name == name).unwrap();
        assert_eq!(values[position("prediction_mean")], FieldValue::Number(Some(3.0)));
        assert_eq!(values[position("normalized_rmse")], FieldValue::Number(Some(0.5)));
    }
}
