//! How much the weights of a head vary: the variance of their prior, by its marginal likelihood.
//!
//! The weights of a head are drawn from a normal prior of variance `t`. Near the fit without features the log-likelihood
//! is `s'w - w'Hw / 2`, with the score `s` and the information `H`, and the weights can be integrated out:
//!
//! ```text
//! ln L(t) = t/2 * s'(I + tH)^-1 s - 1/2 ln det(I + tH)
//! ```
//!
//! which is the marginal likelihood of variance-component models (Patterson and Thompson 1971). `H` is a multiple of the
//! features' `X'WX`, of which a few products are enough (see [`lanczos`](super::lanczos)). To it comes the logarithm of an
//! exponential prior on what the features explain, so that few rows say "little" and many rows decide.

use xxhash_rust::xxh3::xxh3_64;

use super::design::Design;
use super::lanczos::Tridiagonal;
use crate::math::ln;

/// Up to so many weights the matrix is seen as a whole.
pub(in crate::fit) const WHOLE: usize = 32;

/// Products from a score otherwise.
const SCORE_STEPS: usize = 12;

/// Random directions that a trace is estimated from, and products from each.
const PROBES: usize = 3;
const PROBE_STEPS: usize = 8;

/// What the features explain is looked for from here on, in steps of this ratio.
const LEAST: f64 = 1e-4;
const RATIO: f64 = 1.3;
const STEPS: usize = 48;

/// The matrix `C` of a design as its products show it.
pub(in crate::fit) struct Spectrum {
    /// All of it, or from random directions.
    views: Vec<Tridiagonal>,
    whole: bool,
    /// The trace of `C`.
    trace: f64,
}

impl Spectrum {
    /// Of a design.
    pub(in crate::fit) fn new<const PAYERS: bool>(design: &mut Design<'_, PAYERS>) -> Self {
        let width = design.means.len();
        let whole = width <= WHOLE;
        let mut view = |probe: usize| {
            let start: Vec<f64> = (0..width).map(|index| random(probe, index)).collect();
            let steps = if whole { width } else { PROBE_STEPS };
            Tridiagonal::new(&start, steps, |v| design.product(v))
        };
        let views = (0..if whole { 1 } else { PROBES }).map(&mut view).collect();
        Self { views, whole, trace: design.norm * design.weight_sum }
    }

    /// `C` as it is seen from a score; with the products of before, if they show it as a whole.
    pub(in crate::fit) fn view_from<const PAYERS: bool>(
        &self,
        score: &[f64],
        design: &mut Design<'_, PAYERS>,
    ) -> Tridiagonal {
        match self.views.as_slice() {
            [view] if self.whole => Tridiagonal::new(score, score.len(), |v| view.product(v)),
            _ => Tridiagonal::new(score, SCORE_STEPS, |v| design.product(v)),
        }
    }

    /// `trace(I - (I + g C)^-1)`: how many weights the rows decide, and not the prior.
    pub(in crate::fit) fn effective(&self, g: f64) -> f64 {
        if let ([view], true) = (self.views.as_slice(), self.whole) {
            return view.effective(g);
        }
        // In proportion to the trace, which is known: exact for a matrix with one eigenvalue, and for equal ones.
        let (mut decided, mut trace) = (0.0, 0.0);
        for view in &self.views {
            decided += view.square() - view.quadratic(g);
            trace += view.square() * view.along();
        }
        if trace > 0.0 { decided / trace * self.trace } else { 0.0 }
    }

    /// The Frobenius norm of `C`.
    pub(in crate::fit) fn norm(&self) -> f64 {
        if self.whole {
            return self.views.iter().map(Tridiagonal::norm).sum();
        }
        let (mut squares, mut along) = (0.0, 0.0);
        for view in &self.views {
            squares += view.square() * view.image_square();
            along += view.square() * view.along();
        }
        let estimate = if along > 0.0 { squares / along * self.trace } else { 0.0 };
        // What was seen of it is no more than all of it.
        self.views.iter().map(Tridiagonal::norm).fold(estimate.sqrt(), f64::max)
    }
}

/// A number in (-1, 1), the same for the same probe and index.
fn random(probe: usize, index: usize) -> f64 {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&(probe as u64).to_le_bytes());
    bytes[8..].copy_from_slice(&(index as u64).to_le_bytes());
    ((xxh3_64(&bytes) >> 11) as f64 + 0.5) / (1_u64 << 52) as f64 - 1.0
}

/// What the features explain, where it is looked for.
fn explained(step: usize) -> f64 {
    (0..step).fold(LEAST, |explained, _| explained * RATIO)
}

impl Spectrum {
    /// `ln det(I + g C)` at each step of what is explained, `g` being `unit` times that.
    fn log_dets(&self, unit: f64) -> Vec<f64> {
        let steps = (0..STEPS).map(|step| unit * explained(step));
        if let ([view], true) = (self.views.as_slice(), self.whole) {
            return steps.map(|g| view.log_det(g)).collect();
        }
        // d ln det(I + gC) / d ln g = trace(I - (I + gC)^-1), by Simpson's rule. At first both grow in proportion to g.
        let mut decided = self.effective(unit * LEAST);
        let mut log_det = decided;
        let width = ln(RATIO);
        let step = |g: f64| {
            let before = log_det;
            let next = self.effective(g * RATIO);
            let middle = self.effective(g * RATIO.sqrt());
            log_det += width * (decided + 4.0 * middle + next) / 6.0;
            decided = next;
            before
        };
        steps.map(step).collect()
    }
}

/// What the features most likely explain, when `g = unit * explained` is what multiplies `C`.
///
/// `log_likelihood` is of `g`, without the term `-1/2 ln det(I + g C)`, which is added here; so is the prior, whose mean is
/// `guess`.
pub(in crate::fit) fn most_likely(
    spectrum: &Spectrum,
    unit: f64,
    guess: f64,
    log_likelihood: impl Fn(f64) -> f64,
) -> f64 {
    let mut best = (f64::NEG_INFINITY, LEAST);
    for (step, log_det) in spectrum.log_dets(unit).into_iter().enumerate() {
        let explained = explained(step);
        let value = log_likelihood(unit * explained) - 0.5 * log_det - explained / guess;
        if value > best.0 {
            best = (value, explained);
        }
    }
    best.1
}
