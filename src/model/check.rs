//! The checks of what was read: what a model must be.

use std::collections::HashSet;

use super::document::Model;
use super::feature::{Encoding, Feature};
use super::problem::problem;
use super::range::Range;
use super::state::{AMOUNT_SCALES, HeadState, MOST_STEPS, OptimizerState};
use super::version::{FORMAT_VERSION, NETWORK_VERSION};
use super::weights::HeadWeights;
use crate::Result;
use crate::error::{number_text, quoted};
use crate::family::Head;

impl Model {
    /// Checks that the parts of the model fit each other, and that it holds nothing but numbers of use.
    ///
    /// # Errors
    /// [`Error::Model`](crate::Error::Model) that says what does not.
    pub(super) fn check(&self) -> Result<()> {
        let mut names = HashSet::new();
        for feature in self.features() {
            if !names.insert(feature.name.as_str()) {
                return Err(problem(format!("feature `{}` stands twice", quoted(&feature.name))));
            }
            check_encoding(feature)?;
        }
        let width: usize = self.features().iter().map(|feature| feature.encoding.width()).sum();
        for head in Head::ALL {
            check_head(head, self.head_weights().head(head), width)?;
        }
        if !(self.max_sigma().is_finite() && self.max_sigma() > 0.0) {
            return Err(problem(format!(
                "max_sigma is {}, not a positive number",
                number_text(self.max_sigma())
            )));
        }
        check_range("mu_range", self.mu_range())?;
        if self.standard_errors().is_some_and(|errors| !errors.fit(width)) {
            return Err(problem("standard_errors does not fit the features".to_owned()));
        }
        if self.between().is_some_and(|between| !between.fit(self.features().len())) {
            return Err(problem("between does not fit the features".to_owned()));
        }
        let features = self.features().len();
        if self.passes().is_some_and(|passes| !passes.fit(features, width)) {
            return Err(problem("passes does not fit the features".to_owned()));
        }
        match (self.network(), self.format_version()) {
            (Some(network), NETWORK_VERSION) => network.check(self.features())?,
            (None, FORMAT_VERSION) => (),
            (network, version) => {
                let with = if network.is_some() { "with" } else { "without" };
                return Err(problem(format!(
                    "the text is of format_version {version} {with} a network"
                )));
            }
        }
        match self.optimizer_state() {
            Some(state) => check_state(state, width, self.features()),
            None => Ok(()),
        }
    }
}

fn check_encoding(feature: &Feature) -> Result<()> {
    let name = || quoted(&feature.name);
    if feature.unit.is_some() && !matches!(feature.encoding, Encoding::Numeric { .. }) {
        return Err(problem(format!("feature `{}` has a unit and is no number", name())));
    }
    match &feature.encoding {
        Encoding::Numeric { mean, scale, range, payer_range } => {
            if !(mean.is_finite() && scale.is_finite() && *scale > 0.0) {
                return Err(problem(format!(
                    "feature `{}` has mean {} and scale {}; the scale must be positive",
                    name(),
                    number_text(*mean),
                    number_text(*scale)
                )));
            }
            check_range(&format!("the range of feature `{}`", name()), *range)?;
            check_range(&format!("the payer_range of feature `{}`", name()), *payer_range)?;
        }
        Encoding::Categorical { levels, rows } => {
            if levels.len() != rows.len() {
                return Err(problem(format!(
                    "feature `{}` has {} levels but rows of {}",
                    name(),
                    levels.len(),
                    rows.len()
                )));
            }
            let distinct: HashSet<_> = levels.iter().collect();
            if distinct.len() != levels.len() {
                return Err(problem(format!("a level of feature `{}` stands twice", name())));
            }
        }
    }
    Ok(())
}

fn check_range(name: &str, range: Option<Range>) -> Result<()> {
    let Some(Range { least, most }) = range else { return Ok(()) };
    if least.is_finite() && most.is_finite() && least <= most {
        return Ok(());
    }
    Err(problem(format!(
        "{name} is from {} to {}; it must be finite and not empty",
        number_text(least),
        number_text(most)
    )))
}

fn check_head(head: Head, weights: &HeadWeights, width: usize) -> Result<()> {
    let name = head.name();
    if weights.weights.len() != width {
        return Err(problem(format!(
            "head `{name}` has {} weights, and the features need {width}",
            weights.weights.len()
        )));
    }
    if !weights.intercept.is_finite() || weights.weights.iter().any(|weight| !weight.is_finite()) {
        return Err(problem(format!("a weight of head `{name}` is not finite")));
    }
    Ok(())
}

fn check_state(state: &OptimizerState, width: usize, features: &[Feature]) -> Result<()> {
    let fits = |head: &HeadState| {
        [&head.first, &head.second].iter().all(|values| {
            (values.is_empty() || values.len() == width + 1) && values.iter().all(|v| v.is_finite())
        })
    };
    let levels: usize = features
        .iter()
        .filter(|feature| matches!(feature.encoding, Encoding::Categorical { .. }))
        .map(|feature| feature.encoding.width())
        .sum();
    let counted = [&state.level_steps_logit, &state.level_steps_amount];
    let sound = [&state.logit, &state.mu, &state.raw_sigma].into_iter().all(fits)
        && counted.iter().all(|steps| steps.len() == levels)
        && state.counts().all(|count| count <= MOST_STEPS)
        && AMOUNT_SCALES.contains(&state.amount_scale);
    if !sound {
        return Err(problem("optimizer_state does not fit the features".to_owned()));
    }
    let squares = [&state.logit, &state.mu, &state.raw_sigma].into_iter().flat_map(|h| &h.second);
    match squares.copied().find(|&square| square < 0.0) {
        None => Ok(()),
        Some(square) => Err(problem(format!(
            "a `second` of the optimizer_state is {}; a square is expected",
            number_text(square)
        ))),
    }
}
