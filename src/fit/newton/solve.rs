//! Fisher scoring and Newton's method with a line search.

use super::direction::{
    HALVINGS, NEAR, by_head, downhill, is_enough, is_settled, joint_factor, leave_out_explained,
    moved, norm,
};
use super::part_objective::{PartObjective, Point, Products};
use crate::family::Curved;

/// When the solver stops.
#[derive(Debug, Clone, Copy)]
pub(in crate::fit) struct Stop {
    pub(in crate::fit) max_iterations: u64,
    /// The greatest norm of the gradient.
    pub(in crate::fit) tolerance: f64,
}

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
        let mut left_out = self.penalty.held();
        leave_out_explained::<H>(&point, &self.penalty, &mut left_out);
        let (mut iterations, mut losses) = (0, Vec::new());
        let norm = |point: &Point, left_out: &[bool]| norm(point, left_out, units);
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
            let is_settled = is_settled(slope, before, after);
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
        let (mut kind, held) = (Products::Expected, self.penalty.held());
        let found = self.direction(&mut point, &mut kind, &held);
        let reached = found.and_then(|(to, slope)| self.search(&point, &to, slope, kind));
        reached.unwrap_or(point)
    }

    /// Stays at the start, where there is nothing to learn.
    pub(in crate::fit) fn stay(&self, start: Vec<f64>) -> Solution {
        let stop = Stop { max_iterations: 0, tolerance: f64::INFINITY };
        self.solve(start, [1.0; H], stop)
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
                Products::Observed => joint_factor::<H>(point, &self.penalty, left_out)
                    .map(|factor| factor.solve(&point.gradient)),
                _ => by_head::<H>(point, &self.penalty, left_out),
            };
            let found = downhill(step, &point.gradient);
            if found.is_some() || *kind == Products::Expected {
                return found;
            }
            *point = self.at(std::mem::take(&mut point.values), Products::Expected);
            *kind = Products::Expected;
        }
    }

    /// The first point along a direction that lowers the objective enough.
    fn search(&self, from: &Point, direction: &[f64], slope: f64, kind: Products) -> Option<Point> {
        let mut step = 1.0;
        for halving in 0..HALVINGS {
            // The first is nearly always taken, so that its derivatives are wanted.
            let values = moved(&from.values, direction, step);
            let reached = self.at(values, if halving == 0 { kind } else { Products::None });
            if is_enough(from.objective, slope, step, reached.objective) {
                let values = reached.values.clone();
                return Some(if halving == 0 { reached } else { self.at(values, kind) });
            }
            step *= 0.5;
        }
        None
    }
}
