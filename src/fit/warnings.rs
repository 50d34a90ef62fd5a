//! What a person should look at before trusting a model.

use super::ceiling::Ceiling;
use super::shrink::FAR_TOTAL;
use super::total::Totals;
use crate::error::quoted;
use crate::math::ln;
use crate::model::{Encoding, NetworkTraining, Range};

/// A value so many lengths of the range in which the feature is held beyond it is absurd.
const ABSURD: f64 = 5.0;

/// A total so many times the actual one, or such a part of it, is worth a word if it is no chance.
const OFF_TOTAL: f64 = 1.25;

/// A total that is off by so many standard errors is no chance.
const CHANCES: f64 = 3.0;

/// A share of rows at the bound of sigma that is worth a word.
const MANY: f64 = 0.02;

const NO_NETWORK: &str = "no hidden layers were trained, because no payer is among the rows to learn from or among those to hold out; the model is linear";

const IDLE_NETWORK: &str = "the hidden layers add nothing: after no epoch were they better on the held-out rows than the linear model alone";

/// What was seen in a training.
pub(super) struct TrainingSummary<'a> {
    pub(super) payers: u64,
    pub(super) tiny: u64,
    pub(super) min_payment: f64,
    /// Weights of a head, without the intercept.
    pub(super) weights: usize,
    pub(super) names: Vec<&'a str>,
    pub(super) encodings: &'a [Encoding],
    /// Of each numeric feature the range of its values, absurd ones included.
    pub(super) ranges: &'a [Option<Range>],
    pub(super) totals: Totals,
    pub(super) max_sigma: f64,
    /// Where mu and sigma are held, because the total was too high.
    pub(super) ceiling: Option<Ceiling>,
    /// What the weights of the amount were multiplied by, if they were.
    pub(super) shrunk: Option<f64>,
}

impl TrainingSummary<'_> {
    /// The warnings, in an order of their own.
    pub(super) fn warnings(&self) -> Vec<String> {
        let features = self.names.iter().zip(self.encodings).zip(self.ranges);
        let absurd = features.filter_map(|((name, encoding), all)| absurd(name, encoding, (*all)?));
        let mut warnings: Vec<String> = self.residues().into_iter().chain(absurd).collect();
        warnings.extend(self.few_payers());
        warnings.extend(self.ceiling());
        warnings.extend(self.shrunk());
        warnings.extend(self.total());
        warnings.extend(self.bounded());
        warnings
    }

    fn residues(&self) -> Option<String> {
        (self.tiny > 0).then(|| {
            format!(
                "{} positive labels are below min_payment = {} and count as 0; look for refunds that left a residue, or set option min_payment",
                self.tiny,
                short(self.min_payment)
            )
        })
    }

    fn few_payers(&self) -> Option<String> {
        (self.payers < self.weights as u64).then(|| {
            format!(
                "{} payers for {} weights a head: the model is little more than its intercepts; use fewer features or train on more rows",
                self.payers, self.weights
            )
        })
    }

    fn ceiling(&self) -> Option<String> {
        let Ceiling { bounds, ratio } = self.ceiling?;
        Some(format!(
            "mu is held below {} and sigma below {}, because the predicted total of the training rows was {} times the actual one, most of it of a few customers; use the logarithm of features that are skewed",
            short(bounds.mu.most),
            short(bounds.max_sigma),
            short(ratio)
        ))
    }

    fn shrunk(&self) -> Option<String> {
        let factor = self.shrunk?;
        Some(format!(
            "the weights of mu and raw_sigma were multiplied by {factor}, because with them the predicted total of the training rows was far from the actual one; look for outliers among the labels and features"
        ))
    }

    fn total(&self) -> Option<String> {
        let Totals { ratio, chance, .. } = self.totals;
        let is_far = !(1.0 / FAR_TOTAL..=FAR_TOTAL).contains(&ratio);
        let is_off = ln(ratio).abs() > ln(OFF_TOTAL).max(CHANCES * chance);
        (is_far || is_off).then(|| {
            format!(
                "the predicted total of the training rows is {} times the actual one; a few labels may be most of it, or some be no payments, as cents that are left of refunds",
                short(ratio)
            )
        })
    }

    fn bounded(&self) -> Option<String> {
        (self.ceiling.is_none() && self.totals.at_max_sigma > MANY).then(|| {
            format!(
                "sigma is held at max_sigma = {} in {} of 100 training rows",
                short(self.max_sigma),
                (100.0 * self.totals.at_max_sigma).round()
            )
        })
    }
}

/// What to know of a network that was asked for, by its training, if it had one.
pub(super) fn network_warning(
    training: Option<NetworkTraining>,
    is_continued: bool,
) -> Option<String> {
    match training {
        None => Some(NO_NETWORK.to_owned()),
        Some(NetworkTraining { epochs_run: 1.., best_epoch: 0, .. }) if !is_continued => {
            Some(IDLE_NETWORK.to_owned())
        }
        Some(_) => None,
    }
}

fn absurd(name: &str, encoding: &Encoding, all: Range) -> Option<String> {
    let Encoding::Numeric { range: Some(range), .. } = encoding else { return None };
    let length = ABSURD * (range.most - range.least);
    let farthest =
        if all.most - range.most > range.least - all.least { all.most } else { all.least };
    let beyond = (farthest - range.most).max(range.least - farthest);
    (beyond > length).then(|| {
        format!(
            "feature `{}` has the value {}, absurdly far from the rest; it is held within {} to {}",
            quoted(name),
            short(farthest),
            short(range.least),
            short(range.most)
        )
    })
}

/// A number to read: about four digits.
fn short(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 || (1e-3..1e7).contains(&size) {
        let digits = if size >= 1000.0 || number.fract() == 0.0 { 0 } else { 4 };
        let text = format!("{number:.digits$}");
        if digits > 0 { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        format!("{number:.3e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let texts = [0.0, 5000.0, 2.5, 0.123_456, 1.0, 7.1e-6, 1e300, -12345.678].map(short);
        assert_eq!(texts, ["0", "5000", "2.5", "0.1235", "1", "7.100e-6", "1.000e300", "-12346"]);
    }
}
