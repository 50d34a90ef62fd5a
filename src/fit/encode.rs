//! Learning the encodings of the features, and writing encoded values into packed columns.

use std::collections::HashMap;

use super::gather;
use super::layout::{LANES, Layout};
use super::order::level;
use super::table::{RowId, Table};
use crate::math::dispatch;
use crate::model::Encoding;

/// Lanes of a sum over rows: fixed, so that the bits do not depend on the processor.
const SUMS: usize = 8;

/// Standardised values are kept within this, far beyond any real one, so that single precision never overflows.
const FAR: f64 = 1e15;

/// Learns the mean and the scale of a number from its values, NaN and infinite ones left out.
pub(super) fn learn_number(values: &[f64], weights: Option<&[f64]>) -> Encoding {
    dispatch(
        #[inline(always)]
        || moments(values, weights),
    )
}

#[inline(always)]
fn moments(values: &[f64], weights: Option<&[f64]>) -> Encoding {
    let constant = |mean| Encoding::Numeric { mean, scale: 1.0 };
    let (least, most) = range(values);
    if least >= most {
        return constant(if least.is_finite() { least } else { 0.0 });
    }
    let middle = 0.5 * least + 0.5 * most;
    let total = weighted_sum(values, weights, |_| 1.0);
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
        || write_batches(values, mean, 1.0 / scale, layout, out),
    );
}

#[inline(always)]
fn write_batches(values: &[f64], mean: f64, per_scale: f64, layout: &Layout, out: &mut [f32]) {
    let mut rest = values;
    for batch in &layout.batches {
        let (values, after) = rest.split_at(batch.rows.min(rest.len()));
        rest = after;
        let Some(out) = out.get_mut(batch.start..) else { return };
        for (slot, &value) in out.iter_mut().zip(values) {
            let standard = (value - mean) * per_scale;
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
