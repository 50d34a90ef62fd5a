//! What is known of sigma before the payers are seen.

use serde::{Deserialize, Serialize};

use crate::math::{SIGMA_FLOOR, dispatch, ln, sigma_from_raw, sigmoid};

/// What the objective adds for the sigma of the average customer, `softplus` of the intercept of the raw sigma head:
/// `weight * (ln sigma + spread^2 / (2 sigma^2))`.
///
/// That is the loss of imagined payers, a share `weight` of all rows, whose ln(label) lie `spread` from their mu.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SigmaPrior {
    /// In the units of the weighted mean loss over all rows.
    pub weight: f64,
    /// A standard deviation of ln(label).
    pub spread: f64,
}

impl SigmaPrior {
    /// What the objective adds.
    pub(crate) fn value(&self, raw_sigma: f64) -> f64 {
        let sigma = sigma_from_raw(raw_sigma);
        let z = self.spread / sigma;
        self.weight * (ln(sigma) + 0.5 * (z * z))
    }

    /// Its derivative by raw sigma; at the floor sigma can only rise.
    pub(super) fn slope(&self, raw_sigma: f64) -> f64 {
        // Outside of `dispatch` every fused multiplication is a call.
        dispatch(
            #[inline(always)]
            || {
                let sigma = sigma_from_raw(raw_sigma);
                let z = self.spread / sigma;
                let slope = self.weight * (1.0 - z * z) / sigma * sigmoid(raw_sigma);
                if sigma <= SIGMA_FLOOR { slope.min(0.0) } else { slope }
            },
        )
    }
}
