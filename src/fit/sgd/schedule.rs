//! Learning-rate schedules.

/// How the learning rate falls over the steps of a training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Schedule {
    /// It does not.
    Constant,
    /// In a straight line to 0 at the last step.
    Linear,
    /// Along half a cosine wave to 0 at the last step.
    Cosine,
    /// As `1 / sqrt(epochs)`: in proportion to the square root of the epochs that are over, whatever the total.
    InverseSqrt,
}

impl Schedule {
    const ALL: [Self; 4] = [Self::Constant, Self::Linear, Self::Cosine, Self::InverseSqrt];

    /// The names of all, in their order.
    pub(in crate::fit) const NAMES: [&'static str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut index = 0;
        while index < names.len() {
            names[index] = Self::ALL[index].name();
            index += 1;
        }
        names
    };

    /// The schedule's name in the options.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Linear => "linear",
            Self::Cosine => "cosine",
            Self::InverseSqrt => "inverse_sqrt",
        }
    }

    /// The schedule of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|schedule| schedule.name() == name)
    }

    /// The share of the learning rate in the step after `done` others, `first` of which were of an earlier training;
    /// this one has `total` steps, `an_epoch` of them an epoch.
    pub(in crate::fit) fn factor(self, done: u64, first: u64, total: u64, an_epoch: u64) -> f64 {
        let progress = (done.saturating_sub(first) as f64 + 0.5) / total.max(1) as f64;
        match self {
            Self::Constant => 1.0,
            Self::Linear => (1.0 - progress).max(0.0),
            Self::Cosine => half_cosine(progress.min(1.0)),
            Self::InverseSqrt => 1.0 / (1.0 + done as f64 / an_epoch.max(1) as f64).sqrt(),
        }
    }
}

/// `(1 + cos(pi x)) / 2` for `x` in `[0, 1]`, within 1e-8.
///
/// By its Taylor polynomial, because the bits of the standard library's cosine differ between platforms.
fn half_cosine(x: f64) -> f64 {
    // cos(pi x) = -sin(pi (x - 1/2)), and the sine's series is short around 0.
    let angle = std::f64::consts::PI * (x - 0.5);
    let square = angle * angle;
    let mut term = angle;
    let mut sine = angle;
    for order in [2.0, 4.0, 6.0, 8.0, 10.0, 12.0] {
        term *= -square / (order * (order + 1.0));
        sine += term;
    }
    (0.5 - 0.5 * sine).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_cosine_is_half_a_cosine() {
        for step in 0..=1000 {
            let x = f64::from(step) / 1000.0;
            let exact = 0.5 * (1.0 + (std::f64::consts::PI * x).cos());
            assert!((half_cosine(x) - exact).abs() < 1e-8, "{x}");
        }
    }

    #[test]
    fn decaying_schedules_end_near_zero_and_never_rise() {
        for schedule in [Schedule::Linear, Schedule::Cosine] {
            let mut last = 1.0;
            for step in 0..100 {
                let factor = schedule.factor(step, 0, 100, 10);
                assert!(factor <= last && factor >= 0.0);
                last = factor;
            }
            assert!(last < 0.006);
            assert!(schedule.factor(500, 0, 100, 10) < 1e-8);
        }
    }

    #[test]
    fn names_lead_back() {
        for schedule in Schedule::ALL {
            assert_eq!(Schedule::from_name(schedule.name()), Some(schedule));
        }
        assert_eq!(Schedule::from_name("Cosine"), None);
    }
}
