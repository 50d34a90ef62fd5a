//! Keeps the total of a network near what was paid.

use super::weights::NetworkWeights;
use crate::fit::shrink::{is_far, shrink};
use crate::net::deep::Shape;

/// Shrinks what the network adds to mu and raw sigma until the total is not far off, or no farther than that of the linear
/// heads; at last it adds nothing. Returns what it was multiplied by, if it was.
pub(super) fn shrink_network(
    shape: &Shape,
    values: &mut NetworkWeights,
    mut ratio: impl FnMut(&NetworkWeights) -> f64,
) -> Option<f64> {
    let mut nothing = values.clone();
    shape.scale_heads(&mut nothing.weights, [0.0; 3]);
    let of_linear = ratio(&nothing);
    let amount_times =
        |values: &mut NetworkWeights, by| shape.scale_heads(&mut values.weights, [1.0, by, by]);
    shrink(
        values,
        |values| is_far(ratio(values), of_linear),
        |values| amount_times(values, 0.5),
        |values| amount_times(values, 0.0),
    )
}
