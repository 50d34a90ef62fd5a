//! Which second derivatives a pass sums: all of few columns, and of many those near the diagonal.

use std::ops::Range;

/// Columns from which on a pass does not sum the second derivatives by all pairs of them.
pub(super) const MOST_DENSE: usize = 500;

/// Numbers of a block, at most.
const MOST_IN_BLOCK: usize = 250;

/// The lower triangle of a symmetric matrix, of which each row begins at a column of its own (a profile, or skyline).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Profile {
    rows: Vec<ProfileRow>,
    len: usize,
}

/// The part of a row from its first column to the diagonal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProfileRow {
    /// The column it begins at.
    pub(super) first: usize,
    /// Where it begins among all numbers.
    start: usize,
    /// How many columns it has: the last is the diagonal's.
    len: usize,
}

impl ProfileRow {
    /// The indices of its numbers among all.
    pub(super) fn indices(self) -> Range<usize> {
        self.start..self.start + self.len
    }
}

impl Profile {
    /// That of so many columns, of which the first are numbers (the intercept is one) and the others levels.
    pub(super) fn of(numbers: usize, width: usize) -> Self {
        if width <= MOST_DENSE { Self::dense(width) } else { Self::blocks(numbers, width) }
    }

    /// All of the triangle.
    pub(super) fn dense(width: usize) -> Self {
        Self::beginning_at(vec![0; width])
    }

    /// The numbers in blocks of equal size, and the levels each alone: of the levels of a category no two meet in a row.
    pub(super) fn blocks(numbers: usize, width: usize) -> Self {
        let blocks = numbers.div_ceil(MOST_IN_BLOCK).max(1);
        let begins = |block: usize| numbers * block / blocks;
        let mut first: Vec<usize> = (0..blocks)
            .flat_map(|block| (begins(block)..begins(block + 1)).map(move |_| begins(block)))
            .collect();
        first.extend(numbers..width);
        Self::beginning_at(first)
    }

    fn beginning_at(first: Vec<usize>) -> Self {
        let mut start = 0;
        let row = |(row, first): (usize, usize)| {
            let len = row + 1 - first;
            start += len;
            ProfileRow { first, start: start - len, len }
        };
        let rows = first.into_iter().enumerate().map(row).collect();
        Self { rows, len: start }
    }

    /// How many numbers there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether no number of the triangle is missing.
    pub(super) fn is_dense(&self) -> bool {
        self.rows.iter().all(|row| row.first == 0)
    }

    /// A row, or `None` past the last.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> Option<ProfileRow> {
        self.rows.get(row).copied()
    }

    /// The columns of each block: no number is in the rows of one and the columns of another.
    pub(super) fn of_blocks(&self) -> Vec<Range<usize>> {
        let mut blocks: Vec<Range<usize>> = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            match blocks.last_mut() {
                Some(block) if row.first < index => block.end = index + 1,
                _ => blocks.push(index..index + 1),
            }
        }
        blocks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_columns_have_all_pairs() {
        let profile = Profile::of(3, 5);
        assert!(profile.is_dense());
        assert_eq!(profile.len(), 15);
        let indices: Vec<Range<usize>> =
            (0..5).map(|row| profile.row(row).unwrap().indices()).collect();
        assert_eq!(indices, [0..1, 1..3, 3..6, 6..10, 10..15]);
        assert_eq!(profile.of_blocks(), std::slice::from_ref(&(0..5)));
        assert!(profile.row(5).is_none());
    }

    #[test]
    fn many_columns_have_blocks_of_numbers_and_a_diagonal() {
        let profile = Profile::of(600, 2000);
        assert!(!profile.is_dense());
        let blocks = profile.of_blocks();
        assert_eq!(blocks[..4], [0..200, 200..400, 400..600, 600..601]);
        assert_eq!((blocks.len(), blocks.last()), (3 + 1400, Some(&(1999..2000))));
        assert_eq!(profile.len(), 3 * 200 * 201 / 2 + 1400);
        assert_eq!(profile.row(250).unwrap().first, 200);
        assert_eq!(profile.row(250).unwrap().indices().len(), 51);
    }
}
