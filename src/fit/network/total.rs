//! Brings the total that a network predicts for its rows to what they paid.
//!
//! Amounts are never quite log-normal. The likelihood then finds the distribution that is nearest row by row, whose mean may
//! be another than that of the amounts: too high where their right tail is thinner, too low where it is thicker. Moving mu
//! and raw sigma of all rows by a little mends the total; what it costs in loss is least if each moves in proportion to what
//! it does to the total over the information that the payers have on it.
//!
//! A total is a sum in which a few customers may be most. So only that part of the miss is mended that is no chance: of
//! `ln(predicted / actual)` the share `1 - DOUBT * (error / ln(predicted / actual))^2`. The standard error is the greater of
//! two: that of the total of such rows if the model is true, which is wide where sigma is, and that of the rows' misses as
//! they are, which is wide where one customer brought much.

use crate::fit::encode::Packed;
use crate::fit::total::Heads;
use crate::math::{TILE, exp, expected_ltv_row, ln, sigma_from_raw, variance_row};
use crate::net::TileRows;

/// How many times the square of its standard error is taken off the square of the miss.
const DOUBT: f64 = 1.0;

/// How often the way is measured and corrected.
pub(super) const ROUNDS: usize = 2;

/// Sums over rows: the totals, how sure they are, and what they depend on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Evidence {
    predicted: f64,
    actual: f64,
    /// Of the rows' values, if the model is true.
    variance: f64,
    /// Of what was paid: the squares, the products with what was predicted, the squares of that.
    squares: [f64; 3],
    /// The slopes of the predicted total by mu and raw sigma.
    slopes: [f64; 2],
    /// What the payers say of mu and raw sigma.
    information: [f64; 2],
}

impl Evidence {
    /// Adds rows that have these outputs.
    #[inline(always)]
    pub(super) fn add_rows(
        &mut self,
        packed: &Packed,
        tile: &TileRows<'_>,
        [logit, mu, raw_sigma]: [&[f64; TILE]; 3],
        heads: &Heads<'_>,
        unit: f64,
    ) {
        let weight = packed.tile_weight(tile);
        let log_amounts = &packed.log_amount[tile.batch.first_payer..][..tile.batch.payers];
        let mut payers = log_amounts.iter().skip(tile.start);
        for row in 0..tile.rows {
            let weight = weight[row];
            let sigma = sigma_from_raw(raw_sigma[row]);
            let held = sigma.min(heads.bounds.max_sigma);
            // The slope of sigma by raw sigma.
            let slope = if sigma > held { 0.0 } else { 1.0 - exp(-sigma) };
            let free = heads.amount_scale * mu[row];
            let mu = heads.bounds.mu.hold(free);
            let expected = expected_ltv_row(logit[row], mu - unit, held);
            self.predicted += weight * expected;
            self.variance += weight * variance_row(logit[row], mu - unit, held);
            self.squares[2] += weight * expected * expected;
            self.slopes[0] += if mu == free { weight * expected } else { 0.0 };
            self.slopes[1] += weight * expected * held * slope;
            if let Some(log_amount) = payers.next() {
                let amount = exp(log_amount - unit);
                self.actual += weight * amount;
                self.squares[0] += weight * amount * amount;
                self.squares[1] += weight * amount * expected;
                self.information[0] += weight / (held * held);
                self.information[1] += weight * 2.0 * slope * slope / (held * held);
            }
        }
    }
}

impl Evidence {
    /// Adds that of other rows.
    pub(super) fn add(&mut self, other: &Self) {
        self.predicted += other.predicted;
        self.actual += other.actual;
        self.variance += other.variance;
        let pairs = [
            (&mut self.squares[..], &other.squares[..]),
            (&mut self.slopes, &other.slopes),
            (&mut self.information, &other.information),
        ];
        for (sums, others) in pairs {
            sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
        }
    }

    /// How the heads are to be moved; a row with the weight 1 stands for so many observations. `None` if what there is to
    /// mend may be chance.
    pub(super) fn plan(&self, repeats: f64) -> Option<Plan> {
        let miss = ln(self.predicted / self.actual);
        let share = 1.0 - DOUBT * self.error_squared() / repeats / (miss * miss);
        let [by_mu, by_raw] = self.slopes.map(|slope| slope / self.predicted);
        let direction = [by_mu / self.information[0], by_raw / self.information[1]];
        let promised = by_mu * direction[0] + by_raw * direction[1];
        let wanted = -miss * share;
        let step = direction.map(|way| way * wanted / promised);
        let is_sound = share > 0.0 && step.iter().all(|way| way.is_finite());
        is_sound.then_some(Plan { ratio: self.predicted / self.actual, wanted, step })
    }

    /// The square of the standard error of the logarithm of the total.
    fn error_squared(&self) -> f64 {
        let [actual, both, predicted] = self.squares;
        let per_predicted = self.actual / self.predicted;
        let misses = per_predicted.mul_add(per_predicted * predicted - 2.0 * both, actual);
        let if_true = self.variance / (self.predicted * self.predicted);
        let as_they_are = misses / (self.actual * self.actual);
        // What is no number is no reason to move anything.
        if if_true > as_they_are { if_true } else { as_they_are }
    }
}

/// How the heads are to be moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plan {
    /// The predicted total over the actual one.
    pub(super) ratio: f64,
    /// What is to be added to its logarithm.
    wanted: f64,
    /// What is added to mu and to raw sigma of every row.
    pub(super) step: [f64; 2],
}

impl Plan {
    /// The same, corrected by the ratio that it came to.
    pub(super) fn corrected(self, ratio: f64) -> Self {
        let factor = self.wanted / ln(ratio / self.ratio);
        let factor = if factor.is_finite() { factor.clamp(0.5, 2.0) } else { 1.0 };
        Self { step: self.step.map(|way| way * factor), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(predicted: f64, rows: f64) -> Evidence {
        Evidence {
            predicted: predicted * rows,
            actual: rows,
            variance: 4.0 * rows,
            squares: [3.0 * rows, rows * predicted, rows * predicted * predicted],
            slopes: [predicted * rows, 2.0 * predicted * rows],
            information: [rows, 4.0 * rows],
        }
    }

    #[test]
    fn what_is_no_chance_is_mended() {
        let plan = evidence(1.5, 1e6).plan(1.0).unwrap();
        assert!((plan.wanted + 1.5_f64.ln()).abs() < 1e-4, "{plan:?}");
        let [mu, raw_sigma] = plan.step;
        assert!((mu + 2.0 * raw_sigma - plan.wanted).abs() < 1e-12, "{plan:?}");
        // Each moves by its slope over its information.
        assert!((mu - 2.0 * raw_sigma).abs() < 1e-12, "{plan:?}");
        let again = plan.corrected(1.25);
        assert!((again.step[0] / mu - 1.5_f64.ln() / 1.2_f64.ln()).abs() < 1e-3 || again.step[0] == 2.0 * mu);
    }

    #[test]
    fn what_may_be_chance_is_left() {
        // The error is 0.067 of 900 rows, and a tenth of that of a hundred times as many.
        assert_eq!(evidence(1.05, 900.0).plan(1.0), None);
        assert!(evidence(1.05, 90_000.0).plan(1.0).is_some());
        assert!(evidence(1.05, 900.0).plan(100.0).is_some());
        assert_eq!(Evidence::default().plan(1.0), None);
        let wild = Evidence { variance: f64::INFINITY, ..evidence(1.5, 1e6) };
        assert_eq!(wild.plan(1.0), None);
        let wild = Evidence { predicted: f64::INFINITY, ..evidence(1.5, 1e6) };
        assert_eq!(wild.plan(1.0), None);
    }
}
