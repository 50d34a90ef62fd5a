//! Keeps the total of a network near what was paid.

use super::weights::NetworkWeights;
use crate::fit::guard::is_far;
use crate::net::deep::Shape;

/// How often what the network adds to the amount is halved before it is given up.
const HALVINGS: usize = 4;

/// Halves what the network adds to mu and raw sigma until the total is not far off, or no farther than that of the linear
/// heads; at last it adds nothing. Returns what it was multiplied by, if it was.
pub(super) fn guard(
    shape: &Shape,
    values: &mut NetworkWeights,
    mut ratio: impl FnMut(&NetworkWeights) -> f64,
) -> Option<f64> {
    let mut nothing = values.clone();
    shape.scale_heads(&mut nothing.weights, [0.0; 3]);
    let of_linear = ratio(&nothing);
    if !is_far(ratio(values), of_linear) {
        return None;
    }
    let mut factor = 1.0;
    for halving in 0..=HALVINGS {
        let by = if halving < HALVINGS { 0.5 } else { 0.0 };
        factor *= by;
        shape.scale_heads(&mut values.weights, [1.0, by as f32, by as f32]);
        if halving < HALVINGS && !is_far(ratio(values), of_linear) {
            break;
        }
    }
    Some(factor)
}
