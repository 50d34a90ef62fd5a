//! Categorical features: the levels that have weights, and the codes of the rows.

use std::collections::HashMap;

use super::layout::BatchLayout;
use crate::fit::rows::{RowId, Table, gather, level};
use crate::model::Encoding;
use crate::net::Category;

/// The levels of a categorical feature that have weights, and the training rows of each: NULL first, then by bytes.
///
/// `known` are levels that keep their place in the model however few rows they have.
pub(in crate::fit) fn learn_levels(
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

/// Packs a categorical feature.
pub(in crate::fit) fn pack_category(
    table: &Table<'_>,
    feature: usize,
    encoding: &[Option<String>],
    offset: usize,
    layout: &BatchLayout,
) -> Category {
    let mut codes = Vec::new();
    gather::codes(table, feature, &layout.rows, &mut codes);
    let level_of = levels_of(table, feature, encoding, &codes);
    let levels = codes.iter().map(|&code| level_of.get(code));
    Category::new(levels, encoding.len(), &layout.batches, offset)
}

/// Where the level of each code stands in the encoding.
fn levels_of(
    table: &Table<'_>,
    feature: usize,
    encoding: &[Option<String>],
    codes: &[u32],
) -> CodeMap {
    let index_of_level: HashMap<Option<&str>, u32> =
        encoding.iter().zip(0..).map(|(name, index)| (name.as_deref(), index)).collect();
    let index = |code: u32| index_of_level.get(&level(table, feature, code)).copied();
    let levels = table.features.get(feature).and_then(|feature| feature.levels.as_ref());
    let count = levels.map_or(0, Vec::len);
    if count <= codes.len() {
        let out_of_range = index(u32::MAX);
        let of_code = (0..count as u32).map(index).collect();
        return CodeMap::Dense { of_code, out_of_range };
    }
    let of_code = codes.iter().filter_map(|&code| Some((code, index(code)?))).collect();
    CodeMap::Sparse(of_code)
}

/// From codes to indices of levels; sparse where the table has more levels than the model has rows.
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
