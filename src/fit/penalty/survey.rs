//! A look at the features before training: the default penalties, the prior of sigma, and how far steps may go.
//!
//! Each head's weights are drawn from a normal prior, whose variance is the most likely one (see
//! [`evidence`](super::evidence)). The penalty is `1 / (rows * variance)`: strong where the features say little or the rows
//! are few, and negligible where the rows are many.

use super::design::Design;
use super::evidence::{Spectrum, most_likely};
use crate::family::{
    AmountTerm, IMAGINED_PAYERS, IMAGINED_SPREAD, Marginal, PayingTerm, SigmaPrior,
    inverse_softplus,
};
use crate::fit::encode::Packed;
use crate::fit::objective::squared_errors;
use crate::fit::options::Options;
use crate::fit::sgd::Optimizer;
use crate::math::{SIGMA_FLOOR, ln, sigmoid};
use crate::model::L2;

/// Rows, and payers, that are looked at: whole batches up to about this many. Fewer of all rows where there are so many
/// weights that the matrix is not seen as a whole.
const ROWS: usize = 32_768;
const ROWS_OF_MANY_WEIGHTS: usize = 16_384;

/// What the features are guessed to explain before the data are seen: the variance of the logit; that of mu and of raw
/// sigma, in units of the square of what one payer leaves open of them.
const GUESS_LOGIT: f64 = 0.5;
const GUESS_MU: f64 = 0.3;
const GUESS_RAW_SIGMA: f64 = 0.02;

/// The marginal fit is where the score says something, so sigma is neither bounded nor drawn to anything.
const FREE: AmountTerm = AmountTerm::FREE;

/// What was found.
pub(in crate::fit) struct Survey {
    /// The penalties, in the units of the weighted mean loss over all rows.
    pub(in crate::fit) l2: L2,
    /// The prior of sigma; none where the penalty is 0, which asks for the plain likelihood.
    pub(in crate::fit) sigma_prior: Option<SigmaPrior>,
    /// The Frobenius norm of the features' covariance: the square root of their number if they are uncorrelated,
    /// their number if they are all the same. Of the part in which it is greater.
    pub(in crate::fit) spread: f64,
    /// The mean of each feature over the payers that were looked at.
    pub(in crate::fit) payer_means: Vec<f64>,
}

impl Survey {
    /// That nothing is penalised.
    pub(in crate::fit) fn none() -> Self {
        let l2 = L2 { logit: 0.0, mu: 0.0, raw_sigma: 0.0 };
        Self { l2, sigma_prior: None, spread: 1.0, payer_means: Vec::new() }
    }
}

/// Looks at the features and decides the penalties.
pub(in crate::fit) fn survey(options: &Options, packed: &Packed, start: &Marginal) -> Survey {
    let many = packed.inputs.width() - 1 > super::evidence::WHOLE;
    let mut paying = Design::<false>::new(packed, if many { ROWS_OF_MANY_WEIGHTS } else { ROWS });
    let mut amount = Design::<true>::new(packed, ROWS);
    let of_paying = Spectrum::new(&mut paying);
    let of_amount = Spectrum::new(&mut amount);
    let spread = (of_paying.norm() / paying.weight_sum).max(of_amount.norm() / amount.weight_sum);
    let (l2, sigma_prior) = match options.l2 {
        Some(0.0) => (L2 { logit: 0.0, mu: 0.0, raw_sigma: 0.0 }, None),
        Some(l2) => {
            (L2 { logit: l2, mu: l2, raw_sigma: l2 }, Some(Evidence::none(1.0).sigma_prior(packed)))
        }
        None => {
            let logit = logit_prior(&mut paying, &of_paying, start);
            let evidence = amount_evidence(&mut amount, &of_amount, start, paying.norm);
            let penalty = |prior: HeadPrior| prior.penalty(packed, options.optimizer);
            let l2 = L2 {
                logit: penalty(logit),
                mu: penalty(evidence.mu),
                raw_sigma: penalty(evidence.raw_sigma),
            };
            (l2, Some(evidence.sigma_prior(packed)))
        }
    };
    Survey { l2, sigma_prior, spread, payer_means: amount.means }
}

/// The prior of the weights of a head.
#[derive(Debug, Clone, Copy)]
struct HeadPrior {
    variance: f64,
    /// The root mean square of the gradient of the mean loss at the start, by which Adam divides its steps.
    gradient: f64,
}

impl HeadPrior {
    fn new<const PAYERS: bool>(variance: f64, score: &[f64], design: &Design<'_, PAYERS>) -> Self {
        let all = design.sample.packed.weight_sum;
        let square: f64 = score.iter().map(|slope| slope * slope).sum();
        let root = (square / score.len().max(1) as f64).sqrt();
        Self { variance, gradient: root.max(1e-3 * design.weight_sum) / all }
    }

    /// The penalty in the units of the mean loss. A decay that does not pass through Adam's averages has to be divided by
    /// what divides the gradient.
    fn penalty(self, packed: &Packed, optimizer: Optimizer) -> f64 {
        let l2 = 1.0 / (packed.weight_sum * packed.repeats * self.variance);
        if optimizer.couples_l2() { l2 } else { l2 / self.gradient }
    }
}

/// The prior of the logit head.
fn logit_prior(design: &mut Design<'_, false>, spectrum: &Spectrum, start: &Marginal) -> HeadPrior {
    let repeats = design.sample.packed.repeats;
    if design.norm == 0.0 {
        return HeadPrior { variance: 1.0, gradient: 1.0 };
    }
    let heads = design.sample.start([start.logit]);
    let [(score, _)] = design.score(&PayingTerm, &heads);
    let view = spectrum.view_from(&score, design);
    let rate = sigmoid(start.logit);
    let information = repeats * rate * (1.0 - rate);
    let unit = information / design.norm;
    let explained = most_likely(spectrum, unit, GUESS_LOGIT, |g| {
        0.5 * (g / information) * repeats * repeats * view.quadratic(g)
    });
    HeadPrior::new(explained / design.norm, &score, design)
}

/// What the payers say about the heads of the amount.
#[derive(Debug, Clone, Copy)]
struct Evidence {
    mu: HeadPrior,
    raw_sigma: HeadPrior,
    /// How many weights of the mu head the payers decide.
    decided: f64,
    /// How far imagined payers in their place lie from mu, squared.
    square: f64,
}

impl Evidence {
    /// Nothing, but that the weights have this variance.
    fn none(variance: f64) -> Self {
        let prior = HeadPrior { variance, gradient: 1.0 };
        Self { mu: prior, raw_sigma: prior, decided: 0.0, square: 0.0 }
    }

    /// The imagined payers, and one for every weight of the mu head that was fitted to the payers: the sum of squares they
    /// bring is what that fit took away, so that sigma is that of the marginal likelihood.
    fn sigma_prior(&self, packed: &Packed) -> SigmaPrior {
        let payers = IMAGINED_PAYERS + self.decided;
        let squares = IMAGINED_PAYERS * IMAGINED_SPREAD * IMAGINED_SPREAD + self.square;
        SigmaPrior {
            weight: payers / (packed.weight_sum * packed.repeats),
            spread: (squares / payers).sqrt(),
        }
    }
}

/// The evidence of the payers; `norm` is the variance of the features over everybody, which what they explain is about.
fn amount_evidence(
    design: &mut Design<'_, true>,
    spectrum: &Spectrum,
    start: &Marginal,
    norm: f64,
) -> Evidence {
    let packed = design.sample.packed;
    if norm == 0.0 || design.norm == 0.0 || !start.amounts_differ {
        let least = if norm == 0.0 { 1.0 } else { 1e-3 / norm };
        return Evidence::none(least * start.sigma * start.sigma);
    }
    let intercepts = [start.mu, start.raw_sigma];
    let [mean_square, raw_square] =
        squared_errors(&FREE, packed, design.sample.batches, intercepts);
    let mu = MuEvidence::new(design, spectrum, start, norm, mean_square);
    let raw_sigma = raw_sigma_prior(design, spectrum, start, norm, &mu, raw_square);
    Evidence { mu: mu.prior, raw_sigma, decided: mu.decided, square: mu.square }
}

/// What the payers say about the mu head.
struct MuEvidence {
    prior: HeadPrior,
    /// The most likely weights, and how far the payers' mean lies from the marginal fit's.
    weights: Vec<f64>,
    off: f64,
    /// The standard deviation that they leave.
    residual: f64,
    /// How many of them the payers decide.
    decided: f64,
    /// How far imagined payers in their place lie from mu, squared.
    square: f64,
}

impl MuEvidence {
    /// `mean_square` is the mean square of the slope by mu at the marginal fit.
    fn new(
        design: &mut Design<'_, true>,
        spectrum: &Spectrum,
        start: &Marginal,
        norm: f64,
        mean_square: f64,
    ) -> Self {
        let packed = design.sample.packed;
        let repeats = packed.repeats;
        let payers = design.weight_sum * repeats;
        let heads = design.sample.start([start.mu, start.raw_sigma]);
        let [(score, off), _] = design.score(&FREE, &heads);
        // In units of ln(label): the sum of squares around the mean, and of the products with the features.
        let unit = start.sigma * start.sigma;
        let off = -unit * off / design.weight_sum;
        let squares = (mean_square * unit * unit - off * off).max(0.0) * payers;
        let products: Vec<f64> = score.iter().map(|s| -unit * s).collect();
        let view = spectrum.view_from(&products, design);

        // Of the ratio between the variance of the weights and that of one payer: the latter is integrated out.
        let imagined = IMAGINED_PAYERS * IMAGINED_SPREAD * IMAGINED_SPREAD;
        let left = |g: f64| (squares - g * repeats * view.quadratic(g)).max(0.0);
        let freedom = payers - 1.0 + IMAGINED_PAYERS;
        let explained = most_likely(spectrum, repeats / norm, GUESS_MU, |g| {
            -0.5 * freedom * ln((left(g) + imagined) / freedom)
        });
        let ratio = explained / norm;
        let g = ratio * repeats;
        let variance = (left(g) + imagined) / (payers + IMAGINED_PAYERS);
        let weights: Vec<f64> = view.solve(g).iter().map(|value| g * value).collect();
        let weight_square = weights.iter().map(|weight| weight * weight).sum::<f64>() / ratio;
        // All payers decide more weights than those that were looked at.
        let all = packed.payer_weight_sum / design.weight_sum;
        let decided = spectrum.effective(g * all);
        let least = SIGMA_FLOOR * SIGMA_FLOOR;
        Self {
            prior: HeadPrior::new(ratio * variance, &score, design),
            residual: ((left(g) - weight_square) / payers).max(least).sqrt(),
            square: decided * variance + weight_square,
            weights,
            off,
            decided,
        }
    }

    /// The heads of mu and raw sigma with these weights of mu, around the average payer.
    fn heads(&self, design: &Design<'_, true>, start: &Marginal, raw_sigma: f64) -> Vec<f64> {
        let mut heads = design.sample.start([start.mu + self.off, raw_sigma]);
        let weights = design.means.iter().zip(&self.weights);
        let along: f64 = weights.map(|(mean, weight)| mean * weight).sum();
        heads[0] -= along;
        let slots = heads.iter_mut().skip(1).zip(&self.weights);
        slots.for_each(|(slot, weight)| *slot = *weight);
        heads
    }
}

/// The prior of the raw sigma head, by what the weights of mu leave; `raw_square` is the mean square of the slope by raw
/// sigma at the marginal fit.
fn raw_sigma_prior(
    design: &mut Design<'_, true>,
    spectrum: &Spectrum,
    start: &Marginal,
    norm: f64,
    mu: &MuEvidence,
    raw_square: f64,
) -> HeadPrior {
    let repeats = design.sample.packed.repeats;
    let raw = inverse_softplus(mu.residual);
    let heads = mu.heads(design, start, raw);
    let [_, (score, _)] = design.score(&FREE, &heads);
    let view = spectrum.view_from(&score, design);
    let slope = sigmoid(raw) / mu.residual;
    let start_slope = sigmoid(start.raw_sigma) / start.sigma;
    // Tails heavier than normal make the score vary more than the information says.
    let noise = (raw_square / (2.0 * start_slope * start_slope)).max(1.0);
    let information = 2.0 * slope * slope * repeats;
    let unit = information / (norm * slope * slope);
    let explained = most_likely(spectrum, unit, GUESS_RAW_SIGMA, |g| {
        0.5 * (g / information) * repeats * repeats * view.quadratic(g) / noise
    });
    HeadPrior::new(explained / (norm * slope * slope), &score, design)
}
