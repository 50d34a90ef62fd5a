//! The term about the payers' amounts.

use super::head::Head;
use super::sigma_prior::SigmaPrior;
use super::term::{Curved, PAIRS, TargetTile, Term};
use crate::math::{LN_2PI_HALF, SIGMA_FLOOR, TILE, ln, sigmoid, softplus, sum_rows};

/// `ln y + ln sigma + ln(2 pi)/2 + (ln y - mu)^2 / (2 sigma^2)` of the payers, with `sigma = softplus(raw_sigma)`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AmountTerm {
    /// The mu head gives mu in units of this.
    pub(crate) scale: f64,
    /// The loss is that of a mu and a sigma which are held. The gradient is not: beyond the bound it would be 0, and a
    /// sigma that went too far in the first steps would stay there.
    pub(crate) limits: Limits,
    /// What the objective adds for sigma, in the units of the mean over the payers.
    pub(crate) prior: Option<SigmaPrior>,
}

/// The greatest mu and sigma that count in a loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limits {
    pub(crate) mu: f64,
    pub(crate) sigma: f64,
}

impl Limits {
    pub(crate) const NONE: Self = Self { mu: f64::INFINITY, sigma: f64::INFINITY };

    /// Of sigma alone.
    pub(crate) fn of_sigma(sigma: f64) -> Self {
        Self { sigma, ..Self::NONE }
    }
}

impl AmountTerm {
    /// With mu in its own unit, and sigma neither bounded nor drawn to anything.
    pub(crate) const FREE: Self = Self { scale: 1.0, limits: Limits::NONE, prior: None };
}

impl Term<2> for AmountTerm {
    const HEADS: [Head; 2] = [Head::Mu, Head::RawSigma];
    const PAYERS_ONLY: bool = true;

    #[inline(always)]
    fn errors(
        &self,
        targets: &TargetTile<'_>,
        heads: &mut [[f64; TILE]; 2],
        with_loss: bool,
    ) -> f64 {
        let [mus, raws] = heads;
        let Some(log_amount) = targets.log_amount.get(..targets.count) else { return 0.0 };
        let mut loss = 0.0;
        if with_loss {
            let mut losses = [0.0; TILE];
            self.row_losses(targets, log_amount, [mus, raws], &mut losses);
            loss = sum_rows(&losses[..targets.count]);
        }
        for row in 0..targets.count {
            let spread = softplus(raws[row]);
            let inverse = 1.0 / floored(spread);
            let z = (log_amount[row] - self.scale * mus[row]) * inverse;
            let weight = targets.weight[row];
            mus[row] = -weight * self.scale * z * inverse;
            let by_raw = weight * (1.0 - z * z) * inverse * sigmoid(raws[row]);
            // At the floor sigma can only rise.
            let held = spread < SIGMA_FLOOR && by_raw > 0.0;
            raws[row] = if held { 0.0 } else { by_raw };
        }
        loss
    }

    fn within(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    fn prior_slope(&self, [_, raw_sigma]: [f64; 2]) -> [f64; 2] {
        [0.0, self.prior.map_or(0.0, |prior| prior.slope(raw_sigma))]
    }
}

impl Curved<2> for AmountTerm {
    #[inline(always)]
    fn curvature(
        &self,
        targets: &TargetTile<'_>,
        [mus, raws]: &[[f64; TILE]; 2],
        observed: bool,
        [mu_mu, raw_mu, raw_raw]: &mut [[f64; TILE]; PAIRS],
    ) {
        let count = targets.count.min(TILE);
        let Some(log_amount) = targets.log_amount.get(..count) else { return };
        for row in 0..count {
            let inverse = 1.0 / floored(softplus(raws[row]));
            let z = (log_amount[row] - self.scale * mus[row]) * inverse;
            let rise = sigmoid(raws[row]);
            let along = rise * inverse;
            let weight = targets.weight[row];
            let of_mu = self.scale * inverse;
            mu_mu[row] = weight * (of_mu * of_mu);
            (raw_mu[row], raw_raw[row]) = if observed {
                let bend = along * sigmoid(-raws[row]) * (1.0 - z * z);
                let square = along * along * (3.0 * (z * z) - 1.0);
                (weight * (2.0 * z * along * of_mu), weight * (bend + square))
            } else {
                (0.0, weight * (2.0 * (along * along)))
            };
        }
    }

    #[inline(always)]
    fn losses(
        &self,
        targets: &TargetTile<'_>,
        [mus, raws]: &[[f64; TILE]; 2],
        out: &mut [f64; TILE],
    ) {
        let count = targets.count.min(TILE);
        let Some(log_amount) = targets.log_amount.get(..count) else { return };
        self.row_losses(targets, log_amount, [mus, raws], out);
    }
}

impl AmountTerm {
    #[inline(always)]
    fn row_losses(
        &self,
        targets: &TargetTile<'_>,
        log_amount: &[f64],
        [mus, raws]: [&[f64; TILE]; 2],
        out: &mut [f64; TILE],
    ) {
        for row in 0..targets.count.min(TILE) {
            let spread = floored(softplus(raws[row]));
            let sigma = at_most(spread, self.limits.sigma);
            let z = (log_amount[row] - at_most(self.scale * mus[row], self.limits.mu)) / sigma;
            let loss = log_amount[row] + ln(sigma) + LN_2PI_HALF + 0.5 * (z * z);
            out[row] = targets.weight[row] * loss;
        }
    }
}

#[inline(always)]
fn at_most(x: f64, most: f64) -> f64 {
    if x > most { most } else { x }
}

#[inline(always)]
fn floored(sigma: f64) -> f64 {
    if sigma < SIGMA_FLOOR { SIGMA_FLOOR } else { sigma }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::LANES;

    #[test]
    fn sigma_can_rise_from_its_floor() {
        let mut heads = [[0.0; TILE], [-20.0; TILE]];
        let targets = TargetTile {
            count: LANES,
            weight: &[1.0; TILE],
            payers: LANES,
            log_amount: &[3.0; LANES],
        };
        let term = AmountTerm { scale: 1.0, limits: Limits::of_sigma(5.0), prior: None };
        term.errors(&targets, &mut heads, false);
        assert!(heads[1][0] < 0.0 && heads[1][0].is_finite());
    }
}
