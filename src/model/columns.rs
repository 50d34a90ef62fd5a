//! What the columns of features add to the heads, a block of rows at a time.

use std::ops::Range;

use super::huge::HUGE_UNIT;
use super::input::FeatureInput;
use super::terms::{LevelTerms, NumberTerms, OtherTerms};
use crate::math::{Blocks, dispatch};

/// Rows that are predicted at a time: so many that each column is read for a while before the next, as memory likes it,
/// and so few that the heads stay in the first-level cache.
pub(super) const ROWS: usize = 512;

/// Numeric features that are read at a time: so many that memory is asked for several columns at once, and so few that a
/// processor foresees what comes next of each.
const FEATURES: usize = 8;

/// Rows whose heads a processor keeps in its registers while it adds feature after feature.
const LANES: usize = 32;

/// The three heads of a block of rows.
pub(super) type BlockHeads<'a> = [&'a mut [f64]; 3];

/// The columns of a model's features with what they add.
pub(super) struct FeatureColumns<'a> {
    numbers: Vec<NumberColumn<'a>>,
    others: Vec<OtherColumn<'a>>,
}

impl<'a> FeatureColumns<'a> {
    /// Of numbers and of other features, each with its column.
    pub(super) fn new(
        numbers: impl Iterator<Item = (NumberTerms, FeatureInput<'a>)>,
        others: impl Iterator<Item = (&'a OtherTerms, FeatureInput<'a>)>,
        rows: usize,
    ) -> Self {
        Self {
            numbers: numbers.map(|(terms, column)| NumberColumn::new(terms, column)).collect(),
            others: others.map(|(terms, column)| OtherColumn::new(terms, column, rows)).collect(),
        }
    }

    /// Adds what the rows have, to heads of as many rows.
    pub(super) fn add(&mut self, heads: &mut BlockHeads<'_>, rows: &Range<usize>) {
        let features = self.numbers.len();
        let rounds = features.div_ceil(FEATURES).max(1);
        for columns in self.numbers.chunks_mut(features.div_ceil(rounds).max(1)) {
            let numbers: Vec<_> = columns.iter_mut().map(|column| column.rows(rows)).collect();
            add_numbers(heads, &numbers);
        }
        for other in &mut self.others {
            other.add(heads, rows);
        }
    }
}

/// The column of a numeric feature.
struct NumberColumn<'a> {
    values: Blocks<'a>,
    terms: NumberTerms,
}

/// A block of a numeric feature.
#[derive(Clone, Copy)]
struct NumberRows<'a> {
    values: &'a [f64],
    terms: NumberTerms,
}

impl<'a> NumberColumn<'a> {
    fn new(terms: NumberTerms, column: FeatureInput<'a>) -> Self {
        Self { values: column.numbers(ROWS), terms }
    }

    fn rows(&mut self, rows: &Range<usize>) -> NumberRows<'_> {
        NumberRows { values: self.values.rows(rows.start, rows.len()), terms: self.terms }
    }
}

/// Adds what some features give, one after the other.
fn add_numbers(heads: &mut BlockHeads<'_>, features: &[NumberRows<'_>]) {
    let [logit, mu, raw_sigma] = heads.each_mut().map(|head| head.as_chunks_mut::<LANES>());
    dispatch(
        #[inline(always)]
        move || {
            let chunks = logit.0.iter_mut().zip(mu.0).zip(raw_sigma.0);
            for (chunk, ((logit, mu), raw_sigma)) in chunks.enumerate() {
                let mut heads = [*logit, *mu, *raw_sigma];
                for feature in features {
                    add_lanes(&mut heads, &feature.values.as_chunks().0[chunk], feature.terms);
                }
                [*logit, *mu, *raw_sigma] = heads;
            }
            let rest = logit.1.iter_mut().zip(mu.1).zip(raw_sigma.1);
            for (row, ((logit, mu), raw_sigma)) in rest.enumerate() {
                let mut heads = [*logit, *mu, *raw_sigma];
                for feature in features {
                    heads = feature.terms.add(heads, feature.values.as_chunks::<LANES>().1[row]);
                }
                [*logit, *mu, *raw_sigma] = heads;
            }
        },
    );
}

#[inline(always)]
fn add_lanes(heads: &mut [[f64; LANES]; 3], values: &[f64; LANES], terms: NumberTerms) {
    let [logit, mu, raw_sigma] = heads;
    for lane in 0..LANES {
        let added = terms.add([logit[lane], mu[lane], raw_sigma[lane]], values[lane]);
        [logit[lane], mu[lane], raw_sigma[lane]] = added;
    }
}

/// The column of a feature that is no plain number.
enum OtherColumn<'a> {
    /// A number, and a block of it in units of [`HUGE_UNIT`].
    Huge(NumberColumn<'a>, Box<[f64; ROWS]>),
    /// Codes, and what they add.
    Codes(&'a [u32], LevelWeights),
}

impl<'a> OtherColumn<'a> {
    fn new(terms: &OtherTerms, column: FeatureInput<'a>, rows: usize) -> Self {
        match terms {
            OtherTerms::Huge(terms) => {
                Self::Huge(NumberColumn::new(*terms, column), Box::new([0.0; ROWS]))
            }
            OtherTerms::Levels(terms) => {
                let (codes, levels) = column.codes();
                Self::Codes(codes, LevelWeights::new(terms, codes, levels, rows))
            }
        }
    }

    fn add(&mut self, heads: &mut BlockHeads<'_>, rows: &Range<usize>) {
        match self {
            Self::Huge(number, scaled) => {
                let NumberRows { values, terms } = number.rows(rows);
                for (scaled, value) in scaled.iter_mut().zip(values) {
                    *scaled = value * HUGE_UNIT;
                }
                add_numbers(heads, &[NumberRows { values: &scaled[..values.len()], terms }]);
            }
            Self::Codes(codes, weights) => weights.add(heads, codes, rows),
        }
    }
}

/// What each code, or each row, adds.
enum LevelWeights {
    /// One entry a code.
    OfCode(Vec<[f64; 3]>),
    /// One entry a row, where the levels outnumber the rows.
    OfRow(Vec<[f64; 3]>),
}

impl LevelWeights {
    fn new(terms: &LevelTerms, codes: &[u32], levels: &[Option<&str>], rows: usize) -> Self {
        if levels.len() <= rows {
            return Self::OfCode(levels.iter().map(|level| terms.get(*level)).collect());
        }
        let of_row = |code: &u32| terms.of_code(*code, levels);
        Self::OfRow(codes.iter().take(rows).map(of_row).collect())
    }

    /// Adds the weights of the rows.
    fn add(&self, heads: &mut BlockHeads<'_>, codes: &[u32], rows: &Range<usize>) {
        let codes = codes.iter().enumerate().skip(rows.start).take(rows.len());
        let [logit, mu, raw_sigma] = heads.each_mut().map(|head| head.iter_mut());
        for ((row, code), ((logit, mu), raw_sigma)) in codes.zip(logit.zip(mu).zip(raw_sigma)) {
            let [a, b, c] = self.at(*code, row);
            *logit += a;
            *mu += b;
            *raw_sigma += c;
        }
    }

    #[inline(always)]
    fn at(&self, code: u32, row: usize) -> [f64; 3] {
        let found = match self {
            Self::OfCode(weights) => weights.get(code as usize),
            Self::OfRow(weights) => weights.get(row),
        };
        found.copied().unwrap_or([0.0; 3])
    }
}
