//! Fisher scoring and Newton's method with a line search.

use super::cholesky::Factor;
use super::part::{PartObjective, Point, Products, diagonal_pair};
use super::symmetric::Symmetric;
use crate::family::Curved;

/// When the solver stops.
#[derive(Debug, Clone, Copy)]
pub(in crate::fit) struct Stop {
    pub(in crate::fit) max_iterations: u64,
    /// The greatest norm of the gradient.
    pub(in crate::fit) tolerance: f64,
}

/// From this norm of the gradient on, the second derivatives of the rows as they are take the place of the expected ones.
const NEAR: f64 = 1e-2;

/// A step must lower the objective by this share of what its slope promises.
const SUFFICIENT: f64 = 1e-4;

/// How often a step is halved.
const HALVINGS: u32 = 40;

/// What the slope promises is too little for the objective's bits to show.
const INVISIBLE: f64 = 1e-12;

/// Where the solver came to.
pub(in crate::fit) struct Solution {
    pub(in crate::fit) point: Point,
    /// Which weights stayed as they were: those held, and those of columns that others explain.
    pub(in crate::fit) left_out: Vec<bool>,
    pub(in crate::fit) converged: bool,
    /// The mean loss after each iteration.
    pub(in crate::fit) losses: Vec<f64>,
}

impl<const H: usize, T: Curved<H>> PartObjective<'_, H, T> {
    /// Minimises the objective. `units` are what each head is measured in, for the norm of the gradient.
    pub(in crate::fit) fn solve(&self, start: Vec<f64>, units: [f64; H], stop: Stop) -> Solution {
        // 1. The start, and the columns that are left out: those that others explain there.
        let mut point = self.at(start, Products::Expected);
        let mut kind = Products::Expected;
        let mut left_out = self.held();
        self.leave_out_explained(&point, &mut left_out);
        let (mut iterations, mut losses) = (0, Vec::new());
        let norm = |point: &Point, left_out: &[bool]| self.norm(point, left_out, units);
        let mut converged = norm(&point, &left_out) <= stop.tolerance;
        while !converged && iterations < stop.max_iterations && !self.is_interrupted() {
            // 2. The direction: down the second derivatives where they are positive, else down the expected ones.
            let Some((direction, slope)) = self.direction(&mut point, &mut kind, &left_out) else {
                break;
            };
            // 3. How far.
            let before = norm(&point, &left_out);
            let next = if before < NEAR { Products::Observed } else { Products::Expected };
            let Some(reached) = self.search(&point, &direction, slope, next) else { break };
            iterations += 1;
            self.tell(iterations);
            let after = norm(&reached, &left_out);
            let is_settled = -slope <= INVISIBLE * INVISIBLE && after >= before;
            if !is_settled {
                (point, kind) = (reached, next);
            }
            losses.push(point.loss);
            // 4. Whether that is near enough.
            converged = is_settled || after <= stop.tolerance;
        }
        Solution { point, left_out, converged, losses }
    }

    /// One step of Fisher scoring.
    pub(in crate::fit) fn step(&self, start: Vec<f64>) -> Point {
        let mut point = self.expected(start);
        let (mut kind, held) = (Products::Expected, self.held());
        let found = self.direction(&mut point, &mut kind, &held);
        let reached = found.and_then(|(to, slope)| self.search(&point, &to, slope, kind));
        reached.unwrap_or(point)
    }

    /// Stays at the start, where there is nothing to learn.
    pub(in crate::fit) fn stay(&self, start: Vec<f64>) -> Solution {
        let stop = Stop { max_iterations: 0, tolerance: f64::INFINITY };
        self.solve(start, [1.0; H], stop)
    }

    /// Marks the columns that those before them explain, by the expected second derivatives of each head.
    fn leave_out_explained(&self, point: &Point, left_out: &mut [bool]) {
        let width = self.width();
        let added = self.penalty_curvature(&point.values);
        for head in 0..H {
            let head_places = head * width..(head + 1) * width;
            let mut matrix = point.products[diagonal_pair(head)].clone();
            add_diagonal(&mut matrix, &added[head_places.clone()]);
            if let Some(factor) = Factor::new(&matrix, &left_out[head_places.clone()]) {
                left_out[head_places].copy_from_slice(&factor.left_out);
            }
        }
    }

    /// The norm of the gradient, of what is not left out.
    fn norm(&self, point: &Point, left_out: &[bool], units: [f64; H]) -> f64 {
        let heads =
            point.gradient.chunks_exact(self.width()).zip(left_out.chunks_exact(self.width()));
        let squares = heads.zip(units).map(|((gradient, left_out), unit)| {
            let kept = gradient.iter().zip(left_out).filter(|(_, left_out)| !**left_out);
            kept.map(|(slope, _)| (unit * slope) * (unit * slope)).sum::<f64>()
        });
        squares.sum::<f64>().sqrt()
    }

    /// The direction of a step, and the objective's slope along it.
    fn direction(
        &self,
        point: &mut Point,
        kind: &mut Products,
        left_out: &[bool],
    ) -> Option<(Vec<f64>, f64)> {
        loop {
            let step = match kind {
                Products::Observed => {
                    self.joint(point, left_out).map(|factor| factor.solve(&point.gradient))
                }
                _ => self.by_head(point, left_out),
            };
            let direction: Option<Vec<f64>> =
                step.map(|step| step.into_iter().map(|value| -value).collect());
            let slope = |direction: &Vec<f64>| -> f64 {
                direction.iter().zip(&point.gradient).map(|(d, g)| d * g).sum()
            };
            let found = direction.map(|direction| (slope(&direction), direction));
            match found {
                Some((slope, direction)) if slope < 0.0 => return Some((direction, slope)),
                _ if *kind == Products::Expected => return None,
                _ => {
                    *point = self.at(std::mem::take(&mut point.values), Products::Expected);
                    *kind = Products::Expected;
                }
            }
        }
    }

    /// Each head by itself: between heads no second derivative is expected.
    fn by_head(&self, point: &Point, left_out: &[bool]) -> Option<Vec<f64>> {
        let width = self.width();
        let added = self.penalty_curvature(&point.values);
        let mut step = Vec::with_capacity(H * width);
        for head in 0..H {
            let places = head * width..(head + 1) * width;
            let mut matrix = point.products[diagonal_pair(head)].clone();
            add_diagonal(&mut matrix, &added[places.clone()]);
            let factor = Factor::new(&matrix, &left_out[places.clone()])
                .or_else(|| Factor::new(&with_ridge(matrix), &left_out[places.clone()]))?;
            step.extend(factor.solve(&point.gradient[places]));
        }
        Some(step)
    }

    /// The factor of all second derivatives.
    pub(in crate::fit) fn joint(&self, point: &Point, left_out: &[bool]) -> Option<Factor> {
        let mut matrix = join::<H>(&point.products);
        add_diagonal(&mut matrix, &self.penalty_curvature(&point.values));
        Factor::new(&matrix, left_out)
    }

    /// The first point along a direction that lowers the objective enough.
    fn search(&self, from: &Point, direction: &[f64], slope: f64, kind: Products) -> Option<Point> {
        let moved = |step: f64| -> Vec<f64> {
            from.values.iter().zip(direction).map(|(value, d)| step.mul_add(*d, *value)).collect()
        };
        let is_invisible = -slope <= INVISIBLE * (1.0 + from.objective.abs());
        let mut step = 1.0;
        for halving in 0..HALVINGS {
            let is_enough = |point: &Point| {
                let most = from.objective + SUFFICIENT * step * slope;
                point.objective <= most || (is_invisible && point.objective.is_finite())
            };
            // The first is nearly always taken, so that its derivatives are wanted.
            let reached = self.at(moved(step), if halving == 0 { kind } else { Products::None });
            if is_enough(&reached) {
                let values = reached.values.clone();
                return Some(if halving == 0 { reached } else { self.at(values, kind) });
            }
            step *= 0.5;
        }
        None
    }
}

/// The matrices of the pairs of heads as one.
pub(in crate::fit) fn join<const H: usize>(products: &[Symmetric]) -> Symmetric {
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

pub(in crate::fit) fn add_diagonal(matrix: &mut Symmetric, diagonal: &[f64]) {
    for (place, value) in diagonal.iter().enumerate().filter(|(_, value)| value.is_finite()) {
        matrix.add(place, place, *value);
    }
}

/// Where rounding left a negative square: a little more of each column's own.
fn with_ridge(mut matrix: Symmetric) -> Symmetric {
    for place in 0..matrix.width {
        let own = matrix.get(place, place);
        matrix.add(place, place, 1e-8 * own.abs() + f64::MIN_POSITIVE);
    }
    matrix
}
