//! Ranges of numbers that a prediction stays within.

use serde::{Deserialize, Serialize};

/// From the least to the greatest of some numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// The least of them.
    pub least: f64,
    /// The greatest of them.
    pub most: f64,
}

impl Range {
    /// The range of no numbers; it becomes that of the first that widens it.
    pub(crate) const EMPTY: Self = Self { least: f64::INFINITY, most: f64::NEG_INFINITY };

    /// The range of all numbers.
    pub(crate) const ALL: Self = Self { least: f64::NEG_INFINITY, most: f64::INFINITY };

    /// Whether it holds no number.
    pub(crate) fn is_empty(self) -> bool {
        self.least > self.most
    }

    /// Whether the other lies within it.
    pub(crate) fn contains(self, other: Self) -> bool {
        self.least <= other.least && other.most <= self.most
    }

    /// The least range that contains both.
    #[must_use]
    pub(crate) fn union(self, other: Self) -> Self {
        Self { least: self.least.min(other.least), most: self.most.max(other.most) }
    }

    /// The number of the range next to `x`; NaN stays NaN.
    #[inline(always)]
    #[must_use]
    pub(crate) fn hold(self, x: f64) -> f64 {
        let risen = if x < self.least { self.least } else { x };
        if risen > self.most { self.most } else { risen }
    }

    /// The range of the distances of its numbers from `center`.
    #[must_use]
    pub(crate) fn around(self, center: f64) -> Self {
        Self { least: self.least - center, most: self.most - center }
    }

    /// The range of its numbers times a positive factor.
    #[must_use]
    pub(crate) fn times(self, factor: f64) -> Self {
        Self { least: self.least * factor, most: self.most * factor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_held_at_the_nearest_end() {
        let range = Range { least: -1.0, most: 2.0 };
        assert_eq!([-5.0, -1.0, 0.5, 2.0, 7.0].map(|x| range.hold(x)), [-1.0, -1.0, 0.5, 2.0, 2.0]);
        assert!(range.hold(f64::NAN).is_nan());
        assert_eq!(Range::ALL.hold(-1e300), -1e300);
        assert!(Range::EMPTY.is_empty() && Range::EMPTY.union(range) == range);
    }
}
