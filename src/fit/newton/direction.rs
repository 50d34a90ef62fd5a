//! What the derivatives at a point say: how near the optimum is, which columns are left out, and where to go.
//!
//! Needs no rows, so that whoever has summed them goes on from here.

use super::cholesky::Factor;
use super::part_objective::{Point, diagonal_pair};
use super::symmetric::Symmetric;
use crate::fit::weight_penalty::WeightPenalty;

/// From this norm of the gradient on, the second derivatives of the rows as they are take the place of the expected ones.
pub(super) const NEAR: f64 = 1e-2;

/// A step must lower the objective by this share of what its slope promises.
const SUFFICIENT: f64 = 1e-4;

/// How often a step is halved.
pub(super) const HALVINGS: u32 = 40;

/// What the slope promises is too little for the objective's bits to show.
const INVISIBLE: f64 = 1e-12;

/// Marks the columns that those before them explain, by the second derivatives of each head with itself.
pub(super) fn leave_out_explained<const H: usize>(
    point: &Point,
    penalty: &WeightPenalty,
    left_out: &mut [bool],
) {
    let width = point.values.len() / H;
    let added = penalty.curvature(width, &point.values);
    for head in 0..H {
        let of_head = head * width..(head + 1) * width;
        let mut matrix = point.products[diagonal_pair(head)].clone();
        add_diagonal(&mut matrix, &added[of_head.clone()]);
        if let Some(factor) = Factor::new(&matrix, &left_out[of_head.clone()]) {
            left_out[of_head].copy_from_slice(&factor.left_out);
        }
    }
}

/// The norm of the gradient, of what is not left out. `units` are what each head is measured in.
pub(super) fn norm<const H: usize>(point: &Point, left_out: &[bool], units: [f64; H]) -> f64 {
    let width = (point.values.len() / H).max(1);
    let heads = point.gradient.chunks_exact(width).zip(left_out.chunks_exact(width));
    let squares = heads.zip(units).map(|((gradient, left_out), unit)| {
        let kept = gradient.iter().zip(left_out).filter(|(_, left_out)| !**left_out);
        kept.map(|(slope, _)| (unit * slope) * (unit * slope)).sum::<f64>()
    });
    squares.sum::<f64>().sqrt()
}

/// The step of each head by itself: between heads no second derivative is expected.
pub(super) fn by_head<const H: usize>(
    point: &Point,
    penalty: &WeightPenalty,
    left_out: &[bool],
) -> Option<Vec<f64>> {
    let width = point.values.len() / H;
    let added = penalty.curvature(width, &point.values);
    let mut step = Vec::with_capacity(H * width);
    for head in 0..H {
        let of_head = head * width..(head + 1) * width;
        let mut matrix = point.products[diagonal_pair(head)].clone();
        add_diagonal(&mut matrix, &added[of_head.clone()]);
        let factor = Factor::new(&matrix, &left_out[of_head.clone()])
            .or_else(|| Factor::new(&with_ridge(matrix), &left_out[of_head.clone()]))?;
        step.extend(factor.solve(&point.gradient[of_head]));
    }
    Some(step)
}

/// The factor of all second derivatives.
pub(super) fn joint_factor<const H: usize>(
    point: &Point,
    penalty: &WeightPenalty,
    left_out: &[bool],
) -> Option<Factor> {
    let mut matrix = joint_matrix::<H>(&point.products);
    add_diagonal(&mut matrix, &penalty.curvature(point.values.len() / H, &point.values));
    Factor::new(&matrix, left_out)
}

/// The way down along a step, and the objective's slope along it; `None` if it does not lead down.
pub(super) fn downhill(step: Option<Vec<f64>>, gradient: &[f64]) -> Option<(Vec<f64>, f64)> {
    let direction: Vec<f64> = step?.into_iter().map(|value| -value).collect();
    let slope: f64 = direction.iter().zip(gradient).map(|(d, g)| d * g).sum();
    (slope < 0.0).then_some((direction, slope))
}

/// So far along a direction.
pub(super) fn moved(values: &[f64], direction: &[f64], step: f64) -> Vec<f64> {
    values.iter().zip(direction).map(|(value, d)| step.mul_add(*d, *value)).collect()
}

/// Whether an objective that was reached by a share of a step is low enough, after one from which the slope was `slope`.
pub(super) fn is_enough(before: f64, slope: f64, step: f64, reached: f64) -> bool {
    let is_invisible = -slope <= INVISIBLE * (1.0 + before.abs());
    reached <= before + SUFFICIENT * step * slope || (is_invisible && reached.is_finite())
}

/// Whether a step that promised next to nothing has brought the gradient no nearer to 0: there is no nearer point.
pub(super) fn is_settled(slope: f64, before: f64, after: f64) -> bool {
    -slope <= INVISIBLE * INVISIBLE && after >= before
}

/// The matrices of the pairs of heads as one.
pub(super) fn joint_matrix<const H: usize>(products: &[Symmetric]) -> Symmetric {
    let width = products.first().map_or(0, |matrix| matrix.width);
    let mut joined = Symmetric::new(H * width);
    for head in 0..H {
        for other in 0..=head {
            // The first with itself, the second with the first, the second with itself.
            let Some(matrix) = products.get(head + other).filter(|matrix| matrix.width > 0) else {
                continue;
            };
            for row in 0..width {
                let last = if other == head { row } else { width - 1 };
                for column in 0..=last {
                    joined.add(head * width + row, other * width + column, matrix.get(row, column));
                }
            }
        }
    }
    joined
}

pub(super) fn add_diagonal(matrix: &mut Symmetric, diagonal: &[f64]) {
    for (index, value) in diagonal.iter().enumerate().filter(|(_, value)| value.is_finite()) {
        matrix.add(index, index, *value);
    }
}

/// Where rounding left a negative square: a little more of each column's own.
pub(super) fn with_ridge(mut matrix: Symmetric) -> Symmetric {
    for index in 0..matrix.width {
        let own = matrix.get(index, index);
        matrix.add(index, index, 1e-8 * own.abs() + f64::MIN_POSITIVE);
    }
    matrix
}
