//! How a number is encoded: its moments, the values it may have, and those that its payers have.

use super::layout::BatchLayout;
use super::moments::{NumberLearner, range_of};
use crate::model::{Encoding, Range};

/// Values that are looked at to tell which are absurd: the first of the canonical order, which is as good as random.
const SAMPLE: usize = 1 << 14;

/// Fewer values than this say nothing of which are absurd.
const LEAST_SAMPLE: usize = 8;

/// Of so many values one may be anything, and another of any number of them.
const ONE_IN: usize = 1000;

/// The range beyond which a value is held: that of the values, but for the few farthest, widened by its own length on
/// either side.
///
/// One absurd value would otherwise decide the scale of the feature, its penalty and with them every prediction.
fn trusted_range(values: &[f64]) -> Range {
    let mut sample: Vec<f64> = values.iter().take(SAMPLE).copied().collect();
    sample.retain(|value| value.is_finite());
    if sample.len() < LEAST_SAMPLE {
        return Range::ALL;
    }
    let left_out = 1 + sample.len() / ONE_IN;
    let last = sample.len() - 1 - left_out;
    let least = *sample.select_nth_unstable_by(left_out, f64::total_cmp).1;
    let most = *sample.select_nth_unstable_by(last, f64::total_cmp).1;
    let length = most - least;
    // A number that hardly ever varies has no length to judge others by.
    if length > 0.0 { Range { least: least - length, most: most + length } } else { Range::ALL }
}

/// Holds the finite values within a range; a value that is not finite is missing, and stays so.
fn hold(values: &mut [f64], range: Range) {
    for value in values.iter_mut().filter(|value| value.is_finite()) {
        *value = range.hold(*value);
    }
}

/// What a column was found to be.
pub(in crate::fit) struct LearntNumber {
    /// Of kind [`Encoding::Numeric`].
    pub(in crate::fit) encoding: Encoding,
    /// The range of the values before any was held.
    pub(in crate::fit) all: Range,
}

/// Learns the encoding of the values of a layout, which `learner` has been given, and holds them in the range of the
/// encoding. Of a known encoding the moments stay as they are, and the ranges are widened.
pub(in crate::fit) fn learn_number(
    values: &mut [f64],
    learner: &NumberLearner<'_>,
    layout: &BatchLayout,
    known: Option<&Encoding>,
) -> LearntNumber {
    let all = learner.range();
    let (known_moments, known_ranges) = match known {
        Some(&Encoding::Numeric { mean, scale, range, payer_range }) => {
            (Some((mean, scale)), [range, payer_range])
        }
        _ => (None, [None, None]),
    };
    let widened = |range: Range, known: Option<Range>| known.map_or(range, |k| k.union(range));
    let trusted = widened(trusted_range(values), known_ranges[0]);
    let (mean, scale) = if trusted.contains(all) || all.is_empty() {
        known_moments.unwrap_or_else(|| learner.moments(values))
    } else {
        hold(values, trusted);
        known_moments.unwrap_or_else(|| learner.again(values).moments(values))
    };
    let seen = Range { least: trusted.hold(all.least), most: trusted.hold(all.most) };
    let range = if all.is_empty() { Range { least: mean, most: mean } } else { seen };
    let mean = if known_moments.is_some() { mean } else { range.hold(mean) + 0.0 };
    let encoding = Encoding::Numeric {
        mean,
        scale,
        range: Some(without_negative_zero(widened(range, known_ranges[0]))),
        payer_range: Some(without_negative_zero(widened(
            range_of_payers(values, layout, mean),
            known_ranges[1],
        ))),
    };
    LearntNumber { encoding, all }
}

/// Both zeros are one number, and so one text of a model.
fn without_negative_zero(range: Range) -> Range {
    Range { least: range.least + 0.0, most: range.most + 0.0 }
}

/// The range of the payers' values; one that is missing is the mean.
fn range_of_payers(values: &[f64], layout: &BatchLayout, mean: f64) -> Range {
    let mut rest = values;
    let mut range = Range::EMPTY;
    for batch in &layout.batches {
        let (of_batch, after) = rest.split_at(batch.rows.min(rest.len()));
        rest = after;
        let payers = of_batch.get(..batch.payers).unwrap_or(of_batch);
        range = range.union(range_of(payers));
        if !payers.iter().all(|value| value.is_finite()) {
            range = range.union(Range { least: mean, most: mean });
        }
    }
    range
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_absurd_value_is_not_trusted() {
        let mut values: Vec<f64> = (0..3000).map(|row| f64::from(1 + row % 10)).collect();
        values.push(5000.0);
        assert_eq!(trusted_range(&values), Range { least: -8.0, most: 19.0 });
        values.extend([f64::NAN, f64::INFINITY, 1e300, -1e300]);
        assert_eq!(trusted_range(&values), Range { least: -8.0, most: 19.0 });
    }

    #[test]
    fn few_values_and_rare_flags_are_all_trusted() {
        assert_eq!(trusted_range(&[1.0, 2.0, 1e9]), Range::ALL);
        let flags: Vec<f64> = (0..5000).map(|row| f64::from(u8::from(row == 17))).collect();
        assert_eq!(trusted_range(&flags), Range::ALL);
        assert_eq!(trusted_range(&[f64::MAX, -f64::MAX].repeat(10)).most, f64::INFINITY);
    }

    #[test]
    fn what_is_missing_stays_missing() {
        let mut values = [f64::NAN, f64::INFINITY, 7.0, -7.0];
        hold(&mut values, Range { least: -1.0, most: 1.0 });
        assert!(values[0].is_nan());
        assert_eq!(values[1..], [f64::INFINITY, 1.0, -1.0]);
    }
}
