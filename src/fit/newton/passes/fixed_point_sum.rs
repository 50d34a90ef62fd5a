//! Sums that are the same whatever the order of their terms, and nearly as fast as plain ones.
//!
//! Each term, a number or a product of two, is at most 1 and is rounded to two grids: to multiples of 2^-43, and what
//! that leaves to multiples of 2^-86. Adding a number so large that the grid is its last bit rounds so, and the bits of
//! what comes out count multiples of the grid. They are summed as integers: no order can make a difference. The idea is
//! that of Demmel and Nguyen (2013), "Fast Reproducible Floating-Point Summation", and of Ahrens, Demmel and Nguyen
//! (2020), "Algorithms for Efficient Reproducible Floating Point Summation", with a grid that is known before the
//! terms.

use crate::math::TILE;

/// Bits from one grid to the next.
const FOLD_BITS: u32 = 43;

/// A number whose last bit is 2^-43, and for terms up to 1 of either sign stays so.
const COARSE: f64 = 1.5 * power_of_two(52 - FOLD_BITS as i32);

/// The same for 2^-86.
const FINE: f64 = 1.5 * power_of_two(52 - 2 * FOLD_BITS as i32);

/// Columns that are multiplied by one at a time.
const WIDE: usize = 3;

/// `2^exponent`, of a normal number.
pub(super) const fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

/// A sum, in units of 2^-86. So many terms fit that no table has them: 2^41.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FixedPointSum(i128);

impl FixedPointSum {
    /// The sum, rounded once.
    pub(super) fn value(self) -> f64 {
        self.0 as f64 * power_of_two(-2 * FOLD_BITS as i32)
    }

    /// Adds another one.
    pub(super) fn merge(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }

    /// Adds multiples of the two grids.
    #[inline(always)]
    fn add_multiples(&mut self, [coarse, fine]: [i64; 2]) {
        self.0 = self.0.wrapping_add((i128::from(coarse) << FOLD_BITS) + i128::from(fine));
    }

    /// Adds a term.
    #[inline(always)]
    pub(super) fn add(&mut self, term: f64) {
        self.add_multiples(multiples(&[term], [&[1.0]])[0]);
    }

    /// Adds terms, at most a tile of them.
    #[inline(always)]
    pub(super) fn add_all(&mut self, terms: &[f64]) {
        self.add_multiples(multiples(terms, [&[1.0; TILE]])[0]);
    }

    pub(super) fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    pub(super) fn of_bytes(bytes: [u8; 16]) -> Self {
        Self(i128::from_le_bytes(bytes))
    }
}

/// Adds the sums of a column times each of the first columns, as many as there are sums. No column has a number beyond 1.
#[inline(always)]
pub(super) fn add_products(column: &[f64], columns: &[[f64; TILE]], out: &mut [FixedPointSum]) {
    // A closure in this place would not be compiled for wide vectors.
    let (wide_out, rest_out) = out.as_chunks_mut::<WIDE>();
    let (wide, _) = columns.as_chunks::<WIDE>();
    let rest = columns.get(wide_out.len() * WIDE..).unwrap_or(&[]);
    for (out, columns) in wide_out.iter_mut().zip(wide) {
        let sums = multiples(column, columns.each_ref());
        for k in 0..WIDE {
            out[k].add_multiples(sums[k]);
        }
    }
    for (out, values) in rest_out.iter_mut().zip(rest) {
        out.add_multiples(multiples(column, [values])[0]);
    }
}

/// The sums over the rows of a column times each of some columns, in multiples of the two grids. Of at most `R` rows.
#[inline(always)]
fn multiples<const N: usize, const R: usize>(
    column: &[f64],
    columns: [&[f64; R]; N],
) -> [[i64; 2]; N] {
    let mut sums = [[0_u64; 2]; N];
    let count = column.len().min(R);
    for (row, a) in column[..count].iter().enumerate() {
        for k in 0..N {
            let coarse = a.mul_add(columns[k][row], COARSE);
            let rest = a.mul_add(columns[k][row], COARSE - coarse);
            sums[k][0] = sums[k][0].wrapping_add(coarse.to_bits());
            sums[k][1] = sums[k][1].wrapping_add((rest + FINE).to_bits());
        }
    }
    // The bits of `COARSE` and `FINE` are in each.
    let zeros = [COARSE, FINE].map(|grid| grid.to_bits().wrapping_mul(count as u64));
    sums.map(|[coarse, fine]| {
        [coarse.wrapping_sub(zeros[0]) as i64, fine.wrapping_sub(zeros[1]) as i64]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: u64) -> Vec<f64> {
        let mut state = seed;
        let next = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let unit = (state >> 11) as f64 * power_of_two(-53);
            let size = power_of_two(-((state % 50) as i32));
            (2.0 * unit - 1.0) * size
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn the_order_makes_no_difference() {
        let terms = numbers(3000, 7);
        let sum = |terms: &[f64], piece: usize| {
            let mut total = FixedPointSum::default();
            for piece in terms.chunks(piece) {
                let mut padded = [0.0; TILE];
                padded[..piece.len()].copy_from_slice(piece);
                total.add_all(&padded[..piece.len()]);
            }
            total
        };
        let expected = sum(&terms, 512);
        let mut turned = terms.clone();
        turned.reverse();
        turned.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        for (terms, piece) in [(&terms, 1), (&terms, 500), (&turned, 512), (&turned, 37)] {
            assert_eq!(sum(terms, piece), expected);
        }
        let mut single = FixedPointSum::default();
        for term in &terms {
            single.add(*term);
        }
        assert_eq!(single, expected);
        let [mut left, right] = [&terms[..1000], &terms[1000..]].map(|part| sum(part, 64));
        left.merge(right);
        assert_eq!(left, expected);
        assert_eq!(FixedPointSum::of_bytes(expected.to_bytes()), expected);
    }

    #[test]
    fn the_sum_is_that_of_the_products() {
        let (a, b) = (numbers(TILE, 1), numbers(TILE, 2));
        let columns: [[f64; TILE]; 1] = [b.clone().try_into().unwrap()];
        let mut total = [FixedPointSum::default()];
        add_products(&a, &columns, &mut total);
        // Integers of 2^-60, in which every product of these is nearly exact.
        let unit = power_of_two(60);
        let exact: i128 = a.iter().zip(&b).map(|(a, b)| (a * b * unit) as i128).sum();
        let error = total[0].value() - exact as f64 / unit;
        assert!(error.abs() < 512.0 / unit, "{error}");
    }

    #[test]
    fn integers_are_exact() {
        let terms = [1.0, -1.0, 0.5, power_of_two(-43), power_of_two(-80), -power_of_two(-80)];
        let mut total = FixedPointSum::default();
        for term in terms {
            total.add(term);
        }
        assert_eq!(total.value(), 0.5 + power_of_two(-43));
    }
}
