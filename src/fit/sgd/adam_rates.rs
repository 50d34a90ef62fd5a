//! How much the newest gradient counts in Adam's averages, free of their bias toward the zero they start from.

/// Decay of the average of the gradients.
pub(super) const BETA1: f64 = 0.9;

/// Decay of the average of the squared gradients.
const BETA2: f64 = 0.999;

/// The weight of the newest gradient in Adam's averages.
#[derive(Debug, Clone, Copy)]
pub(in crate::fit) struct Rates {
    /// In that of the gradients.
    pub(in crate::fit) first: f64,
    /// In that of the squared gradients.
    pub(in crate::fit) second: f64,
}

/// The powers of both decays after some steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::fit) struct Powers([f64; 2]);

impl Powers {
    /// Before the first step.
    pub(in crate::fit) const START: Self = Self([1.0; 2]);

    /// After so many steps, multiplied up one by one as training does.
    pub(in crate::fit) fn after(steps: u64) -> Self {
        let mut powers = Self::START;
        for _ in 0..steps {
            let next = powers.next();
            if next == powers {
                break;
            }
            powers = next;
        }
        powers
    }

    /// After so many steps, by squaring: the last bits may differ from [`Powers::after`].
    pub(in crate::fit) fn by_squaring(mut steps: u32) -> Self {
        let (mut powers, mut squares) = ([1.0; 2], [BETA1, BETA2]);
        while steps > 0 {
            for (power, square) in powers.iter_mut().zip(&mut squares) {
                if steps & 1 == 1 {
                    *power *= *square;
                }
                *square *= *square;
            }
            steps >>= 1;
        }
        Self(powers)
    }

    /// After one step more.
    #[must_use]
    pub(in crate::fit) fn next(self) -> Self {
        Self([self.0[0] * BETA1, self.0[1] * BETA2])
    }

    /// The rates of the last of the steps.
    pub(in crate::fit) fn rates(self) -> Rates {
        let Self([power1, power2]) = self;
        Rates { first: (1.0 - BETA1) / (1.0 - power1), second: (1.0 - BETA2) / (1.0 - power2) }
    }
}

/// The [`Rates`] of every step.
#[derive(Debug)]
pub(in crate::fit) struct RateTable {
    rates: Vec<Rates>,
}

impl RateTable {
    /// After this many steps `1 - beta^t` is 1.
    const MOST: u64 = 40_000;

    /// For steps up to `steps`.
    pub(in crate::fit) fn new(steps: u64) -> Self {
        let mut powers = Powers::START;
        let rates = (0..steps.min(Self::MOST)).map(|_| {
            powers = powers.next();
            powers.rates()
        });
        Self { rates: rates.collect() }
    }

    /// Of the step after `done` others.
    #[inline(always)]
    pub(in crate::fit) fn after(&self, done: u64) -> Rates {
        let settled = Rates { first: 1.0 - BETA1, second: 1.0 - BETA2 };
        self.rates.get(done as usize).copied().unwrap_or(settled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_to_a_power_agree() {
        for steps in [0, 1, 2, 3, 17, 1000, 60_000] {
            let pairs = Powers::after(steps).0.into_iter().zip(Powers::by_squaring(steps as u32).0);
            assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() <= 1e-12), "{steps}");
        }
    }

    #[test]
    fn the_first_gradient_is_the_average() {
        let Rates { first, second } = RateTable::new(1).after(0);
        assert_eq!([first, second], [1.0, 1.0]);
    }

    #[test]
    fn rates_settle() {
        let table = RateTable::new(u64::MAX);
        let last = table.after(RateTable::MOST - 1);
        let settled = table.after(u64::MAX - 1);
        assert_eq!(last.first.to_bits(), settled.first.to_bits());
        assert!((last.second - settled.second).abs() < 1e-17);
    }
}
