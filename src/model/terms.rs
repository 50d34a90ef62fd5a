//! What features add to the three heads.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::range::Range;

/// Mean, ranges and raw weights of a numeric feature: it adds `(x - mean) * weight` to each head, `x` being held within
/// the range of the head.
///
/// One cache line, the first half of which is a vector that is read at once.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct NumberTerms {
    weights: [f64; 3],
    mean: f64,
    /// The least distances from the mean: for the logit head, and for the heads of the amount.
    least: [f64; 2],
    /// The greatest.
    most: [f64; 2],
}

impl NumberTerms {
    /// From the moments of the feature, its ranges (of the logit head and of the heads of the amount) and its weights on
    /// the standardised scale.
    pub(super) fn new(mean: f64, scale: f64, ranges: [Range; 2], weights: [f64; 3]) -> Self {
        let ranges = ranges.map(|range| range.around(mean));
        Self {
            mean,
            weights: weights.map(|weight| weight / scale),
            least: ranges.map(|range| range.least),
            most: ranges.map(|range| range.most),
        }
    }

    /// The heads with what the number adds.
    #[inline(always)]
    pub(super) fn add(self, heads: [f64; 3], x: f64) -> [f64; 3] {
        let [of_logit, of_amount] = self.held(self.centred(x));
        let ([logit, mu, raw_sigma], [a, b, c]) = (heads, self.weights);
        [of_logit.mul_add(a, logit), of_amount.mul_add(b, mu), of_amount.mul_add(c, raw_sigma)]
    }

    /// Heads in one vector with what the number adds, from its distance to the mean. The fourth lane means nothing.
    #[inline(always)]
    pub(super) fn add_centred(self, heads: [f64; 4], centred: f64) -> [f64; 4] {
        let ([a, b, c], [of_logit, of_amount]) = (self.weights, self.held(centred));
        let terms = [a, b, c, self.mean];
        let held = [of_logit, of_amount, of_amount, of_amount];
        std::array::from_fn(|lane| held[lane].mul_add(terms[lane], heads[lane]))
    }

    /// The distance from the mean as the logit head and as the heads of the amount take it.
    #[inline(always)]
    fn held(self, centred: f64) -> [f64; 2] {
        std::array::from_fn(|head| {
            Range { least: self.least[head], most: self.most[head] }.hold(centred)
        })
    }

    /// The distance from the mean, which a missing number counts as.
    #[inline(always)]
    pub(super) fn centred(self, x: f64) -> f64 {
        // The difference of two finite numbers may overflow, and then there is nothing sensible to add. (Compared with
        // infinity, this would become a test of the number's bits and a branch.)
        let centred = x - self.mean;
        if centred.abs() < f64::MAX { centred } else { 0.0 }
    }
}

/// The weights of the levels of a categorical feature: it adds those of the row's level.
#[derive(Debug, Clone, Default)]
pub(super) struct LevelTerms {
    null: [f64; 3],
    known: HashMap<Box<str>, [f64; 3], RandomState>,
}

impl LevelTerms {
    /// From the levels, with the weights of each.
    pub(super) fn new(levels: &[Option<String>], weights: impl Iterator<Item = [f64; 3]>) -> Self {
        let mut terms = Self::default();
        for (name, weights) in levels.iter().zip(weights) {
            match name {
                Some(name) => {
                    terms.known.insert(name.as_str().into(), weights);
                }
                None => terms.null = weights,
            }
        }
        terms
    }

    /// The weights of a level; zeros for one the model does not know.
    pub(super) fn get(&self, level: Option<&str>) -> [f64; 3] {
        match level {
            Some(name) => self.known.get(name).copied().unwrap_or([0.0; 3]),
            None => self.null,
        }
    }

    /// The weights of the level that a code means.
    #[inline]
    pub(super) fn of_code(&self, code: u32, levels: &[Option<&str>]) -> [f64; 3] {
        levels.get(code as usize).map_or([0.0; 3], |level| self.get(*level))
    }
}

/// What a feature adds that is no plain number.
#[derive(Debug, Clone)]
pub(super) enum OtherTerms {
    /// A number in units of [`HUGE_UNIT`](super::huge::HUGE_UNIT).
    Huge(NumberTerms),
    /// A category.
    Levels(LevelTerms),
}
