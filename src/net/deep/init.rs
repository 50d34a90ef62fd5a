//! The weights that training starts from.

use super::hash::{even, with};
use super::product::Panel;
use super::shape::Shape;

/// Draws the weights of the layers: evenly spread, with the variance 2 over the number of inputs (He et al. 2015). Biases
/// and heads stay 0.
///
/// A weight depends on the seed, the layer, the input and the unit alone.
pub(crate) fn init_layers(shape: &Shape, seed: u64, weights: &mut [Panel]) {
    for (number, layer) in shape.layers.iter().enumerate() {
        let key = with(seed, number as u64);
        let inputs = layer.numbers + layer.inputs;
        let most = (6.0 / inputs.max(1) as f32).sqrt();
        for input in 0..inputs {
            let key = with(key, input as u64);
            for unit in 0..layer.units {
                let (panel, index) = layer.weight(input, unit);
                weights[panel][index] = most * even(with(key, unit as u64));
            }
        }
    }
}

/// Draws the vector of a level, evenly spread within `most`.
pub(crate) fn init_embedding(seed: u64, feature: usize, level: usize, most: f32, to: &mut [f32]) {
    let key = with(with(seed ^ 0x656d_6265_6464_6564, feature as u64), level as u64);
    for (index, slot) in to.iter_mut().enumerate() {
        *slot = most * even(with(key, index as u64));
    }
}
