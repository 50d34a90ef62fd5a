//! Learning the encodings of the features, and writing encoded values into packed columns.

use std::borrow::Cow;
use std::collections::HashMap;

use super::gather;
use super::layout::{LANES, Layout};
use super::order::level;
use super::table::{RowId, Table};
use crate::math::dispatch;
use crate::model::{Encoding, FAR_NUMBER, FAR_UNIT};

/// Lanes of a sum over rows: fixed, so that the bits do not depend on the processor.
const SUMS: usize = 8;

/// Standardised values are kept within this, far beyond any real one, so that single precision never overflows.
const FAR: f64 = 1e15;

/// Totals of weights within this and its inverse are ordinary: no product with one overflows or vanishes.
const FAR_WEIGHT: f64 = 1e100;

/// Learns the mean and the scale of a number from its values, NaN and infinite ones left out.
pub(super) fn learn_number(values: &[f64], weights: Option<&[f64]>) -> Encoding {
    dispatch(
        #[inline(always)]
        || encoding(values, weights),
    )
}

#[inline(always)]
fn encoding(values: &[f64], weights: Option<&[f64]>) -> Encoding {
    let (least, most) = range(values);
    if least >= most {
        let mean = if least.is_finite() { least } else { 0.0 };
        return Encoding::Numeric { mean, scale: 1.0 };
    }
    if most.max(-least) < FAR_NUMBER {
        return moments(values, weights, least, most);
    }
    let scaled: Vec<f64> = values.iter().map(|value| value * FAR_UNIT).collect();
    unscaled(&moments(&scaled, weights, least * FAR_UNIT, most * FAR_UNIT))
}

/// The encoding of numbers whose multiples with [`FAR_UNIT`] have this one.
fn unscaled(encoding: &Encoding) -> Encoding {
    let Encoding::Numeric { mean, scale } = encoding else { return encoding.clone() };
    // Neither is greater than the greatest number, whatever was rounded.
    let finite = |value: f64| (value / FAR_UNIT).clamp(-f64::MAX, f64::MAX);
    Encoding::Numeric { mean: finite(*mean), scale: finite(*scale) }
}

/// The encoding of numbers from `least` to `most`, which differ.
#[inline(always)]
fn moments(values: &[f64], weights: Option<&[f64]>, least: f64, most: f64) -> Encoding {
    let constant = |mean| Encoding::Numeric { mean, scale: 1.0 };
    let middle = 0.5 * least + 0.5 * most;
    let mut total = weighted_sum(values, weights, |_| 1.0);
    let far = !(1.0 / FAR_WEIGHT..FAR_WEIGHT).contains(&total);
    let weights = weights.map(|weights| if far { near(weights) } else { weights.into() });
    let weights = weights.as_deref();
    if far {
        total = weighted_sum(values, weights, |_| 1.0);
    }
    // Twice, because the first mean of numbers with a huge offset is off by rounding.
    let rough = middle + weighted_sum(values, weights, |value| value - middle) / total;
    let mean = rough + weighted_sum(values, weights, |value| value - rough) / total;
    // In units of the range, whose square cannot overflow.
    let range = most - least;
    let square = |value: f64| {
        let distance = (value - mean) / range;
        distance * distance
    };
    let scale = range * (weighted_sum(values, weights, square) / total).sqrt();
    let usable = mean.is_finite() && scale.is_finite() && scale > 1e-290;
    if usable { Encoding::Numeric { mean, scale } } else { constant(middle) }
}

/// Weights in units of the greatest.
fn near(weights: &[f64]) -> Cow<'_, [f64]> {
    let greatest = weights.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    weights.iter().map(|weight| weight / greatest).collect()
}

/// The least and the greatest finite value; infinities the wrong way round if there is none.
#[inline(always)]
fn range(values: &[f64]) -> (f64, f64) {
    let (mut least, mut most) = ([f64::INFINITY; SUMS], [f64::NEG_INFINITY; SUMS]);
    let mut widen = |block: &[f64]| {
        for ((least, most), &value) in least.iter_mut().zip(&mut most).zip(block) {
            // Comparisons are false for NaN, and an infinite value is on one side of them only.
            *least = if value < *least && value > f64::NEG_INFINITY { value } else { *least };
            *most = if value > *most && value < f64::INFINITY { value } else { *most };
        }
    };
    let (blocks, rest) = values.as_chunks::<SUMS>();
    for block in blocks {
        widen(block);
    }
    widen(rest);
    let least = least.into_iter().fold(f64::INFINITY, f64::min);
    (least, most.into_iter().fold(f64::NEG_INFINITY, f64::max))
}

/// The weighted sum of `term` over the finite values, in a fixed order.
#[inline(always)]
fn weighted_sum(values: &[f64], weights: Option<&[f64]>, term: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; SUMS];
    let mut add = |values: &[f64], weights: &[f64]| {
        for ((sum, &value), &weight) in sums.iter_mut().zip(values).zip(weights) {
            *sum += if value.abs() < f64::INFINITY { weight * term(value) } else { 0.0 };
        }
    };
    let (blocks, rest) = values.as_chunks::<SUMS>();
    match weights.map(<[f64]>::as_chunks::<SUMS>) {
        None => {
            for block in blocks {
                add(block, &[1.0; SUMS]);
            }
            add(rest, &[1.0; SUMS]);
        }
        Some((weight_blocks, weight_rest)) => {
            blocks.iter().zip(weight_blocks).for_each(|(block, weights)| add(block, weights));
            add(rest, weight_rest);
        }
    }
    sums.iter().sum()
}

/// Writes standardised values, batch by batch, into a packed column.
pub(super) fn write_number(
    values: &[f64],
    mean: f64,
    scale: f64,
    layout: &Layout,
    out: &mut [f32],
) {
    dispatch(
        #[inline(always)]
        || {
            if scale < FAR_NUMBER {
                write_batches(values, 1.0, mean, scale, layout, out);
            } else {
                write_batches(values, FAR_UNIT, mean * FAR_UNIT, scale * FAR_UNIT, layout, out);
            }
        },
    );
}

/// Writes values times `unit`, which `mean` and `scale` are in.
#[inline(always)]
fn write_batches(
    values: &[f64],
    unit: f64,
    mean: f64,
    scale: f64,
    layout: &Layout,
    out: &mut [f32],
) {
    let per_scale = 1.0 / scale;
    let mut rest = values;
    for batch in &layout.batches {
        let (values, after) = rest.split_at(batch.rows.min(rest.len()));
        rest = after;
        let Some(out) = out.get_mut(batch.start..) else { return };
        for (slot, &value) in out.iter_mut().zip(values) {
            let standard = (value * unit - mean) * per_scale;
            let kept = if standard.abs() < f64::INFINITY { standard } else { 0.0 };
            *slot = kept.clamp(-FAR, FAR) as f32;
        }
    }
}

/// The levels of a categorical feature that have weights, and the training rows of each: NULL first, then by bytes.
///
/// `known` are levels that keep their place in the model however few rows they have.
pub(super) fn learn_levels(
    table: &Table<'_>,
    feature: usize,
    rows: &[RowId],
    known: &[Option<String>],
    min_count: u64,
) -> Encoding {
    let mut codes = Vec::new();
    gather::codes(table, feature, rows, &mut codes);
    codes.sort_unstable();
    let mut counts: HashMap<Option<&str>, u64> = HashMap::new();
    for run in codes.chunk_by(|a, b| a == b) {
        // Codes out of range are NULL, so that several codes may mean one level.
        let Some(&code) = run.first() else { continue };
        *counts.entry(level(table, feature, code)).or_default() += run.len() as u64;
    }
    let mut kept: Vec<(Option<&str>, u64)> =
        counts.iter().map(|(&name, &rows)| (name, rows)).collect();
    kept.retain(|&(_, rows)| rows >= min_count);
    for name in known {
        let name = name.as_deref();
        let rows = counts.get(&name).copied().unwrap_or(0);
        if rows < min_count {
            kept.push((name, rows));
        }
    }
    kept.sort_unstable();
    let levels = kept.iter().map(|(name, _)| name.map(str::to_owned)).collect();
    let rows = kept.iter().map(|&(_, rows)| rows).collect();
    Encoding::Categorical { levels, rows }
}

/// A categorical feature, packed: the levels of each batch are numbered anew, from 1, in the order in which they
/// first appear, so that a batch touches no more memory than its rows need. 0 stands for a level without weights.
#[derive(Debug)]
pub(super) struct Category {
    /// The level within the batch, of each packed row.
    pub(super) local: Vec<u32>,
    /// The levels of all batches, one batch after the other.
    levels: Vec<u32>,
    /// Where the levels of each batch begin, and how many of them payers have (they come first).
    batches: Vec<(usize, usize)>,
    /// The first of the feature's levels among those of all features.
    pub(super) offset: usize,
}

impl Category {
    /// The levels of a batch; those of its payers alone if asked for.
    #[inline]
    pub(super) fn levels(&self, batch: usize, payers_only: bool) -> &[u32] {
        let Some(&(start, of_payers)) = self.batches.get(batch) else { return &[] };
        let end = if payers_only {
            start + of_payers
        } else {
            self.batches.get(batch + 1).map_or(self.levels.len(), |&(next, _)| next)
        };
        self.levels.get(start..end).unwrap_or(&[])
    }
}

/// Packs a categorical feature.
pub(super) fn pack_category(
    table: &Table<'_>,
    feature: usize,
    encoding: &[Option<String>],
    offset: usize,
    layout: &Layout,
) -> Category {
    let mut codes = Vec::new();
    gather::codes(table, feature, &layout.rows, &mut codes);
    let place_of = places(table, feature, encoding, &codes);
    let mut packed = Category {
        local: vec![0; layout.stride],
        levels: Vec::new(),
        batches: Vec::with_capacity(layout.batches.len()),
        offset,
    };
    // The number of a level in the batch that is being packed, and which batch that was.
    let mut number = vec![(0_u32, usize::MAX); encoding.len()];
    let mut rest = codes.iter();
    for (index, batch) in layout.batches.iter().enumerate() {
        let start = packed.levels.len();
        let mut of_payers = 0;
        for row in 0..batch.rows {
            let place = rest.next().and_then(|&code| place_of.get(code));
            if let Some((place, slot)) = place.and_then(|p| Some((p, number.get_mut(p as usize)?)))
            {
                if slot.1 != index {
                    packed.levels.push(place);
                    *slot = ((packed.levels.len() - start) as u32, index);
                }
                if let Some(local) = packed.local.get_mut(batch.start + row) {
                    *local = slot.0;
                }
            }
            if row < batch.payers {
                of_payers = packed.levels.len() - start;
            }
        }
        packed.batches.push((start, of_payers));
    }
    packed
}

/// Where the level of each code stands in the encoding.
fn places(
    table: &Table<'_>,
    feature: usize,
    encoding: &[Option<String>],
    codes: &[u32],
) -> CodeMap {
    let place_of_level: HashMap<Option<&str>, u32> =
        encoding.iter().zip(0..).map(|(name, place)| (name.as_deref(), place)).collect();
    let place = |code: u32| place_of_level.get(&level(table, feature, code)).copied();
    let levels = table.features.get(feature).and_then(|feature| feature.levels.as_ref());
    let count = levels.map_or(0, Vec::len);
    if count <= codes.len() {
        let out_of_range = place(u32::MAX);
        let of_code = (0..count as u32).map(place).collect();
        return CodeMap::Dense { of_code, out_of_range };
    }
    let of_code = codes.iter().filter_map(|&code| Some((code, place(code)?))).collect();
    CodeMap::Sparse(of_code)
}

/// From codes to places; sparse where the table has more levels than the model has rows.
enum CodeMap {
    Dense { of_code: Vec<Option<u32>>, out_of_range: Option<u32> },
    Sparse(HashMap<u32, u32>),
}

impl CodeMap {
    fn get(&self, code: u32) -> Option<u32> {
        match self {
            Self::Dense { of_code, out_of_range } => {
                *of_code.get(code as usize).unwrap_or(out_of_range)
            }
            Self::Sparse(of_code) => of_code.get(&code).copied(),
        }
    }
}

/// Pads a count of rows to whole vectors.
pub(super) fn padded(rows: usize) -> usize {
    rows.next_multiple_of(LANES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(values: &[f64], weights: Option<&[f64]>) -> (f64, f64) {
        match learn_number(values, weights) {
            Encoding::Numeric { mean, scale } => (mean, scale),
            Encoding::Categorical { .. } => panic!("a category"),
        }
    }

    const VALUES: [f64; 11] =
        [0.5, -0.25, 0.75, f64::NAN, 0.125, f64::INFINITY, -0.875, 0.5, 0.25, -0.5, 0.0];

    /// Powers of two round nothing, so the encoding is that of the numbers near 1 times the same.
    #[test]
    fn numbers_of_any_size_have_the_same_encoding() {
        let (mean, scale) = learn(&VALUES, None);
        for power in [-300, 300, 490, 505, 1000, 1023] {
            let factor = 2_f64.powi(power);
            let far = VALUES.map(|value| value * factor);
            assert_eq!(learn(&far, None), (mean * factor, scale * factor), "{power}");
        }
    }

    #[test]
    fn the_greatest_numbers_have_a_finite_encoding() {
        assert_eq!(learn(&[f64::MAX, -f64::MAX], None), (0.0, f64::MAX));
        let (mean, scale) = learn(&[f64::MAX, f64::MAX, f64::MAX, 0.5 * f64::MAX], None);
        assert!((mean / f64::MAX - 0.875).abs() < 1e-15, "{mean}");
        assert!((scale / f64::MAX - 0.046_875_f64.sqrt()).abs() < 1e-15, "{scale}");
        assert_eq!(learn(&[f64::MAX; 3], None), (f64::MAX, 1.0));
    }

    #[test]
    fn weights_of_any_size_have_the_same_encoding() {
        let weights = [0.5, 1.0, 0.25, 1.0, 0.75, 0.5, 1.5, 1.25, 1.0, 0.125, 1.0];
        let (mean, scale) = learn(&VALUES, Some(&weights));
        for power in [-1022, -400, -300, 300, 400, 1023] {
            let weights = weights.map(|weight| weight * 2_f64.powi(power));
            let (other, other_scale) = learn(&VALUES, Some(&weights));
            assert!((other - mean).abs() < 1e-15 && (other_scale - scale).abs() < 1e-15, "{power}");
        }
    }
}
