//! The sums of an evaluation that need no order of the rows.

use super::exact_sum::ExactSum;
use crate::math::{
    BLOCK, crps_row, dispatch, expected_ltv_row, floor_sigma, loss_row, quantile_row, softplus,
};

/// What one row adds to the sums.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowTerms {
    classification_loss: f64,
    amount_loss: f64,
    crps: f64,
    pub(super) prediction: f64,
    covered: f64,
}

/// What the rows of a block add to the sums, a column a quantity so that computing it vectorises.
#[derive(Debug)]
pub(super) struct BlockTerms {
    label: [f64; BLOCK],
    sigma: [f64; BLOCK],
    classification_loss: [f64; BLOCK],
    amount_loss: [f64; BLOCK],
    crps: [f64; BLOCK],
    prediction: [f64; BLOCK],
    covered: [f64; BLOCK],
}

impl BlockTerms {
    pub(super) fn new() -> Self {
        Self {
            label: [0.0; BLOCK],
            sigma: [0.0; BLOCK],
            classification_loss: [0.0; BLOCK],
            amount_loss: [0.0; BLOCK],
            crps: [0.0; BLOCK],
            prediction: [0.0; BLOCK],
            covered: [0.0; BLOCK],
        }
    }

    /// Computes the terms of up to [`BLOCK`] rows, also of those to leave out.
    pub(super) fn compute(&mut self, label: &[f64], logit: &[f64], mu: &[f64], sigma: &[f64]) {
        dispatch(
            #[inline(always)]
            || {
                for (to, &label) in self.label.iter_mut().zip(label) {
                    *to = if label > 0.0 { label } else { 0.0 };
                }
                for (to, &sigma) in self.sigma.iter_mut().zip(sigma) {
                    *to = floor_sigma(sigma);
                }
                let rows = || self.label.iter().zip(logit).zip(mu).zip(&self.sigma);
                for (to, (((&label, &logit), _), _)) in
                    self.classification_loss.iter_mut().zip(rows())
                {
                    *to = softplus(if label > 0.0 { -logit } else { logit });
                }
                for (to, (((&label, _), &mu), &sigma)) in self.amount_loss.iter_mut().zip(rows()) {
                    // What is left of the loss where paying or not is certain.
                    let certain = if label > 0.0 { f64::INFINITY } else { f64::NEG_INFINITY };
                    *to = loss_row(label, certain, mu, sigma);
                }
                for (to, (((&label, &logit), &mu), &sigma)) in self.crps.iter_mut().zip(rows()) {
                    *to = crps_row(label, logit, mu, sigma);
                }
                for (to, (((_, &logit), &mu), &sigma)) in self.prediction.iter_mut().zip(rows()) {
                    *to = expected_ltv_row(logit, mu, sigma);
                }
                for (to, (((&label, &logit), &mu), &sigma)) in self.covered.iter_mut().zip(rows()) {
                    *to = covered(label, logit, mu, sigma);
                }
            },
        );
    }

    pub(super) fn row(&self, index: usize) -> RowTerms {
        let at = |column: &[f64; BLOCK]| column.get(index).copied().unwrap_or(f64::NAN);
        RowTerms {
            classification_loss: at(&self.classification_loss),
            amount_loss: at(&self.amount_loss),
            crps: at(&self.crps),
            prediction: at(&self.prediction),
            covered: at(&self.covered),
        }
    }
}

/// The expected lifetime values of up to [`BLOCK`] rows, as [`BlockTerms`] has them.
pub(super) fn expected_ltvs(logit: &[f64], mu: &[f64], sigma: &[f64], out: &mut [f64; BLOCK]) {
    dispatch(
        #[inline(always)]
        || {
            let rows = logit.iter().zip(mu).zip(sigma);
            for (to, ((&logit, &mu), &sigma)) in out.iter_mut().zip(rows) {
                *to = expected_ltv_row(logit, mu, floor_sigma(sigma));
            }
        },
    );
}

/// 1 where the label lies within the central 80% interval, both ends included, else 0.
#[inline(always)]
fn covered(label: f64, logit: f64, mu: f64, sigma: f64) -> f64 {
    let low = quantile_row(0.1, logit, mu, sigma);
    let high = quantile_row(0.9, logit, mu, sigma);
    let within = f64::from(u8::from(low <= label) & u8::from(label <= high));
    if low.is_nan() | high.is_nan() { f64::NAN } else { within }
}

/// The sums that need no order of the rows.
#[derive(Debug)]
pub(super) struct EvaluationSums {
    pub(super) rows: u64,
    pub(super) payers: u64,
    /// Rows that are in none of the sums.
    pub(super) non_finite: u64,
    pub(super) weight: ExactSum,
    pub(super) label: ExactSum,
    pub(super) classification_loss: ExactSum,
    pub(super) amount_loss: ExactSum,
    pub(super) crps: ExactSum,
    pub(super) prediction: ExactSum,
    pub(super) covered: ExactSum,
}

impl EvaluationSums {
    pub(super) fn new() -> Self {
        Self {
            rows: 0,
            payers: 0,
            non_finite: 0,
            weight: ExactSum::new(),
            label: ExactSum::new(),
            classification_loss: ExactSum::new(),
            amount_loss: ExactSum::new(),
            crps: ExactSum::new(),
            prediction: ExactSum::new(),
            covered: ExactSum::new(),
        }
    }

    pub(super) fn add(&mut self, label: f64, row: &RowTerms, weight: f64) {
        self.rows += 1;
        self.payers += u64::from(label > 0.0);
        self.weight.add(weight);
        self.label.add_weighted(label, weight);
        self.classification_loss.add_weighted(row.classification_loss, weight);
        self.amount_loss.add_weighted(row.amount_loss, weight);
        self.crps.add_weighted(row.crps, weight);
        self.prediction.add_weighted(row.prediction, weight);
        self.covered.add_weighted(row.covered, weight);
    }

    pub(super) fn merge(mut self, other: &Self) -> Self {
        self.rows += other.rows;
        self.payers += other.payers;
        self.non_finite += other.non_finite;
        self.weight.merge(&other.weight);
        self.label.merge(&other.label);
        self.classification_loss.merge(&other.classification_loss);
        self.amount_loss.merge(&other.amount_loss);
        self.crps.merge(&other.crps);
        self.prediction.merge(&other.prediction);
        self.covered.merge(&other.covered);
        self
    }

    /// The predictions' sum over the labels'; `None` without a payer.
    pub(super) fn prediction_ratio(&self) -> Option<f64> {
        (self.label.value() > 0.0).then(|| self.prediction.ratio(&self.label))
    }
}
