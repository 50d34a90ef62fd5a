//! Steps of Adam with decoupled decay (Loshchilov and Hutter 2019), in single precision.

/// What is the same for all weights of a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adam {
    /// What sums over a batch are multiplied by to be a gradient.
    pub(crate) factor: f32,
    pub(crate) learning_rate: f32,
    /// Of a weight, what a step takes off beside the learning rate.
    pub(crate) decay: f32,
    /// The weights of the newest gradient in the averages.
    pub(crate) rates: [f32; 2],
}

/// A gradient is cut down to this many times the root of the average of the squared ones before it.
const FAR_OUT: f32 = 10.0;

const EPSILON: f32 = 1e-8;

/// Moves weights. The averages are free of their bias toward the zero they start from.
#[inline(always)]
pub(crate) fn adam(
    step: Adam,
    weights: &mut [f32],
    first: &mut [f32],
    second: &mut [f32],
    sums: &[f32],
) {
    let moments = first.iter_mut().zip(second);
    for ((weight, (first, second)), sum) in weights.iter_mut().zip(moments).zip(sums) {
        let most = if *second > 0.0 { FAR_OUT * second.sqrt() } else { f32::INFINITY };
        let gradient = sum * step.factor;
        let gradient = if gradient > most { most } else { gradient };
        let gradient = if gradient < -most { -most } else { gradient };
        *first += step.rates[0] * (gradient - *first);
        *second += step.rates[1] * (gradient * gradient - *second);
        let change = *first / (second.sqrt() + EPSILON) + step.decay * *weight;
        *weight -= step.learning_rate * change;
    }
}
