//! Rows of columns as the tiles that sums are made of.
//!
//! A number is encoded as training packs it, in single precision, but held within the ranges of the model as in prediction,
//! and then divided by a power of two that makes it at most 1.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::fixed_point_sum::power_of_two;
use crate::fit::newton::rows::{NO_COLUMN, RowTile};
use crate::math::{TILE, dispatch, padded_rows};
use crate::model::{Encoding, Feature, FeatureInput, Range, Standardizer};

/// How the features of a model become columns: the intercept, the numbers, the levels.
#[derive(Debug)]
pub(super) struct TileEncoder {
    features: Vec<ColumnEncoder>,
    numbers: usize,
    levels: usize,
}

#[derive(Debug)]
enum ColumnEncoder {
    Number(NumberEncoder),
    Category(CategoryEncoder),
}

#[derive(Debug)]
struct NumberEncoder {
    /// For the paying part, and for the amount part.
    ranges: [Range; 2],
    standard: Standardizer,
    /// A power of two that no standardised value in the ranges is beyond.
    bound: f64,
}

#[derive(Debug)]
struct CategoryEncoder {
    column_of: HashMap<Box<str>, u32, RandomState>,
    null_column: u32,
}

impl TileEncoder {
    /// Of features with the ranges within which the paying part holds their numbers.
    pub(super) fn new(features: &[Feature], paying_ranges: &[Option<Range>]) -> Self {
        let is_number = |feature: &&Feature| matches!(feature.encoding, Encoding::Numeric { .. });
        let numbers = features.iter().filter(is_number).count();
        let mut levels = 0;
        let encoder = |(feature, paying): (&Feature, &Option<Range>)| match &feature.encoding {
            Encoding::Numeric { mean, scale, payer_range, .. } => {
                let ranges = [*paying, *payer_range].map(|range| range.unwrap_or(Range::ALL));
                ColumnEncoder::Number(NumberEncoder::new(*mean, *scale, ranges))
            }
            Encoding::Categorical { levels: names, .. } => {
                let first = 1 + numbers + levels;
                levels += names.len();
                ColumnEncoder::Category(CategoryEncoder::new(names, first))
            }
        };
        let features = features.iter().zip(paying_ranges).map(encoder).collect();
        Self { features, numbers, levels }
    }

    /// The columns of a head.
    pub(super) fn width(&self) -> usize {
        1 + self.numbers + self.levels
    }

    /// How many numbers and categories a row has.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.numbers, self.features.len() - self.numbers)
    }

    /// What the values of each column are divided by.
    pub(super) fn bounds(&self) -> Vec<f64> {
        let numbers = self.features.iter().filter_map(|feature| match feature {
            ColumnEncoder::Number(number) => Some(number.bound),
            ColumnEncoder::Category(_) => None,
        });
        let mut bounds: Vec<f64> = std::iter::once(1.0).chain(numbers).collect();
        bounds.resize(self.width(), 1.0);
        bounds
    }

    /// Makes room for the columns.
    pub(super) fn prepare(&self, tile: &mut RowTile) {
        tile.values.resize(1 + self.numbers, [0.0; TILE]);
        if let Some(ones) = tile.values.first_mut() {
            ones.fill(1.0);
        }
        tile.levels.resize(self.features.len() - self.numbers, [NO_COLUMN; TILE]);
    }

    /// Reads some rows, at most a tile, as a part holds them; the columns are those of the features.
    pub(super) fn read(
        &self,
        tile: &mut RowTile,
        columns: &[FeatureInput<'_>],
        rows: &[u32],
        part: usize,
    ) {
        let mut numbers = tile.values.iter_mut().skip(1);
        let mut levels = tile.levels.iter_mut();
        for (feature, column) in self.features.iter().zip(columns) {
            match feature {
                ColumnEncoder::Number(encoder) => {
                    let Some(out) = numbers.next() else { continue };
                    column.gather(rows, out);
                    encoder.encode(&mut out[..rows.len().min(TILE)], part);
                }
                ColumnEncoder::Category(encoder) => {
                    let Some(out) = levels.next() else { continue };
                    encoder.encode(*column, rows, out);
                }
            }
        }
        Self::pad(tile, rows.len());
    }

    /// Makes whole vectors of so many rows.
    pub(super) fn pad(tile: &mut RowTile, rows: usize) {
        tile.count = padded_rows(rows).min(TILE);
        let padding = rows.min(TILE)..tile.count;
        for column in tile.values.iter_mut().skip(1) {
            column[padding.clone()].fill(0.0);
        }
        for column in &mut tile.levels {
            column[padding.clone()].fill(NO_COLUMN);
        }
    }
}

impl NumberEncoder {
    fn new(mean: f64, scale: f64, ranges: [Range; 2]) -> Self {
        let ends = ranges.iter().flat_map(|range| [range.least, range.most]);
        let standard = Standardizer::new(mean, scale);
        let farthest = ends.map(|end| f64::from(standard.end(end)).abs()).fold(0.0, f64::max);
        Self { ranges, standard, bound: power_of_two_above(farthest) }
    }

    /// As numbers are packed, in units of the bound.
    fn encode(&self, values: &mut [f64], part: usize) {
        let &Self { ranges, standard, bound } = self;
        let (range, per_bound) = (ranges[part], 1.0 / bound);
        dispatch(
            #[inline(always)]
            || {
                for value in values {
                    let held = range.hold(*value);
                    let held = if value.abs() < f64::INFINITY { held } else { f64::NAN };
                    *value = f64::from(standard.of(held)) * per_bound;
                }
            },
        );
    }
}

/// The least power of two that is no less; 1 for 0.
fn power_of_two_above(number: f64) -> f64 {
    if number == 0.0 {
        return 1.0;
    }
    // Keeps the power and its inverse normal numbers.
    let least = power_of_two(-200);
    if number <= least {
        return least;
    }
    let floor = f64::from_bits(number.to_bits() & !((1 << 52) - 1));
    if floor == number { floor } else { 2.0 * floor }
}

impl CategoryEncoder {
    fn new(names: &[Option<String>], first: usize) -> Self {
        let mut encoder = Self { column_of: HashMap::default(), null_column: NO_COLUMN };
        for (name, column) in names.iter().zip(first..) {
            let column = u32::try_from(column).unwrap_or(NO_COLUMN);
            match name {
                Some(name) => _ = encoder.column_of.insert(name.as_str().into(), column),
                None => encoder.null_column = column,
            }
        }
        encoder
    }

    fn column(&self, level: Option<&str>) -> u32 {
        match level {
            Some(name) => self.column_of.get(name).copied().unwrap_or(NO_COLUMN),
            None => self.null_column,
        }
    }

    fn encode(&self, column: FeatureInput<'_>, rows: &[u32], out: &mut [u32; TILE]) {
        let (codes, levels) = column.codes();
        // Equal codes come in runs more often than not.
        let mut last = (None, NO_COLUMN);
        for (out, row) in out.iter_mut().zip(rows) {
            let code = codes.get(*row as usize).copied();
            if code != last.0 {
                let level = code.and_then(|code| levels.get(code as usize));
                last = (code, level.map_or(NO_COLUMN, |level| self.column(*level)));
            }
            *out = last.1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two() {
        let powers = [0.0, 0.75, 1.0, 1.5, 2.0, 1e15, 1e-300].map(power_of_two_above);
        let expected = [1.0, 1.0, 1.0, 2.0, 2.0, power_of_two(50), power_of_two(-200)];
        assert_eq!(powers, expected);
    }

    #[test]
    fn a_number_is_encoded_as_training_packs_it() {
        let range = Range { least: -1e3, most: 1e3 };
        for (mean, scale) in [(3.0, 7.5), (0.1, 1e-9), (1e6, 1e160), (0.0, 0.3)] {
            let encoder = NumberEncoder::new(mean, scale, [range, Range::ALL]);
            let values = [0.0, 1.0, -17.25, 999.0, 1e5, -1e300];
            let mut encoded = values;
            encoder.encode(&mut encoded, 0);
            for (value, encoded) in values.iter().zip(encoded) {
                let expected = f64::from(Standardizer::new(mean, scale).end(range.hold(*value)));
                assert_eq!(encoded * encoder.bound, expected);
                assert!(encoded.abs() <= 1.0);
            }
            let mut missing = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
            encoder.encode(&mut missing, 1);
            assert_eq!(missing, [0.0; 3]);
        }
    }
}
