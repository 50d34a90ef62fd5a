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

/// Of so many values one may be absurd if no value lies between these and the rest.
const APART_IN: usize = 50;

/// Values are apart if they are so many lengths of the rest's range beyond it.
const APART: f64 = 5.0;

/// The range beyond which a value is held: that of the values, but for the few farthest and those far apart from the
/// rest, widened by its own length on either side.
///
/// A few absurd values would otherwise decide the scale of the feature, its penalty and with them every prediction.
fn trusted_range(values: &[f64]) -> Range {
    let mut sample: Vec<f64> = values.iter().take(SAMPLE).copied().collect();
    sample.retain(|value| value.is_finite());
    if sample.len() < LEAST_SAMPLE {
        return Range::ALL;
    }
    let left_out = 1 + sample.len() / ONE_IN;
    let Range { least, most } = without_ends(&mut sample, left_out);
    let length = most - least;
    // A number that hardly ever varies has no length to judge others by.
    if length > 0.0 { Range { least: least - length, most: most + length } } else { Range::ALL }
}

/// The range of values without so many at either end, and without more where these are apart from the rest.
fn without_ends(values: &mut [f64], left_out: usize) -> Range {
    let (last, tail) = (values.len() - 1, left_out.max(values.len() / APART_IN));
    sort_ends(values, tail);
    let (least, most) = (values[tail], values[last - tail]);
    let below: Vec<f64> = values[..=tail].iter().rev().map(|value| most - value).collect();
    let above: Vec<f64> = values[last - tail..].iter().map(|value| value - least).collect();
    let [low, high] = [below, above].map(|distances| apart(&distances, left_out));
    let usual = Range { least: values[left_out], most: values[last - left_out] };
    let narrow = Range { least: values[low], most: values[last - high] };
    // Where most values are the same, the others are far from them without being absurd.
    if narrow == usual || varies(&mut values[tail..=last - tail]) { narrow } else { usual }
}

/// Sorts the `tail` least and greatest values, and puts those next to them in their places.
fn sort_ends(values: &mut [f64], tail: usize) {
    let last = values.len() - 1;
    let (first, _, rest) = values.select_nth_unstable_by(tail, f64::total_cmp);
    first.sort_unstable_by(f64::total_cmp);
    let index = last - tail - (tail + 1);
    rest.select_nth_unstable_by(index, f64::total_cmp).2.sort_unstable_by(f64::total_cmp);
}

/// How many values at an end are left out: at least so many, and more if none lies between them and the rest for long.
/// `distances` are those from the other end of the rest, of its last value and of the values beyond it.
fn apart(distances: &[f64], left_out: usize) -> usize {
    let is_apart = |count: &usize| match distances[distances.len() - 1 - count..] {
        [rest, first, ..] => rest > 0.0 && first - rest > APART * rest,
        _ => false,
    };
    (left_out + 1..distances.len()).rev().find(is_apart).unwrap_or(left_out)
}

/// Whether the middle eight of ten values are not all the same.
fn varies(values: &mut [f64]) -> bool {
    let tenth = values.len() / 10;
    let least = *values.select_nth_unstable_by(tenth, f64::total_cmp).1;
    let last = values.len() - 1 - tenth;
    *values.select_nth_unstable_by(last, f64::total_cmp).1 > least
}

/// Holds the finite values within a range; a value that is not finite is missing, and stays so.
fn hold_in_range(values: &mut [f64], range: Range) {
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
        hold_in_range(values, trusted);
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

    /// Values by their rank, the greatest last.
    fn values(count: usize, value: impl Fn(f64) -> f64) -> Vec<f64> {
        (1..=count).map(|rank| value(rank as f64 / (count + 1) as f64)).collect()
    }

    #[test]
    fn some_absurd_values_far_from_the_rest_are_not_trusted() {
        for (count, absurd) in [(500, vec![5000.0, 6000.0]), (3000, vec![999_999.0; 30])] {
            for sign in [1.0, -1.0] {
                let mut values = values(count, |share| (30.0 * share).ceil());
                values.extend(&absurd);
                for value in &mut values {
                    *value *= sign;
                }
                let Range { least, most } = trusted_range(&values);
                assert_eq!([least, most], if sign > 0.0 { [-28.0, 59.0] } else { [-59.0, 28.0] });
            }
        }
    }

    #[test]
    fn the_order_of_the_values_makes_no_difference() {
        let mut values: Vec<f64> =
            (0..400_u32).map(|index| f64::from(index.wrapping_mul(2_654_435_761) % 1009)).collect();
        values.extend([5e4, 6e4, -7e4, -7e4, -8e4]);
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let expected = trusted_range(&sorted);
        assert!(expected.most < 3000.0 && expected.least > -3000.0, "{expected:?}");
        for step in 1..60 {
            let mut dealt: Vec<f64> = (0..step)
                .flat_map(|first| sorted.iter().copied().skip(first).step_by(step))
                .collect();
            assert_eq!(trusted_range(&dealt), expected);
            dealt.reverse();
            assert_eq!(trusted_range(&dealt), expected);
            values.rotate_left(step);
            assert_eq!(trusted_range(&values), expected);
        }
    }

    #[test]
    fn heavy_tails_and_rare_numbers_are_trusted() {
        for count in [100, 500, 3000, 16_000] {
            let left_out = 1 + count / ONE_IN;
            // Pareto of exponent 1, and zeros of which a few are large.
            let pareto = values(count, |share| 1.0 / (1.0 - share));
            let rare = values(count, |share| if share < 0.985 { 0.0 } else { 1e4 * share });
            for mut values in [pareto, rare] {
                let most = values[count - 1 - left_out];
                assert_eq!(without_ends(&mut values, left_out).most, most, "{count}");
            }
        }
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
        hold_in_range(&mut values, Range { least: -1.0, most: 1.0 });
        assert!(values[0].is_nan());
        assert_eq!(values[1..], [f64::INFINITY, 1.0, -1.0]);
    }
}
