//! The Cholesky factorisation of a symmetric positive matrix, with the same bits on every processor.
//!
//! Row by row, every sum in fixed lanes (crates choose theirs by the processor). A column that those before it explain is
//! left out.

use super::symmetric::Symmetric;
use crate::math::dispatch;

/// Products that are summed side by side.
const LANES: usize = 8;

/// A column is explained by those before it if they leave no more than this of its square.
pub(in crate::fit) const COLLINEAR: f64 = 1e-10;

/// `L` of `A = L L'`.
#[derive(Debug)]
pub(in crate::fit) struct Factor {
    width: usize,
    /// Row by row, each `width` long.
    lower: Vec<f64>,
    /// Which columns are left out: their weights are 0.
    pub(in crate::fit) left_out: Vec<bool>,
}

impl Factor {
    /// Factors a matrix; the columns marked in `left_out` stay out, and so do those that the ones before them explain.
    ///
    /// `None` if a column has a negative square left, or one that is no number.
    pub(in crate::fit) fn new(matrix: &Symmetric, left_out: &[bool]) -> Option<Self> {
        let width = matrix.width;
        let mut left_out = left_out.to_vec();
        left_out.resize(width, false);
        let mut factor = Self { width, lower: vec![0.0; width * width], left_out };
        let is_sound = dispatch(
            #[inline(always)]
            || (0..width).all(|row| factor.row(matrix, row)),
        );
        is_sound.then_some(factor)
    }

    #[inline(always)]
    fn row(&mut self, matrix: &Symmetric, row: usize) -> bool {
        let (done, rest) = self.lower.split_at_mut(row * self.width);
        let out = &mut rest[..=row];
        if self.left_out[row] {
            out[row] = 1.0;
            return true;
        }
        let from = &matrix.values[row * self.width..][..=row];
        for column in 0..row {
            if self.left_out[column] {
                continue;
            }
            let other = &done[column * self.width..][..=column];
            out[column] = (from[column] - dot(&out[..column], &other[..column])) / other[column];
        }
        let square = from[row];
        let left = square - dot(&out[..row], &out[..row]);
        if left > COLLINEAR * square && left.is_finite() {
            out[row] = left.sqrt();
            return true;
        }
        // Below the diagonal of what is left out there is nothing.
        out[..row].fill(0.0);
        out[row] = 1.0;
        self.left_out[row] = true;
        left.is_finite() && left >= -COLLINEAR * square.abs()
    }

    /// `A^-1 b`, 0 in what is left out.
    pub(in crate::fit) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        x.resize(self.width, 0.0);
        dispatch(
            #[inline(always)]
            || {
                for row in 0..self.width {
                    let lower = &self.lower[row * self.width..][..=row];
                    let known = dot(&lower[..row], &x[..row]);
                    x[row] = if self.left_out[row] { 0.0 } else { (x[row] - known) / lower[row] };
                }
                for row in (0..self.width).rev() {
                    let lower = &self.lower[row * self.width..][..=row];
                    let (before, rest) = x.split_at_mut(row);
                    rest[0] /= lower[row];
                    for (x, l) in before.iter_mut().zip(lower) {
                        *x = (-l).mul_add(rest[0], *x);
                    }
                }
            },
        );
        x
    }

    /// `A^-1`, 0 in what is left out.
    pub(in crate::fit) fn inverse(&self) -> Symmetric {
        let width = self.width;
        // Column by column of L^-1, each from its diagonal on.
        let mut columns = vec![0.0; width * width];
        let mut inverse = Symmetric::new(width);
        dispatch(
            #[inline(always)]
            || {
                for (start, column) in columns.chunks_exact_mut(width.max(1)).enumerate() {
                    if self.left_out[start] {
                        continue;
                    }
                    column[start] = 1.0 / self.lower[start * width + start];
                    for row in start + 1..width {
                        if self.left_out[row] {
                            continue;
                        }
                        let lower = &self.lower[row * width..][..=row];
                        let sum = dot(&lower[start..row], &column[start..row]);
                        column[row] = -sum / lower[row];
                    }
                }
                for row in 0..width {
                    for column in 0..=row {
                        let a = &columns[row * width + row..(row + 1) * width];
                        let b = &columns[column * width + row..(column + 1) * width];
                        inverse.values[row * width + column] = dot(a, b);
                    }
                }
            },
        );
        inverse
    }
}

/// The sum of products, in fixed lanes.
#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0_f64; LANES];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            sums[lane] = a[lane].mul_add(b[lane], sums[lane]);
        }
    }
    let rest = a_rest.iter().zip(b_rest).fold(0.0, |sum: f64, (a, b)| a.mul_add(*b, sum));
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `X'X` of columns of which the last is the sum of the first two.
    fn matrix() -> Symmetric {
        let value = |row: usize, column: usize| ((row * 7 + column * 13) % 11) as f64 - 5.0;
        let columns = |row: usize| {
            let (a, b, c) = (value(row, 1), value(row, 2), value(row * row, 3));
            [a, b, c, a + b]
        };
        let mut matrix = Symmetric::new(4);
        for row in 0..50 {
            let x = columns(row);
            for i in 0..4 {
                for j in 0..=i {
                    matrix.add(i, j, x[i] * x[j]);
                }
            }
        }
        matrix
    }

    #[test]
    fn a_column_that_others_explain_is_left_out() {
        let matrix = matrix();
        let factor = Factor::new(&matrix, &[]).unwrap();
        assert_eq!(factor.left_out, [false, false, false, true]);
        let x = factor.solve(&[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(x[3], 0.0);
        for row in 0..3 {
            let product: f64 = (0..3).map(|column| matrix.get(row, column) * x[column]).sum();
            assert!((product - (row + 1) as f64).abs() < 1e-12);
        }
        let inverse = factor.inverse();
        for row in 0..3 {
            for column in 0..3 {
                let product: f64 =
                    (0..3).map(|k| matrix.get(row, k) * inverse.get(k, column)).sum();
                assert!((product - f64::from(u8::from(row == column))).abs() < 1e-12);
            }
        }
        assert_eq!(inverse.get(3, 3), 0.0);
    }

    #[test]
    fn what_is_not_positive_has_no_factor() {
        let mut matrix = matrix();
        matrix.add(1, 1, -1e6);
        assert!(Factor::new(&matrix, &[]).is_none());
        matrix.add(1, 1, f64::NAN);
        assert!(Factor::new(&matrix, &[]).is_none());
    }
}
