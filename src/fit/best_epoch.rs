//! Early stopping: the best state of a training so far, and how long it is to wait for a better one.

/// The state of a training after the epoch with the least validation loss so far.
#[derive(Debug)]
pub(super) struct BestEpoch<S> {
    pub(super) epoch: u64,
    pub(super) loss: f64,
    pub(super) state: S,
}

impl<S> BestEpoch<S> {
    /// Takes the state after an epoch if its loss is less. Returns whether training stops: whether `patience` epochs have
    /// brought no better one. A loss that is no number is worse than any.
    pub(super) fn update(
        &mut self,
        epoch: u64,
        loss: f64,
        patience: u64,
        state: impl FnOnce() -> S,
    ) -> bool {
        if loss < self.loss || self.loss.is_nan() {
            *self = Self { epoch, loss, state: state() };
            return false;
        }
        epoch - self.epoch >= patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The best epoch and its state, and the epoch in which training stopped.
    fn run(losses: &[f64], patience: u64) -> (u64, char, Option<u64>) {
        let mut best = BestEpoch { epoch: 0, loss: losses[0], state: 'a' };
        let stop = (1..losses.len() as u64).find(|&epoch| {
            best.update(epoch, losses[epoch as usize], patience, || char::from(b'a' + epoch as u8))
        });
        (best.epoch, best.state, stop)
    }

    #[test]
    fn the_least_loss_is_kept_until_patience_is_over() {
        assert_eq!(run(&[3.0, 2.0, 1.0], 1), (2, 'c', None));
        assert_eq!(run(&[3.0, 2.0, 2.5, 2.4, 1.0], 2), (1, 'b', Some(3)));
        assert_eq!(run(&[3.0, 2.0, 2.5, 1.0, 1.5], 2), (3, 'd', None));
    }

    #[test]
    fn an_equal_loss_and_no_number_are_not_better() {
        assert_eq!(run(&[1.0, 1.0], 1), (0, 'a', Some(1)));
        assert_eq!(run(&[1.0, f64::NAN, 0.5], 2), (2, 'c', None));
        assert_eq!(run(&[f64::NAN, 1.0, 0.5], 2), (2, 'c', None));
    }
}
