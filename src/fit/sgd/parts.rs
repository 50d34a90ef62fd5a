//! The parts of a model in training.

use rayon::prelude::*;

use super::part::{ModelPart, PartWeights};
use super::steps::Steps;
use crate::family::{Head, Limits};
use crate::fit::encode::Packed;

/// Packed numbers from which on the parts are trained on threads of their own.
const PARALLEL_VALUES: usize = 1 << 17;

/// The parts of a model; every head is in one of them.
pub(in crate::fit) struct Parts(Vec<Box<dyn ModelPart>>);

impl Parts {
    pub(in crate::fit) fn new(parts: Vec<Box<dyn ModelPart>>) -> Self {
        Self(parts)
    }

    pub(in crate::fit) fn iter(&self) -> impl Iterator<Item = &dyn ModelPart> {
        self.0.iter().map(|part| &**part)
    }

    /// The part that a head is in, and the head's index in it.
    fn find(&self, head: Head) -> Option<(usize, usize)> {
        self.0.iter().enumerate().find_map(|(part, trained)| {
            Some((part, trained.heads().iter().position(|&other| other == head)?))
        })
    }

    /// The weights of a head: the intercept, the numbers, the levels.
    pub(in crate::fit) fn head(&self, head: Head) -> &[f64] {
        let found = self.find(head).and_then(|(part, index)| Some((self.0.get(part)?, index)));
        found.map_or(&[], |(part, index)| part.weights().head(index))
    }

    /// The weights of the part that a head is in.
    pub(in crate::fit) fn weights_with(&mut self, head: Head) -> Option<&mut PartWeights> {
        let (part, _) = self.find(head)?;
        self.0.get_mut(part).map(|part| part.weights_mut())
    }

    /// The weights of all parts.
    pub(in crate::fit) fn weights(&self) -> Vec<PartWeights> {
        self.0.iter().map(|part| part.weights().clone()).collect()
    }

    /// Puts the weights of all parts back.
    pub(in crate::fit) fn set_weights(&mut self, weights: &[PartWeights]) {
        for (part, weights) in self.0.iter_mut().zip(weights) {
            part.weights_mut().clone_from(weights);
        }
    }

    /// Whether the weights are such that single precision can work with them.
    pub(super) fn are_usable(&self) -> bool {
        self.0.iter().all(|part| part.weights().are_usable())
    }

    /// The summed loss of rows, which may be packed otherwise for each part.
    pub(in crate::fit) fn total_loss<'a>(
        &mut self,
        packed: impl Iterator<Item = &'a Packed>,
        limits: Option<Limits>,
    ) -> f64 {
        self.0.iter_mut().zip(packed).map(|(part, packed)| part.total_loss(packed, limits)).sum()
    }

    /// One pass over the batches, the parts side by side. Returns the mean loss on the way, if asked for.
    pub(super) fn epoch(
        &mut self,
        packed: &Packed,
        batches: &[u32],
        steps: &[Steps<'_>],
        with_loss: bool,
    ) -> f64 {
        let train = |(part, steps): (&mut Box<dyn ModelPart>, &Steps<'_>)| {
            let share = packed.weight_of(part.payers_only()) / packed.weight_sum;
            share * part.epoch(packed, batches, steps, with_loss)
        };
        if packed.inputs.len() >= PARALLEL_VALUES {
            let losses: Vec<f64> = self.0.par_iter_mut().zip(steps).map(train).collect();
            losses.iter().sum()
        } else {
            self.0.iter_mut().zip(steps).map(train).sum()
        }
    }
}
