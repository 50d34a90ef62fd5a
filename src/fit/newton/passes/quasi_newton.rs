//! The direction of a step where second derivatives by all pairs of columns would be too many to sum.
//!
//! Those near the diagonal are summed ([`Profile`](super::profile::Profile)); what they miss the steps before tell: how the
//! gradient changed along each (Liu, Nocedal 1989, "On the Limited Memory BFGS Method for Large Scale Optimization", with the
//! blocks as the first guess of the second derivatives).

use std::ops::Range;

use crate::fit::newton::cholesky::Factor;
use crate::fit::newton::direction::with_ridge;
use crate::fit::newton::symmetric::Symmetric;
use crate::model::PassPair;

/// Steps that are remembered.
pub(super) const MEMORY: usize = 8;

/// A step along which the gradient grew by less than this share of what the lengths allow tells nothing.
const LEAST_CURVATURE: f64 = 1e-10;

/// Expected second derivatives of a head: blocks along the diagonal, penalty included.
#[derive(Debug, Default)]
pub(super) struct BlockDiagonal {
    blocks: Vec<(Range<usize>, Factor)>,
}

impl BlockDiagonal {
    /// Adds a block of these indices; `left_out` marks those of them that stay. Whether it is sound.
    pub(super) fn add(
        &mut self,
        indices: Range<usize>,
        matrix: Symmetric,
        left_out: &[bool],
    ) -> bool {
        let factor =
            Factor::new(&matrix, left_out).or_else(|| Factor::new(&with_ridge(matrix), left_out));
        factor.map(|factor| self.blocks.push((indices, factor))).is_some()
    }

    fn solve(&self, gradient: &[f64]) -> Vec<f64> {
        let mut step = vec![0.0; gradient.len()];
        for (indices, factor) in &self.blocks {
            step[indices.clone()].copy_from_slice(&factor.solve(&gradient[indices.clone()]));
        }
        step
    }
}

/// The step that blocks and memory make of a gradient: two loops over the pairs.
pub(super) fn step(blocks: &BlockDiagonal, memory: &[PassPair], gradient: &[f64]) -> Vec<f64> {
    let mut rest = gradient.to_vec();
    let mut shares = Vec::with_capacity(memory.len());
    for pair in memory.iter().rev() {
        let share = dot(&pair.step, &rest) / pair_curvature(pair);
        add(&mut rest, -share, &pair.change);
        shares.push(share);
    }
    let mut step = blocks.solve(&rest);
    for (pair, share) in memory.iter().zip(shares.into_iter().rev()) {
        let back = dot(&pair.change, &step) / pair_curvature(pair);
        add(&mut step, share - back, &pair.step);
    }
    step
}

/// The memory with one more step; without the oldest where there are too many, and without one that tells nothing.
pub(super) fn remember(
    memory: &[PassPair],
    [from, to]: [&[f64]; 2],
    [before, after]: [&[f64]; 2],
) -> Vec<PassPair> {
    let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (b - a) as f32).collect();
    let pair = PassPair { step: difference(from, to), change: difference(before, after) };
    let mut memory = memory.to_vec();
    if tells(&pair) {
        memory.push(pair);
    }
    memory.drain(..memory.len().saturating_sub(MEMORY));
    memory
}

fn tells(pair: &PassPair) -> bool {
    let norm = |values: &[f32]| values.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    let most = norm(&pair.step) * norm(&pair.change);
    let curvature = pair_curvature(pair);
    curvature.is_finite() && curvature > LEAST_CURVATURE * most && curvature > 0.0
}

fn pair_curvature(pair: &PassPair) -> f64 {
    pair.step.iter().zip(&pair.change).map(|(s, y)| f64::from(*s) * f64::from(*y)).sum()
}

fn dot(single: &[f32], values: &[f64]) -> f64 {
    single.iter().zip(values).map(|(a, b)| f64::from(*a) * b).sum()
}

fn add(values: &mut [f64], times: f64, single: &[f32]) {
    for (value, single) in values.iter_mut().zip(single) {
        *value = times.mul_add(f64::from(*single), *value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagonal(values: &[f64]) -> BlockDiagonal {
        let mut blocks = BlockDiagonal::default();
        for (index, value) in values.iter().enumerate() {
            let mut matrix = Symmetric::new(1);
            matrix.add(0, 0, *value);
            assert!(blocks.add(index..index + 1, matrix, &[false]));
        }
        blocks
    }

    #[test]
    fn without_memory_it_is_the_step_of_the_blocks() {
        assert_eq!(step(&diagonal(&[4.0, 16.0]), &[], &[12.0, 16.0]), [3.0, 1.0]);
    }

    #[test]
    fn the_last_step_is_solved_exactly() {
        let memory = remember(&[], [&[0.0, 0.0], &[1.0, 2.0]], [&[1.0, 1.0], &[4.0, 3.0]]);
        assert_eq!(memory.len(), 1);
        // The secant: the inverse takes the change of the gradient to the step.
        let found = step(&diagonal(&[1.0, 1.0]), &memory, &[3.0, 2.0]);
        assert!((found[0] - 1.0).abs() < 1e-12 && (found[1] - 2.0).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn what_tells_nothing_is_not_remembered() {
        let no_change = remember(&[], [&[0.0], &[1.0]], [&[1.0], &[1.0]]);
        let downhill = remember(&[], [&[0.0], &[1.0]], [&[1.0], &[0.0]]);
        let no_number = remember(&[], [&[0.0], &[f64::MAX]], [&[0.0], &[1.0]]);
        assert!(no_change.is_empty() && downhill.is_empty() && no_number.is_empty());
        let mut memory = Vec::new();
        for index in 0..MEMORY + 3 {
            let at = index as f64;
            memory = remember(&memory, [&[0.0], &[at + 1.0]], [&[0.0], &[1.0]]);
        }
        assert_eq!((memory.len(), memory[0].step[0]), (MEMORY, 4.0));
    }
}
