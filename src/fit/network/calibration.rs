//! Brings the payers and the total that a network predicts for its rows to how many paid, and to what they paid.
//!
//! Amounts are never quite log-normal. The likelihood then finds the distribution that is nearest row by row, whose mean may
//! be another than that of the amounts: too high where their right tail is thinner, too low where it is thicker. Moving mu
//! and raw sigma of all rows by a little mends the total; what it costs in loss is least if each moves in proportion to what
//! it does to the total over the information that the payers have on it.
//!
//! A few customers may make most of a total. So the part of the miss that may be chance is left as it is; mended is, of
//! `ln(predicted / actual)` the share `1 - (error / ln(predicted / actual))^2`, as Stein's estimator has it. The standard
//! error is the greater of two: that of the total of such rows if the model is true, which is wide where sigma is, and that
//! of the rows' misses as they are, which is wide where one customer brought much. And no more is mended than what costs
//! [`MOST_COST`]: data that are far from any log-normal are better predicted row by row than by a wrong distribution with
//! the right total.

use crate::fit::encode::Packed;
use crate::fit::total::LinearHeads;
use crate::math::{TILE, exp, expected_ltv_row, ln, sigma_from_raw, sigmoid, variance_row};
use crate::net::TileRows;

/// A miss, as a logarithm, that is left as it is.
const LEAST_MISS: f64 = 0.05;

/// What mending may cost of the mean loss of a row.
const MOST_COST: f64 = 0.004;

/// How often the way is measured and corrected.
pub(super) const ROUNDS: usize = 2;

/// Sums over rows: the totals, how sure they are, and what they depend on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CalibrationSums {
    weight: f64,
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
    /// How many more are predicted to pay than paid, and what the rows say of the logit.
    excess_payers: f64,
    logit_information: f64,
}

impl CalibrationSums {
    /// Adds rows that have these outputs.
    #[inline(always)]
    pub(super) fn add_rows(
        &mut self,
        packed: &Packed,
        tile: &TileRows<'_>,
        [logit, mu, raw_sigma]: [&[f64; TILE]; 3],
        heads: &LinearHeads<'_>,
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
            self.weight += weight;
            self.predicted += weight * expected;
            self.variance += weight * variance_row(logit[row], mu - unit, held);
            self.squares[2] += weight * expected * expected;
            self.slopes[0] += if mu == free { weight * expected } else { 0.0 };
            self.slopes[1] += weight * expected * held * slope;
            let prob = sigmoid(logit[row]);
            self.excess_payers += weight * prob;
            self.logit_information += weight * prob * (1.0 - prob);
            if let Some(log_amount) = payers.next() {
                self.excess_payers -= weight;
                let amount = exp(log_amount - unit);
                self.actual += weight * amount;
                self.squares[0] += weight * amount * amount;
                self.squares[1] += weight * amount * expected;
                self.information[0] += weight / (held * held);
                self.information[1] += weight * 2.0 * slope * slope / (held * held);
            }
        }
    }

    /// Adds that of other rows.
    pub(super) fn add(&mut self, other: &Self) {
        self.weight += other.weight;
        self.predicted += other.predicted;
        self.actual += other.actual;
        self.variance += other.variance;
        self.excess_payers += other.excess_payers;
        self.logit_information += other.logit_information;
        let pairs = [
            (&mut self.squares[..], &other.squares[..]),
            (&mut self.slopes, &other.slopes),
            (&mut self.information, &other.information),
        ];
        for (sums, others) in pairs {
            sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
        }
    }

    /// A step of Newton's method for the bias of the logit, toward as many payers as there were.
    pub(super) fn logit_step(&self) -> f64 {
        let step = -self.excess_payers / self.logit_information;
        if step.is_finite() { step.clamp(-1.0, 1.0) } else { 0.0 }
    }

    /// How the heads are to be moved; a row with the weight 1 stands for so many observations. `None` if the miss is small
    /// or may be chance.
    pub(super) fn calibration(&self, repeats: f64) -> Option<Calibration> {
        let ratio = self.predicted / self.actual;
        let miss = ln(ratio);
        let share = 1.0 - self.error_squared() / repeats / (miss * miss);
        let [by_mu, by_raw] = self.slopes.map(|slope| slope / self.predicted);
        let direction = [
            by_mu / self.information[0],
            if by_raw > 0.0 { by_raw / self.information[1] } else { 0.0 },
        ];
        let promised = by_mu * direction[0] + by_raw * direction[1];
        // What it costs is half its square over what a unit of the direction promises.
        let most = (2.0 * MOST_COST * self.weight * promised).sqrt();
        let size = (miss.abs() * share).min(most);
        let wanted = if miss > 0.0 { -size } else { size };
        let step = direction.map(|way| way * wanted / promised);
        let is_sound = size > 0.0 && step.iter().all(|way| way.is_finite());
        (is_sound && miss.abs() > LEAST_MISS).then_some(Calibration { ratio, wanted, step })
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
pub(super) struct Calibration {
    /// The predicted total over the actual one.
    pub(super) ratio: f64,
    /// What is to be added to its logarithm.
    wanted: f64,
    /// What is added to mu and to raw sigma of every row.
    pub(super) step: [f64; 2],
}

impl Calibration {
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

    /// Rows that each paid 1, half of them payers of twice that.
    fn sums(ratio: f64, rows: f64) -> CalibrationSums {
        CalibrationSums {
            weight: rows,
            predicted: ratio * rows,
            actual: rows,
            variance: 4.0 * rows,
            squares: [3.0 * rows, rows * ratio, rows * ratio * ratio],
            slopes: [ratio * rows, 2.0 * ratio * rows],
            information: [0.5 * rows, 2.0 * rows],
            ..CalibrationSums::default()
        }
    }

    #[test]
    fn what_is_no_chance_is_mended() {
        let calibration = sums(1.1, 1e6).calibration(1.0).unwrap();
        assert!((calibration.wanted + 1.1_f64.ln()).abs() < 1e-4, "{calibration:?}");
        // Each head moves by its slope over its information.
        let [mu, raw_sigma] = calibration.step;
        assert!((mu + 2.0 * raw_sigma - calibration.wanted).abs() < 1e-12, "{calibration:?}");
        assert!((mu - 2.0 * raw_sigma).abs() < 1e-12, "{calibration:?}");
        // The way was half as long as it should be.
        let half = calibration.corrected(1.1_f64.sqrt());
        assert!((half.step[0] / mu - 2.0).abs() < 1e-3, "{half:?}");
        let up = sums(1.0 / 1.1, 1e6).calibration(1.0).unwrap();
        assert!(up.wanted > 0.0 && up.step.iter().all(|way| *way > 0.0), "{up:?}");
    }

    #[test]
    fn it_costs_no_more_than_it_may() {
        let calibration = sums(3.0, 1e6).calibration(1.0).unwrap();
        let [mu, raw_sigma] = calibration.step;
        let cost = 0.5 * (0.5 * mu * mu + 2.0 * raw_sigma * raw_sigma);
        assert!((cost - MOST_COST).abs() < 1e-12, "{cost} {calibration:?}");
    }

    #[test]
    fn what_is_small_or_may_be_chance_is_left() {
        assert_eq!(sums(1.04, 1e9).calibration(1.0), None);
        // The error of 100 rows is 0.18, of a hundred times as many 0.018.
        assert_eq!(sums(1.1, 100.0).calibration(1.0), None);
        assert!(sums(1.1, 1e4).calibration(1.0).is_some());
        assert!(sums(1.1, 100.0).calibration(100.0).is_some());
        assert_eq!(CalibrationSums::default().calibration(1.0), None);
        let wild = CalibrationSums { variance: f64::INFINITY, ..sums(1.5, 1e6) };
        assert_eq!(wild.calibration(1.0), None);
        let wild = CalibrationSums { predicted: f64::INFINITY, ..sums(1.5, 1e6) };
        assert_eq!(wild.calibration(1.0), None);
    }
}
