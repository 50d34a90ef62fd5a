//! Categorical features: the levels that have weights, and their packed codes.

use std::collections::HashMap;

use super::gather;
use super::layout::Layout;
use super::order::level;
use super::table::{RowId, Table};
use crate::model::Encoding;

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
        local: vec![0; layout.packed_rows],
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
