//! Packed rows in two sets: to train on, and held out.

use super::parts::Parts;
use crate::family::Limits;
use crate::fit::encode::Packed;

/// The rows to train on, and those that say when to stop.
#[derive(Debug)]
pub(in crate::fit) struct PackedSplit {
    pub(in crate::fit) training: Packed,
    /// The held-out rows, once for each part; none if nothing is held out.
    pub(in crate::fit) validation: Vec<Packed>,
}

impl PackedSplit {
    /// The mean loss of the training rows; with other limits of the amount if they are given.
    pub(in crate::fit) fn train_loss(&self, parts: &mut Parts, limits: Option<Limits>) -> f64 {
        let packed = std::iter::repeat(&self.training);
        parts.total_loss(packed, limits) / self.training.weight_sum
    }

    /// The mean loss of the held-out rows; with other limits of the amount if they are given.
    pub(in crate::fit) fn validation_loss(
        &self,
        parts: &mut Parts,
        limits: Option<Limits>,
    ) -> Option<f64> {
        let weight_sum = self.validation.first()?.weight_sum;
        Some(parts.total_loss(self.validation.iter(), limits) / weight_sum)
    }
}
