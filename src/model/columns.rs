//! What the columns of features add to the heads, a block of rows at a time.

use std::ops::Range;

use super::feature::FAR_UNIT;
use super::input::FeatureInput;
use super::scorer::Scorer;
use super::terms::{LevelTerms, NumberTerms, OtherTerms};
use crate::math::{Blocks, dispatch};

/// Rows that are predicted at a time: so many that each column is read for a while before the next, as memory likes it,
/// and so few that the heads stay in the first-level cache.
pub(super) const ROWS: usize = 512;

/// The three heads of a block of rows; those past the last row have no meaning.
pub(super) type Heads = [[f64; ROWS]; 3];

/// The columns of a model's features with what they add.
pub(super) struct Columns<'a> {
    numbers: Vec<NumberColumn<'a>>,
    others: Vec<OtherColumn<'a>>,
}

impl<'a> Columns<'a> {
    /// `columns` are those of the model's features, and of the kinds it needs.
    pub(super) fn new(scorer: &'a Scorer, columns: &[FeatureInput<'a>], rows: usize) -> Self {
        let (numbers, others) = scorer.split(columns);
        let numbers = scorer.numbers.iter().zip(&numbers);
        let others = scorer.others.iter().zip(&others);
        Self {
            numbers: numbers.map(|(terms, column)| NumberColumn::new(*terms, *column)).collect(),
            others: others.map(|(terms, column)| OtherColumn::new(terms, *column, rows)).collect(),
        }
    }

    /// Adds what the rows have.
    pub(super) fn add(&mut self, heads: &mut Heads, rows: &Range<usize>) {
        let mut rest = self.numbers.as_mut_slice();
        loop {
            rest = match rest {
                // Four at a time, so that the heads are seldom read and written.
                [a, b, c, d, rest @ ..] => {
                    add_numbers(heads, [a, b, c, d].map(|number| number.rows(rows)));
                    rest
                }
                [number, rest @ ..] => {
                    add_numbers(heads, [number.rows(rows)]);
                    rest
                }
                [] => break,
            }
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
fn add_numbers<const N: usize>(heads: &mut Heads, features: [NumberRows<'_>; N]) {
    let count = features.iter().map(|feature| feature.values.len()).min().unwrap_or_default();
    let values = features.map(|feature| &feature.values[..count]);
    let terms = features.map(|feature| feature.terms);
    let [logit, mu, raw_sigma] = heads.each_mut().map(|head| &mut head[..count]);
    dispatch(
        #[inline(always)]
        move || {
            let values = values.map(|values| &values[..count]);
            for row in 0..count {
                let mut heads = [logit[row], mu[row], raw_sigma[row]];
                for i in 0..N {
                    heads = terms[i].add(heads, values[i][row]);
                }
                [logit[row], mu[row], raw_sigma[row]] = heads;
            }
        },
    );
}

/// The column of a feature that is no plain number.
enum OtherColumn<'a> {
    /// A number, and a block of it in units of [`FAR_UNIT`].
    Far(NumberColumn<'a>, Box<[f64; ROWS]>),
    /// Codes, and what they add.
    Codes(&'a [u32], LevelWeights),
}

impl<'a> OtherColumn<'a> {
    fn new(terms: &OtherTerms, column: FeatureInput<'a>, rows: usize) -> Self {
        match terms {
            OtherTerms::Far(terms) => {
                Self::Far(NumberColumn::new(*terms, column), Box::new([0.0; ROWS]))
            }
            OtherTerms::Levels(terms) => {
                let (codes, levels) = column.codes();
                Self::Codes(codes, LevelWeights::new(terms, codes, levels, rows))
            }
        }
    }

    fn add(&mut self, heads: &mut Heads, rows: &Range<usize>) {
        match self {
            Self::Far(number, far) => {
                let NumberRows { values, terms } = number.rows(rows);
                for (far, value) in far.iter_mut().zip(values) {
                    *far = value * FAR_UNIT;
                }
                add_numbers(heads, [NumberRows { values: &far[..values.len()], terms }]);
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
    fn add(&self, [logit, mu, raw_sigma]: &mut Heads, codes: &[u32], rows: &Range<usize>) {
        let codes = codes.iter().enumerate().skip(rows.start).take(rows.len());
        let heads = logit.iter_mut().zip(mu).zip(raw_sigma);
        for ((row, code), ((logit, mu), raw_sigma)) in codes.zip(heads) {
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
