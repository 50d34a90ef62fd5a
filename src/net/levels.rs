//! The levels of a categorical feature, batch by batch.

use super::batch::Batch;

/// The codes of a categorical feature: the levels of each batch are numbered anew, from 1, in the order in which they
/// first appear, so that a batch touches no more memory than its rows need. 0 stands for a level without weights.
#[derive(Debug)]
pub(crate) struct Category {
    /// The level within the batch, of each row; padding is 0.
    local: Vec<u32>,
    /// The levels of all batches, one batch after the other.
    levels: Vec<u32>,
    /// Where the levels of each batch begin, and how many of them payers have (they come first).
    batches: Vec<(usize, usize)>,
    /// The first of the feature's levels among those of all features.
    pub(crate) offset: usize,
}

impl Category {
    /// The feature whose rows have these levels, in the order of the batches (`None` has no weights) and without padding.
    /// The feature has so many levels, beside the `offset` of the features before it.
    pub(crate) fn new(
        levels: impl Iterator<Item = Option<u32>>,
        level_count: usize,
        batches: &[Batch],
        offset: usize,
    ) -> Self {
        let rows = batches.last().map_or(0, |batch| batch.start + batch.stride);
        let mut category = Self {
            local: vec![0; rows],
            levels: Vec::new(),
            batches: Vec::with_capacity(batches.len()),
            offset,
        };
        // The number of a level in the batch that is being written, and which batch that was.
        let mut number = vec![(0_u32, usize::MAX); level_count];
        let mut rest = levels;
        for batch in batches {
            let start = category.levels.len();
            let mut of_payers = 0;
            for row in 0..batch.rows {
                let level = rest.next().flatten();
                let known = level.and_then(|level| Some((level, number.get_mut(level as usize)?)));
                if let Some((level, slot)) = known {
                    if slot.1 != batch.index {
                        category.levels.push(level);
                        *slot = ((category.levels.len() - start) as u32, batch.index);
                    }
                    if let Some(local) = category.local.get_mut(batch.start + row) {
                        *local = slot.0;
                    }
                }
                if row < batch.payers {
                    of_payers = category.levels.len() - start;
                }
            }
            category.batches.push((start, of_payers));
        }
        category
    }

    /// The levels of a batch; those of its payers alone if asked for.
    #[inline]
    pub(crate) fn levels(&self, batch: &Batch, payers_only: bool) -> &[u32] {
        let Some(&(start, of_payers)) = self.batches.get(batch.index) else { return &[] };
        let end = if payers_only {
            start + of_payers
        } else {
            self.batches.get(batch.index + 1).map_or(self.levels.len(), |&(next, _)| next)
        };
        self.levels.get(start..end).unwrap_or(&[])
    }

    /// The levels of rows within their batch: 0, or the index in [`levels`](Self::levels) plus one.
    #[inline(always)]
    pub(crate) fn local(&self, rows: std::ops::Range<usize>) -> &[u32] {
        self.local.get(rows).unwrap_or(&[])
    }
}
