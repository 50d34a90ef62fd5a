//! A symmetric matrix as it is seen from a vector: the tridiagonal matrix of Lanczos (1950).
//!
//! Of a matrix `A` that is known only by its products, `v' (I + g A)^-1 v` and its like are all that estimating a
//! variance needs, and a few products give them for every `g >= 0` (Golub and Meurant 2010, "Matrices, Moments and
//! Quadrature").

use crate::math::{dispatch, ln};

/// A direction that is shorter than this, beside what it was before the others were taken out of it, is none.
const NOTHING: f64 = 1e-10;

/// `Q' A Q` for an orthonormal basis `Q` that begins with the direction of a vector `v`.
#[derive(Debug)]
pub(in crate::fit) struct Tridiagonal {
    diagonal: Vec<f64>,
    /// Beside the diagonal; one fewer.
    beside: Vec<f64>,
    /// The columns of `Q`.
    basis: Vec<Vec<f64>>,
    /// The squared length of `v`.
    square: f64,
}

impl Tridiagonal {
    /// From `A`'s products and `v`, in at most `steps` products. With as many as `A` has columns it is all of `A`, also of
    /// the directions that `v` has no part in.
    pub(in crate::fit) fn new(
        v: &[f64],
        steps: usize,
        mut product: impl FnMut(&[f64]) -> Vec<f64>,
    ) -> Self {
        let width = v.len();
        let square = dot(v, v);
        let mut seen = Self { diagonal: vec![], beside: vec![], basis: vec![], square };
        let mut next = normalised(v.to_vec());
        let mut unit = 0;
        while seen.basis.len() < steps.min(width) {
            let direction = match next.take() {
                Some(direction) => direction,
                // The matrix maps what was seen onto itself: go on with what was not.
                None if steps >= width && unit < width => {
                    unit += 1;
                    next = seen.new_direction(unit_vector(width, unit - 1), 1.0);
                    if next.is_some() && !seen.basis.is_empty() {
                        seen.beside.push(0.0);
                    }
                    continue;
                }
                None => break,
            };
            let mut image = product(&direction);
            let before = dot(&image, &image).sqrt();
            seen.diagonal.push(dot(&image, &direction));
            seen.basis.push(direction);
            if seen.basis.len() == steps.min(width) {
                break;
            }
            seen.take_out(&mut image);
            let length = dot(&image, &image).sqrt();
            next = seen.new_direction(image, before);
            if next.is_some() {
                seen.beside.push(length);
            }
        }
        seen
    }

    /// Takes the part along the basis out of a vector; twice, for what rounding left.
    fn take_out(&self, vector: &mut [f64]) {
        for _ in 0..2 {
            for known in &self.basis {
                let along = dot(known, vector);
                vector.iter_mut().zip(known).for_each(|(value, known)| *value -= along * known);
            }
        }
    }

    /// The direction of what a vector has beside the basis, if that is something.
    fn new_direction(&self, mut vector: Vec<f64>, before: f64) -> Option<Vec<f64>> {
        self.take_out(&mut vector);
        let is_something = dot(&vector, &vector).sqrt() > NOTHING * before;
        if is_something { normalised(vector) } else { None }
    }

    /// The pivots of `I + g T`, from its last row up.
    fn pivots(&self, g: f64) -> Vec<f64> {
        let mut pivots: Vec<f64> = self.diagonal.iter().map(|a| 1.0 + g * a).collect();
        for row in (1..pivots.len()).rev() {
            let beside = g * self.beside[row - 1];
            pivots[row - 1] -= beside * beside / pivots[row];
        }
        pivots
    }

    /// `v' (I + g A)^-1 v`.
    pub(in crate::fit) fn quadratic(&self, g: f64) -> f64 {
        self.pivots(g).first().map_or(0.0, |pivot| self.square / pivot)
    }

    /// `(I + g A)^-1 v`.
    pub(in crate::fit) fn solve(&self, g: f64) -> Vec<f64> {
        let pivots = self.pivots(g);
        let mut solution = vec![0.0; self.basis.first().map_or(0, Vec::len)];
        let mut along = self.square.sqrt();
        for (row, (pivot, direction)) in pivots.iter().zip(&self.basis).enumerate() {
            if row > 0 {
                along *= -g * self.beside[row - 1];
            }
            along /= pivot;
            solution.iter_mut().zip(direction).for_each(|(sum, value)| *sum += along * value);
        }
        solution
    }

    /// `ln det(I + g A)`, of the part of `A` that was seen.
    pub(in crate::fit) fn log_det(&self, g: f64) -> f64 {
        let pivots = self.pivots(g);
        dispatch(
            #[inline(always)]
            || pivots.iter().map(|&pivot| ln(pivot)).sum(),
        )
    }

    /// `trace(I - (I + g A)^-1)`, of the part of `A` that was seen.
    pub(in crate::fit) fn effective(&self, g: f64) -> f64 {
        let up = self.pivots(g);
        let mut down: Vec<f64> = self.diagonal.iter().map(|a| 1.0 + g * a).collect();
        for row in 1..down.len() {
            let beside = g * self.beside[row - 1];
            down[row] -= beside * beside / down[row - 1];
        }
        let rows = self.diagonal.iter().zip(up).zip(down);
        rows.map(|((a, up), down)| 1.0 - 1.0 / (up + down - (1.0 + g * a))).sum()
    }

    /// `A u`, for a matrix that was seen as a whole.
    pub(in crate::fit) fn product(&self, u: &[f64]) -> Vec<f64> {
        let along: Vec<f64> = self.basis.iter().map(|direction| dot(direction, u)).collect();
        let mut image = vec![0.0; u.len()];
        for (row, direction) in self.basis.iter().enumerate() {
            let mut value = self.diagonal[row] * along[row];
            if row > 0 {
                value += self.beside[row - 1] * along[row - 1];
            }
            if let (Some(beside), Some(along)) = (self.beside.get(row), along.get(row + 1)) {
                value += beside * along;
            }
            image.iter_mut().zip(direction).for_each(|(sum, entry)| *sum += value * entry);
        }
        image
    }

    /// `v' A v / v'v`.
    pub(in crate::fit) fn along(&self) -> f64 {
        self.diagonal.first().copied().unwrap_or(0.0)
    }

    /// The Frobenius norm of the part of `A` that was seen.
    pub(in crate::fit) fn norm(&self) -> f64 {
        let squares = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>();
        // The sum of no numbers may be a negative zero.
        (squares(&self.diagonal) + 2.0 * squares(&self.beside)).abs().sqrt()
    }

    /// The squared length of `A v`, where that of `v` is 1.
    pub(in crate::fit) fn image_square(&self) -> f64 {
        let beside = self.beside.first().copied().unwrap_or(0.0);
        self.along() * self.along() + beside * beside
    }

    /// The squared length of `v`.
    pub(in crate::fit) fn square(&self) -> f64 {
        self.square
    }
}

fn unit_vector(width: usize, index: usize) -> Vec<f64> {
    (0..width).map(|other| if other == index { 1.0 } else { 0.0 }).collect()
}

fn normalised(mut vector: Vec<f64>) -> Option<Vec<f64>> {
    let length = dot(&vector, &vector).sqrt();
    if !(length > 0.0 && length.is_finite()) {
        return None;
    }
    for value in &mut vector {
        *value /= length;
    }
    Some(vector)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 6;

    /// `X'X` of ten rows, of which the last column is a copy of the first.
    fn matrix() -> Vec<Vec<f64>> {
        let mut state = 3_u64;
        let mut rows = Vec::new();
        for _ in 0..10 {
            let mut row: Vec<f64> = (0..WIDTH - 1)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 40) as f64 / (1_u64 << 23) as f64 - 1.0
                })
                .collect();
            row.push(row[0]);
            rows.push(row);
        }
        let entry = |i: usize, j: usize| rows.iter().map(|row| row[i] * row[j]).sum();
        (0..WIDTH).map(|i| (0..WIDTH).map(|j| entry(i, j)).collect()).collect()
    }

    fn product(matrix: &[Vec<f64>], v: &[f64]) -> Vec<f64> {
        matrix.iter().map(|row| dot(row, v)).collect()
    }

    /// `(I + g A)^-1 v` by Gaussian elimination.
    fn solved(matrix: &[Vec<f64>], g: f64, v: &[f64]) -> Vec<f64> {
        let mut rows: Vec<Vec<f64>> = (0..WIDTH)
            .map(|i| {
                let entry = |j: usize| f64::from(u8::from(i == j)) + g * matrix[i][j];
                (0..WIDTH).map(entry).chain([v[i]]).collect()
            })
            .collect();
        for pivot in 0..WIDTH {
            for row in (0..WIDTH).filter(|&row| row != pivot) {
                let factor = rows[row][pivot] / rows[pivot][pivot];
                let taken = rows[pivot].clone();
                for (value, taken) in rows[row].iter_mut().zip(taken) {
                    *value -= factor * taken;
                }
            }
        }
        (0..WIDTH).map(|i| rows[i][WIDTH] / rows[i][i]).collect()
    }

    #[test]
    fn all_of_a_matrix_is_seen_from_any_vector() {
        let matrix = matrix();
        // One without a part along some directions, one along the null space, none at all.
        let copies = [1.0, 0.0, 0.0, 0.0, 0.0, -1.0];
        for v in [[1.0, -2.0, 0.5, 0.0, 3.0, 1.0], copies, [0.0; WIDTH]] {
            let seen = Tridiagonal::new(&v, WIDTH, |v| product(&matrix, v));
            for g in [0.0, 0.01, 1.0, 100.0] {
                let solution = solved(&matrix, g, &v);
                let quadratic = dot(&solution, &v);
                assert!((seen.quadratic(g) - quadratic).abs() < 1e-9 * (1.0 + quadratic), "{g}");
                let trace: f64 = (0..WIDTH)
                    .map(|index| 1.0 - solved(&matrix, g, &unit_vector(WIDTH, index))[index])
                    .sum();
                assert!((seen.effective(g) - trace).abs() < 1e-9, "{g}: {trace}");
                // The trace is the slope of the determinant.
                let slope = (seen.log_det(g * 1.001) - seen.log_det(g * 0.999)) / 0.002;
                assert!((slope - trace).abs() < 1e-4 * (1.0 + trace), "{g}: {slope} {trace}");
                if v != [0.0; WIDTH] {
                    let pairs = seen.solve(g).into_iter().zip(solution);
                    assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-9), "{g}");
                }
            }
            let u = [0.5, 1.0, -1.0, 2.0, 0.0, 0.25];
            let pairs = seen.product(&u).into_iter().zip(product(&matrix, &u));
            assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-9));
            let squares: f64 = matrix.iter().flatten().map(|entry| entry * entry).sum();
            assert!((seen.norm() - squares.sqrt()).abs() < 1e-9);
        }
    }

    #[test]
    fn few_products_see_the_matrix_nearly() {
        let matrix = matrix();
        let v = [1.0, -2.0, 0.5, 0.0, 3.0, 1.0];
        let seen = Tridiagonal::new(&v, 4, |v| product(&matrix, v));
        let all = Tridiagonal::new(&v, WIDTH, |v| product(&matrix, v));
        for g in [0.01, 1.0] {
            assert!((seen.quadratic(g) / all.quadratic(g) - 1.0).abs() < 1e-3, "{g}");
        }
        assert!((seen.image_square() - all.image_square()).abs() < 1e-9);
    }

    #[test]
    fn no_columns_are_nothing() {
        let seen = Tridiagonal::new(&[], 0, |_| Vec::new());
        assert_eq!((seen.quadratic(1.0), seen.effective(1.0), seen.norm()), (0.0, 0.0, 0.0));
        assert!(seen.solve(1.0).is_empty());
    }
}
