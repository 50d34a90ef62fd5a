//! Which rows belong to which campaign, in an order that depends on their content alone.

use std::collections::HashMap;

use xxhash_rust::xxh3::Xxh3;

use crate::fit::rows::{RowId, Table, canonical_order, gather};

/// Rows of a campaign that are looked at: more say nothing more of how much campaigns differ.
const MOST_ROWS: usize = 1 << 16;

/// Rows, and campaigns, that are looked at: whole campaigns until there are more of both, or very many campaigns.
const ENOUGH_ROWS: usize = 1 << 17;
const ENOUGH_CAMPAIGNS: usize = 1 << 10;
const MOST_CAMPAIGNS: usize = 1 << 14;

/// The rows of campaigns.
pub(super) struct Campaigns {
    /// How many there are.
    pub(super) count: usize,
    /// The rows of those that are looked at, each in canonical order.
    pub(super) rows: Vec<Vec<RowId>>,
}

impl Campaigns {
    pub(super) fn new(table: &Table<'_>, rows: &[RowId], campaigns: &[u32]) -> Self {
        let mut labels = Vec::new();
        gather::labels(table, rows, &mut labels);
        let row_indices = RowIndices::new(table);
        let mut campaign_of = vec![0_u32; row_indices.count];
        let mut usable = Vec::with_capacity(rows.len());
        let mut numbers: HashMap<u32, u32> = HashMap::new();
        for ((row, campaign), label) in rows.iter().zip(campaigns).zip(&labels) {
            if !label.is_finite() {
                continue;
            }
            let next = numbers.len() as u32;
            let number = *numbers.entry(*campaign).or_insert(next);
            if let Some(slot) = campaign_of.get_mut(row_indices.of(*row)) {
                *slot = number;
                usable.push(*row);
            }
        }
        let mut found: Vec<(Xxh3, usize, Vec<RowId>)> = Vec::new();
        found.resize_with(numbers.len(), || (Xxh3::new(), 0, Vec::new()));
        for hashed in canonical_order(table, &usable, 0) {
            let campaign = campaign_of.get(row_indices.of(hashed.row)).copied().unwrap_or(0);
            let Some((hash, count, rows)) = found.get_mut(campaign as usize) else { continue };
            hash.update(&hashed.hash.to_le_bytes());
            *count += 1;
            if rows.len() < MOST_ROWS {
                rows.push(hashed.row);
            }
        }
        // By what they contain: neither names nor the order of the rows decide.
        let count = found.len();
        let mut keyed: Vec<(u64, usize, Vec<RowId>)> =
            found.into_iter().map(|(hash, count, rows)| (hash.digest(), count, rows)).collect();
        keyed.sort_by_key(|(key, count, _)| (*key, *count));
        let mut seen = 0;
        let rows = keyed
            .into_iter()
            .enumerate()
            .take(MOST_CAMPAIGNS)
            .take_while(|(index, (_, _, rows))| {
                let wanted = seen < ENOUGH_ROWS || *index < ENOUGH_CAMPAIGNS;
                seen += rows.len();
                wanted
            })
            .map(|(_, (_, _, rows))| rows)
            .collect();
        Self { count, rows }
    }
}

/// The index of each row of a table among all.
struct RowIndices {
    starts: Vec<usize>,
    count: usize,
}

impl RowIndices {
    fn new(table: &Table<'_>) -> Self {
        let mut count = 0;
        let starts = table.chunks.iter().map(|chunk| {
            let start = count;
            count += chunk.label.len();
            start
        });
        let starts = starts.collect();
        Self { starts, count }
    }

    fn of(&self, row: RowId) -> usize {
        let start = self.starts.get(row.chunk as usize).copied().unwrap_or(self.count);
        start.saturating_add(row.row as usize)
    }
}
