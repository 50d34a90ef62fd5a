//! How a gradient becomes a step.

use super::adam_rates::{BETA1, Rates};

/// The optimiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Optimizer {
    /// Adam (Kingma and Ba 2015), with beta1 0.9, beta2 0.999, epsilon 1e-8. A gradient more
    /// than 10 times the root mean square of those before it is cut down to that.
    Adam,
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019): `l2` shrinks the weights and does not pass
    /// through the averages.
    Adamw,
    /// Plain stochastic gradient descent.
    Sgd,
    /// With classical momentum 0.9.
    Momentum,
    /// With Nesterov's momentum 0.9.
    Nesterov,
    /// Adagrad (Duchi, Hazan and Singer 2011), with epsilon 1e-10.
    Adagrad,
}

/// The momentum.
const MOMENTUM: f64 = BETA1;

/// Adam cuts a gradient down to this many times the root of the average of the squared ones.
const FAR_OUT: f64 = 10.0;

const EPSILON: f64 = 1e-8;

const ADAGRAD_EPSILON: f64 = 1e-10;

impl Optimizer {
    const ALL: [Self; 6] =
        [Self::Adam, Self::Adamw, Self::Sgd, Self::Momentum, Self::Nesterov, Self::Adagrad];

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

    /// The optimiser's name in the options.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Adam => "adam",
            Self::Adamw => "adamw",
            Self::Sgd => "sgd",
            Self::Momentum => "momentum",
            Self::Nesterov => "nesterov",
            Self::Adagrad => "adagrad",
        }
    }

    /// The optimiser of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|optimizer| optimizer.name() == name)
    }

    /// Whether `l2` is part of the gradient; otherwise it shrinks the weights directly.
    pub(in crate::fit) fn couples_l2(self) -> bool {
        self != Self::Adamw
    }

    /// Whether a step grows with the gradient, and not only with its direction.
    pub(in crate::fit) fn scales_with_gradient(self) -> bool {
        matches!(self, Self::Sgd | Self::Momentum | Self::Nesterov)
    }

    /// Whether it keeps an average of gradients.
    pub(in crate::fit) fn keeps_first(self) -> bool {
        !matches!(self, Self::Sgd | Self::Adagrad)
    }

    /// Whether it keeps an average of squared gradients.
    pub(in crate::fit) fn keeps_second(self) -> bool {
        matches!(self, Self::Adam | Self::Adamw | Self::Adagrad)
    }

    /// Moves one weight.
    #[inline(always)]
    pub(in crate::fit) fn update(
        self,
        step: StepRates,
        weight: &mut WeightState<'_>,
        gradient: f64,
    ) {
        let WeightState { value, first, second } = weight;
        match self {
            Self::Adam | Self::Adamw => {
                // A gradient far beyond all others, such as that of a row whose sigma went to the floor, would
                // stop the training by inflating the average of the squares for thousands of steps.
                let most = if **second > 0.0 { FAR_OUT * second.sqrt() } else { f64::INFINITY };
                let gradient = gradient.clamp(-most, most);
                // The averages are kept free of their bias toward the zero they start from, which is what
                // dividing by 1 - beta^t comes to.
                **first += step.rates.first * (gradient - **first);
                **second += step.rates.second * (gradient * gradient - **second);
                let change = step.learning_rate * **first / (second.sqrt() + EPSILON);
                **value -= change + step.learning_rate * step.decay * **value;
            }
            Self::Sgd => **value -= step.learning_rate * gradient,
            Self::Momentum => {
                **first = MOMENTUM * **first + gradient;
                **value -= step.learning_rate * **first;
            }
            Self::Nesterov => {
                **first = MOMENTUM * **first + gradient;
                **value -= step.learning_rate * (gradient + MOMENTUM * **first);
            }
            Self::Adagrad => {
                **second += gradient * gradient;
                **value -= step.learning_rate * gradient / (second.sqrt() + ADAGRAD_EPSILON);
            }
        }
    }
}

/// One weight and what the optimiser keeps for it.
pub(in crate::fit) struct WeightState<'a> {
    pub(in crate::fit) value: &'a mut f64,
    pub(in crate::fit) first: &'a mut f64,
    pub(in crate::fit) second: &'a mut f64,
}

/// What is the same for many weights in a step.
#[derive(Debug, Clone, Copy)]
pub(in crate::fit) struct StepRates {
    pub(in crate::fit) learning_rate: f64,
    /// The decoupled weight decay.
    pub(in crate::fit) decay: f64,
    pub(in crate::fit) rates: Rates,
}

#[cfg(test)]
mod tests {
    use super::super::adam_rates::RateTable;
    use super::*;

    /// Two steps with gradients 2 and -1 from the weight 1, with learning rate 0.1.
    fn two_steps(optimizer: Optimizer, decay: f64) -> f64 {
        let (mut value, mut first, mut second) = (1.0, 0.0, 0.0);
        let table = RateTable::new(10);
        for (done, gradient) in [(0, 2.0), (1, -1.0)] {
            let step = StepRates { learning_rate: 0.1, decay, rates: table.after(done) };
            let mut weight =
                WeightState { value: &mut value, first: &mut first, second: &mut second };
            optimizer.update(step, &mut weight, gradient);
        }
        value
    }

    #[test]
    fn steps_are_those_of_the_formulas() {
        // Adam as in the paper: m and v from zero, divided by 1 - beta^t.
        let m = 0.9 * (0.1 * 2.0) + -0.1;
        let v = 0.999 * (0.001 * 4.0) + 0.001 * 1.0;
        let second = 0.1 * (m / (1.0 - 0.81)) / ((v / (1.0 - 0.999f64.powi(2))).sqrt() + 1e-8);
        let first = 0.1 * 2.0 / (2.0 + 1e-8);
        assert!((two_steps(Optimizer::Adam, 0.0) - (1.0 - first - second)).abs() < 1e-12);
        let once = 1.0 - first - 0.1 * 0.5 * 1.0;
        let twice = once - second - 0.1 * 0.5 * once;
        assert!((two_steps(Optimizer::Adamw, 0.5) - twice).abs() < 1e-12);
        assert!((two_steps(Optimizer::Sgd, 0.0) - (1.0 - 0.2 + 0.1)).abs() < 1e-12);
        assert!((two_steps(Optimizer::Momentum, 0.0) - (1.0 - 0.2 - 0.1 * 0.8)).abs() < 1e-12);
        let nesterov = 1.0 - 0.1 * (2.0 + 0.9 * 2.0) - 0.1 * (-1.0 + 0.9 * 0.8);
        assert!((two_steps(Optimizer::Nesterov, 0.0) - nesterov).abs() < 1e-12);
        let adagrad = 1.0 - 0.1 + 0.1 / 5.0f64.sqrt();
        assert!((two_steps(Optimizer::Adagrad, 0.0) - adagrad).abs() < 1e-9);
    }
}
