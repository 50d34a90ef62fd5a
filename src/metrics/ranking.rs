//! Rows sorted by one value, ties among them and their mid-ranks.
//!
//! Ranks are counted in weight: a row of weight 2 takes the place of two. Only the value a metric ranks by orders
//! the rows; rows that tie in it stay in no particular order, and no metric may depend on it.

use rayon::prelude::*;

use super::exact_sum::ExactSum;
use super::scaled_weights::ScaledWeights;

/// From this many rows on, the cost of waking other threads does not show.
pub(super) const PARALLEL_ROWS: usize = 1 << 16;

/// The weight of a row: [`UnitWeight`] where every row counts once, so that no memory is spent on it, or `f64`.
pub(super) trait RowWeight: Copy + Send + Sync {
    /// The weight of row `row`, scaled; 0 where it is not a positive finite number.
    fn of(weight: Option<ScaledWeights<'_>>, row: usize) -> Self;
    fn value(self) -> f64;
    /// The sum of weights, rounded once.
    fn total(weights: impl Iterator<Item = Self>) -> f64;
}

/// The weight of a row that counts once.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnitWeight;

impl RowWeight for UnitWeight {
    fn of(_: Option<ScaledWeights<'_>>, _: usize) -> Self {
        Self
    }

    fn value(self) -> f64 {
        1.0
    }

    fn total(weights: impl Iterator<Item = Self>) -> f64 {
        weights.count() as f64
    }
}

impl RowWeight for f64 {
    fn of(weight: Option<ScaledWeights<'_>>, row: usize) -> Self {
        weight.map_or(0.0, |weight| weight.get(row))
    }

    fn value(self) -> f64 {
        self
    }

    fn total(weights: impl Iterator<Item = Self>) -> f64 {
        ExactSum::of(weights)
    }
}

/// The label as the metrics count it: `None` leaves the row out, and a negative label is 0.
pub(super) fn usable_label(label: f64) -> Option<f64> {
    label.is_finite().then_some(if label > 0.0 { label } else { 0.0 })
}

/// A number as an integer of the same order; NaN is above all numbers and -0.0 equals 0.0.
pub(super) fn key_of(x: f64) -> u64 {
    // Every NaN becomes the same one, with its sign bit clear.
    let bits = if x.is_nan() { f64::NAN.to_bits() } else { (x + 0.0).to_bits() };
    bits ^ if bits >> 63 == 1 { u64::MAX } else { 1 << 63 }
}

/// The number that [`key_of`] made the key of.
pub(super) fn value_of(key: u64) -> f64 {
    f64::from_bits(key ^ if key >> 63 == 0 { u64::MAX } else { 1 << 63 })
}

/// One row as it is sorted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<W> {
    /// What the rows are sorted by.
    pub(super) key: u64,
    /// What goes along: the key of another number, or whatever the metric needs.
    pub(super) other: u64,
    pub(super) weight: W,
}

impl<W: RowWeight> Row<W> {
    /// The key of no number.
    const LEFT_OUT: u64 = u64::MAX;

    /// A place to fill: left out unless it is.
    pub(super) fn left_out() -> Self {
        Self { key: Self::LEFT_OUT, other: 0, weight: W::of(None, 0) }
    }

    pub(super) fn is_left_out(&self) -> bool {
        self.key == Self::LEFT_OUT
    }
}

/// The usable rows of a label and another number, unsorted: the keys of the label and of the number.
pub(super) fn pairs<W: RowWeight>(
    label: &[f64],
    number: &[f64],
    weight: Option<ScaledWeights<'_>>,
) -> Vec<Row<W>> {
    let mut rows = Vec::with_capacity(label.len().min(number.len()));
    rows.extend(label.iter().zip(number).enumerate().filter_map(|(row, (&label, &number))| {
        let weight = W::of(weight, row);
        let label = usable_label(label).filter(|_| weight.value() > 0.0)?;
        Some(Row { key: key_of(label), other: key_of(number), weight })
    }));
    rows
}

/// The usable rows in order of prediction, with the label's key beside it.
pub(super) fn by_prediction<W: RowWeight>(
    label: &[f64],
    prediction: &[f64],
    weight: Option<ScaledWeights<'_>>,
) -> Vec<Row<W>> {
    let mut rows = pairs(label, prediction, weight);
    swap_and_sort(&mut rows);
    rows
}

/// Sorts by the other value instead.
pub(super) fn swap_and_sort<W: RowWeight>(rows: &mut [Row<W>]) {
    for row in rows.iter_mut() {
        std::mem::swap(&mut row.key, &mut row.other);
    }
    sort(rows);
}

/// Sorts by key.
pub(super) fn sort<W: RowWeight>(rows: &mut [Row<W>]) {
    if rows.len() < PARALLEL_ROWS {
        rows.sort_unstable_by_key(|row| row.key);
    } else {
        rows.par_sort_unstable_by_key(|row| row.key);
    }
}

/// Runs both, at once if there are rows enough to make up for waking another thread.
pub(super) fn both<A: Send, B: Send>(
    rows: usize,
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B + Send,
) -> (A, B) {
    if rows < PARALLEL_ROWS { (first(), second()) } else { rayon::join(first, second) }
}

/// Whether a sorted key is NaN: it is above all numbers, so it is the last.
pub(super) fn has_nan<W>(sorted: &[Row<W>]) -> bool {
    sorted.last().is_some_and(|row| value_of(row.key).is_nan())
}

/// The weight of all rows.
pub(super) fn total_weight<W: RowWeight>(rows: &[Row<W>]) -> f64 {
    W::total(rows.iter().map(|row| row.weight))
}

/// Consecutive rows that tie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ties<'a, W> {
    /// The rows; never empty.
    pub(super) rows: &'a [Row<W>],
    /// The weight of the rows that came before.
    pub(super) before: f64,
    /// The weight of these rows.
    pub(super) weight: f64,
}

impl<W: RowWeight> Ties<'_, W> {
    /// The key the rows have in common.
    pub(super) fn key(&self) -> u64 {
        self.rows.first().map_or(0, |row| row.key)
    }

    /// The mean rank of these rows, counted from 0 at the start: half a rank less than the mid-rank that
    /// counts from 1, so that it has a meaning for weights that are no whole numbers.
    pub(super) fn mid_rank(&self) -> f64 {
        self.before + self.weight / 2.0
    }

    /// The sum of `value` over the rows, each times its weight.
    pub(super) fn sum(&self, value: impl Fn(&Row<W>) -> f64) -> f64 {
        ExactSum::of(self.rows.iter().map(|row| row.weight.value() * value(row)))
    }

    /// The weight of the rows that `keep` is true for.
    pub(super) fn weight_where(&self, keep: impl Fn(&Row<W>) -> bool) -> f64 {
        W::total(self.rows.iter().filter(|row| keep(row)).map(|row| row.weight))
    }
}

/// The ties of sorted rows, lowest first.
pub(super) fn ties<W: RowWeight>(sorted: &[Row<W>]) -> impl Iterator<Item = Ties<'_, W>> {
    accumulate(sorted.chunk_by(|left, right| left.key == right.key))
}

/// The ties of sorted rows, highest first.
pub(super) fn ties_descending<W: RowWeight>(
    sorted: &[Row<W>],
) -> impl Iterator<Item = Ties<'_, W>> {
    accumulate(sorted.chunk_by(|left, right| left.key == right.key).rev())
}

fn accumulate<'a, W: RowWeight + 'a>(
    ties: impl Iterator<Item = &'a [Row<W>]>,
) -> impl Iterator<Item = Ties<'a, W>> {
    let mut before = 0.0;
    ties.map(move |rows| {
        let tied = Ties { rows, before, weight: total_weight(rows) };
        before += tied.weight;
        tied
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_numbers() {
        let numbers =
            [f64::NEG_INFINITY, -1e300, -1.0, -5e-324, 0.0, 5e-324, 1.0, f64::INFINITY, f64::NAN];
        let keys: Vec<u64> = numbers.iter().map(|&x| key_of(x)).collect();
        assert!(keys.is_sorted_by(|left, right| left < right), "{keys:?}");
        assert_eq!(key_of(-0.0), key_of(0.0));
        assert_eq!(key_of(-f64::NAN), key_of(f64::NAN));
        assert!(!keys.contains(&Row::<UnitWeight>::LEFT_OUT));
        for number in numbers {
            assert_eq!(value_of(key_of(number)).to_bits(), number.to_bits());
        }
    }

    #[test]
    fn ties_have_mid_ranks() {
        let label = [5.0, 1.0, -1.0, 5.0, f64::NAN, 0.0];
        let mut rows = pairs::<UnitWeight>(&label, &[0.0; 6], None);
        sort(&mut rows);
        let ranks: Vec<(f64, f64)> =
            ties(&rows).map(|tied| (value_of(tied.key()), tied.mid_rank())).collect();
        assert_eq!(ranks, [(0.0, 1.0), (1.0, 2.5), (5.0, 4.0)]);
        let descending: Vec<f64> =
            ties_descending(&rows).map(|tied| value_of(tied.key())).collect();
        assert_eq!(descending, [5.0, 1.0, 0.0]);
    }

    #[test]
    fn a_weight_takes_as_many_places() {
        let weight = [2.0, 0.0, 1.0, f64::NAN];
        let weight = ScaledWeights::of_rows(&weight, &[0.0; 4]);
        let rows = by_prediction::<f64>(&[0.0; 4], &[3.0, 2.0, 1.0, 9.0], Some(weight));
        let ranks: Vec<(f64, f64)> =
            ties(&rows).map(|tied| (value_of(tied.key()), tied.mid_rank())).collect();
        // In units of the greatest.
        assert_eq!(ranks, [(1.0, 0.25), (3.0, 1.0)]);
    }
}
