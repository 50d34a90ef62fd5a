//! Vectors of the levels of categories.

/// How many numbers the levels of a row have together, at most.
pub(crate) const MOST_EMBEDDED: usize = 100_000;

/// How many numbers a level of a category of so many levels has, where there are so many categories: about
/// `1.6 * levels^0.4`, at most 32, and so few that a row has no more than [`MOST_EMBEDDED`].
pub(crate) fn embedding_size(levels: usize, categories: usize) -> usize {
    // The integer whose fifth power is nearest from below to 10 * levels^2: no power function, whose bits differ.
    let target = 10 * (levels as u128).pow(2);
    let size = (1..=32_u128).take_while(|size| size.pow(5) <= target).count();
    let most = (MOST_EMBEDDED / categories.max(1)).max(1);
    size.clamp(1, levels.max(1)).min(32).min(most)
}

/// The vectors of one category, and where they lie in an embedded row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Embedding {
    pub(crate) levels: usize,
    pub(crate) size: usize,
    /// Its first number in an embedded row.
    pub(crate) at: usize,
}

impl Embedding {
    /// Copies vectors into embedded rows: of each row the one of its level, zeros for `None`.
    #[inline]
    pub(crate) fn gather(
        &self,
        vectors: &[f32],
        levels: impl Iterator<Item = Option<usize>>,
        width: usize,
        rows: &mut [f32],
    ) {
        for (row, level) in rows.chunks_exact_mut(width.max(1)).zip(levels) {
            let Some(to) = row.get_mut(self.at..self.at + self.size) else { continue };
            let vector = level.and_then(|level| vectors.get(level * self.size..)?.get(..self.size));
            match vector {
                Some(vector) => to.copy_from_slice(vector),
                None => to.fill(0.0),
            }
        }
    }
}
