//! The solver between two passes: whether what a pass saw is taken, and where the next one goes.

use super::quasi_newton::{self, BlockDiagonal, remember};
use crate::fit::newton::direction::{
    HALVINGS, NEAR, by_head, downhill, is_enough, is_settled, joint_factor, leave_out_explained,
    norm,
};
use crate::fit::newton::part_objective::Point;
use crate::fit::weight_penalty::WeightPenalty;
use crate::model::{PassPair, PassPart, PassStatus};

/// Of steps by [blocks](BlockDiagonal): one that promises no more than this is at the optimum.
const NEGLIGIBLE: f64 = 1e-11;

/// What a pass saw of a part at the weights it was at.
pub(super) struct SeenPart {
    /// With the second derivatives of the rows as they are.
    pub(super) observed: Point,
    /// With those that are expected.
    pub(super) expected: Point,
    /// In the place of both where there are too many columns to sum them by pairs.
    pub(super) blocks: Option<BlockDiagonal>,
    /// The mean loss with sigma within its bound.
    pub(super) loss: f64,
}

/// What a part is solved for.
pub(super) struct PartProblem<'a, const H: usize> {
    pub(super) penalty: &'a WeightPenalty,
    /// What each head is measured in, for the norm of the gradient.
    pub(super) units: [f64; H],
    /// The greatest norm of the gradient at an optimum.
    pub(super) tolerance: f64,
    /// Whether there is anything to learn.
    pub(super) can_learn: bool,
}

/// Where the solver stands after a pass; and whether what the pass saw is taken. `seen` is `None` where the weights were so far off
/// that a row's numbers could not be summed.
pub(super) fn advance<const H: usize>(
    part: &PassPart,
    seen: Option<&SeenPart>,
    problem: &PartProblem<'_, H>,
) -> (PassPart, bool) {
    let is_low = |seen: &&SeenPart| {
        let reached = seen.observed.objective;
        let before = part.objective;
        reached.is_finite()
            && before.is_none_or(|before| is_enough(before, part.slope, part.step, reached))
    };
    match seen.filter(is_low) {
        Some(seen) => (accepted(part, seen, problem), true),
        None => (halved(part), false),
    }
}

/// Half the way, unless it was halved often enough.
fn halved(part: &PassPart) -> PassPart {
    let step = 0.5 * part.step;
    let is_last = part.direction.is_empty() || step < 0.5_f64.powi(HALVINGS as i32);
    if is_last { stopped(part, PassStatus::Stuck) } else { PassPart { step, ..part.clone() } }
}

fn stopped(part: &PassPart, status: PassStatus) -> PassPart {
    PassPart {
        status,
        direction: Vec::new(),
        step: 1.0,
        slope: 0.0,
        gradient: Vec::new(),
        memory: Vec::new(),
        ..part.clone()
    }
}

fn accepted<const H: usize>(
    part: &PassPart,
    seen: &SeenPart,
    problem: &PartProblem<'_, H>,
) -> PassPart {
    let PartProblem { penalty, units, tolerance, can_learn } = problem;
    let point = &seen.observed;
    let mut left_out = penalty.held();
    if part.objective.is_none() && seen.blocks.is_none() {
        leave_out_explained::<H>(&seen.expected, penalty, &mut left_out);
    }
    for &index in &part.left_out {
        left_out[index] = true;
    }
    let norm = norm(point, &left_out, *units);
    let here = PassPart {
        values: point.values.clone(),
        left_out: (0..left_out.len()).filter(|&index| left_out[index]).collect(),
        objective: Some(point.objective),
        norm: Some(norm),
        loss: Some(seen.loss),
        ..part.clone()
    };
    let settled = part.norm.is_some_and(|before| is_settled(part.slope, before, norm));
    if !can_learn || norm <= *tolerance || settled {
        return stopped(&here, PassStatus::Converged);
    }
    let (here, direction) = match &seen.blocks {
        Some(blocks) => by_memory(part, here, blocks, &point.gradient, &left_out),
        None => (here, by_pairs::<H>(seen, penalty, &left_out, norm)),
    };
    // A text holds no infinite number.
    let is_finite = |direction: &[f64], slope: f64| {
        slope.is_finite() && direction.iter().all(|value| value.is_finite())
    };
    match direction.filter(|(direction, slope)| is_finite(direction, *slope)) {
        Some((_, slope)) if seen.blocks.is_some() && -slope <= NEGLIGIBLE => {
            stopped(&here, PassStatus::Converged)
        }
        Some((direction, slope)) => {
            PassPart { status: PassStatus::Open, direction, step: 1.0, slope, ..here }
        }
        None => stopped(&here, PassStatus::Stuck),
    }
}

/// The direction and the slope along it by the second derivatives of all pairs of columns: Newton's near the optimum, else
/// that of Fisher scoring.
fn by_pairs<const H: usize>(
    seen: &SeenPart,
    penalty: &WeightPenalty,
    left_out: &[bool],
    norm: f64,
) -> Option<(Vec<f64>, f64)> {
    let point = &seen.observed;
    let newton = || {
        let step = joint_factor::<H>(point, penalty, left_out)?.solve(&point.gradient);
        downhill(Some(step), &point.gradient)
    };
    let fisher = || downhill(by_head::<H>(&seen.expected, penalty, left_out), &point.gradient);
    if norm < NEAR { newton().or_else(fisher) } else { fisher() }
}

/// The same by blocks of them and by the steps before, of which the last is remembered now.
fn by_memory(
    part: &PassPart,
    here: PassPart,
    blocks: &BlockDiagonal,
    gradient: &[f64],
    left_out: &[bool],
) -> (PassPart, Option<(Vec<f64>, f64)>) {
    let kept = |values: &[f64]| -> Vec<f64> {
        let values = values.iter().zip(left_out);
        values.map(|(value, left_out)| if *left_out { 0.0 } else { *value }).collect()
    };
    let gradient = kept(gradient);
    let memory = match part.gradient.as_slice() {
        [] => Vec::new(),
        before => remember(&part.memory, [&part.values, &here.values], [before, &gradient]),
    };
    let step = |memory: &[PassPair]| kept(&quasi_newton::step(blocks, memory, &gradient));
    let direction =
        downhill(Some(step(&memory)), &gradient).or_else(|| downhill(Some(step(&[])), &gradient));
    (PassPart { gradient, memory, ..here }, direction)
}
