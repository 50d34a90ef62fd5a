//! The model and its text.

use std::collections::HashSet;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::between::Between;
use super::errors::StandardErrors;
#[cfg(any(feature = "datafusion", feature = "polars", test))]
use super::feature::Unit;
use super::feature::{Encoding, Feature};
use super::network::{Network, NetworkParts, NetworkTraining, StateParts};
use super::objects;
use super::passes::Passes;
use super::range::Range;
use super::state::{AMOUNT_SCALES, HeadState, MOST_STEPS, OptimizerState};
use super::training::{OptionsInForce, StopReason, Training};
use super::weights::{HeadWeights, WeightRow, Weights};
use crate::error::quoted;
use crate::family::Head;
use crate::{Error, Result};

/// The version of the text of a linear model.
pub const FORMAT_VERSION: u32 = 1;

/// The version of the text of a model with a network.
pub const NETWORK_VERSION: u32 = 2;

/// A trained model: made by [`fit`](crate::fit::fit) or read from its text.
///
/// ```
/// use ziln::model::Model;
///
/// assert!(Model::from_json("{}").is_err());
/// ```
///
/// serde reads it as a part of something else, too, with the same checks; not from a format that writes structs as lists, as
/// many binary ones do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Model {
    format_version: u32,
    features: Vec<Feature>,
    weights: Weights,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<Network>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mu_range: Option<Range>,
    max_sigma: f64,
    options: OptionsInForce,
    training: Training,
    #[serde(skip_serializing_if = "Option::is_none")]
    optimizer_state: Option<OptimizerState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    standard_errors: Option<StandardErrors>,
    #[serde(skip_serializing_if = "Option::is_none")]
    between: Option<Between>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passes: Option<Passes>,
}

/// A text of version 1 or 2 as it is read: a [`Model`] that has not been checked.
#[derive(Deserialize)]
#[serde(expecting = "a model")]
struct Unchecked {
    format_version: u32,
    features: Vec<Feature>,
    weights: Weights,
    network: Option<Network>,
    mu_range: Option<Range>,
    max_sigma: f64,
    options: OptionsInForce,
    training: Training,
    optimizer_state: Option<OptimizerState>,
    standard_errors: Option<StandardErrors>,
    between: Option<Between>,
    passes: Option<Passes>,
}

/// With the checks of [`Model::from_json`].
impl<'de> Deserialize<'de> for Model {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> std::result::Result<Self, D::Error> {
        let read: Unchecked = objects::from_reader(reader)?;
        Self::try_from(read).map_err(D::Error::custom)
    }
}

impl TryFrom<Unchecked> for Model {
    type Error = Error;

    fn try_from(read: Unchecked) -> Result<Self> {
        check_version(read.format_version)?;
        let model = Self {
            format_version: read.format_version,
            features: read.features,
            weights: read.weights,
            network: read.network,
            mu_range: read.mu_range,
            max_sigma: read.max_sigma,
            options: read.options,
            training: read.training,
            optimizer_state: read.optimizer_state,
            standard_errors: read.standard_errors,
            between: read.between,
            passes: read.passes,
        };
        model.check()?;
        Ok(model)
    }
}

/// What a prediction of the amount stays within, whatever the features.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// The range of the logarithms of the payments in training.
    pub(crate) mu: Range,
    /// The greatest sigma.
    pub(crate) max_sigma: f64,
}

/// The one field that every version has.
#[derive(Deserialize)]
struct Version {
    format_version: u32,
}

impl Model {
    /// A model of its parts.
    pub(crate) fn new(
        features: Vec<Feature>,
        weights: Weights,
        bounds: Bounds,
        options: OptionsInForce,
        training: Training,
        optimizer_state: Option<OptimizerState>,
    ) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            features,
            weights,
            network: None,
            mu_range: Some(bounds.mu),
            max_sigma: bounds.max_sigma,
            options,
            training,
            optimizer_state,
            standard_errors: None,
            between: None,
            passes: None,
        }
    }

    /// A model of a network that was not trained here.
    ///
    /// # Errors
    /// [`Error::Model`] if the parts do not fit each other.
    pub(super) fn of_network(
        features: Vec<Feature>,
        weights: Weights,
        network: Network,
        mu_range: Option<Range>,
        max_sigma: f64,
        options: OptionsInForce,
        training: Training,
    ) -> Result<Self> {
        let model = Self {
            format_version: NETWORK_VERSION,
            features,
            weights,
            network: Some(network),
            mu_range,
            max_sigma,
            options,
            training,
            optimizer_state: None,
            standard_errors: None,
            between: None,
            passes: None,
        };
        model.check()?;
        Ok(model)
    }

    /// The model as what training by passes goes on from.
    pub(crate) fn with_passes(self, passes: Passes) -> Self {
        let count = passes.count.min(MOST_STEPS);
        Self { passes: Some(Passes { count, ..passes }), ..self }
    }

    /// The model with another reason why its training stopped.
    pub(crate) fn with_stop_reason(mut self, reason: StopReason) -> Self {
        self.training.stop_reason = reason;
        self
    }

    /// The model after a pass over all rows.
    pub(crate) fn after_pass(
        self,
        features: Vec<Feature>,
        weights: Weights,
        mu_range: Option<Range>,
        options: OptionsInForce,
        training: Training,
    ) -> Self {
        Self { features, weights, mu_range, options, training, ..self }
    }

    /// The model with the standard errors of its weights.
    pub(crate) fn with_standard_errors(self, standard_errors: StandardErrors) -> Self {
        Self { standard_errors: Some(standard_errors), ..self }
    }

    /// The model as a prior of campaigns.
    pub(crate) fn with_between(self, between: Between) -> Self {
        Self { between: Some(between), ..self }
    }

    /// With what came as dates, by the names of the features, measured in days.
    #[cfg(any(feature = "datafusion", feature = "polars", test))]
    pub(crate) fn with_dates(mut self, dates: &[&str]) -> Self {
        for feature in &mut self.features {
            let is_number = matches!(feature.encoding, Encoding::Numeric { .. });
            if is_number && dates.contains(&feature.name.as_str()) {
                feature.unit = Some(Unit::Days);
            }
        }
        self
    }

    /// The model of rows that are a sample of at most `max_rows` of those that were seen.
    pub(crate) fn of_sample(
        mut self,
        max_rows: u64,
        rows_seen: u64,
        skipped_labels: u64,
        warning: Option<String>,
    ) -> Self {
        self.options.max_rows = Some(max_rows);
        self.training.rows_seen = Some(rows_seen);
        self.training.skipped_labels = skipped_labels;
        self.training.warnings.extend(warning);
        self
    }

    /// The prior's own heads as the model of a campaign that nothing was learnt from.
    pub(crate) fn of_prior(&self, training: Training) -> Self {
        let mut model = Self { training, between: None, passes: None, ..self.clone() };
        model.options.init = true;
        model
    }

    /// The model with a network on top of its heads.
    pub(crate) fn with_network(
        self,
        parts: NetworkParts,
        training: NetworkTraining,
        state: Option<StateParts>,
    ) -> Self {
        let network = Some(Network::of_parts(parts, training, state, &self.features));
        Self { format_version: NETWORK_VERSION, network, ..self }
    }

    /// What is added to the linear heads, if the model has a network.
    pub fn network(&self) -> Option<&Network> {
        self.network.as_ref()
    }

    /// Reads a model from its text.
    ///
    /// Fields that this build does not know are ignored.
    ///
    /// # Errors
    /// [`Error::Model`] if the text is not JSON, is of another version, or is not a sound model: lists in the place of
    /// objects, wrong lengths, names or levels that stand twice, a scale that is not positive.
    pub fn from_json(text: &str) -> Result<Self> {
        // What a text says is of use only if it is of a version that this build reads.
        let problem = match objects::from_str::<Unchecked>(text) {
            Ok(read) => return Self::try_from(read),
            Err(error) => problem(without_long_quote(&error.to_string())),
        };
        if let Ok(Version { format_version }) = objects::from_str(text) {
            check_version(format_version)?;
        }
        Err(problem)
    }

    /// The model's text: the same text for the same model, floats exactly.
    pub fn to_json(&self) -> String {
        // Writing plain structs of numbers and strings to memory has no way to fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The version of the text: [`FORMAT_VERSION`], or [`NETWORK_VERSION`] for a model with a network.
    pub fn format_version(&self) -> u32 {
        self.format_version
    }

    /// The features, in the order of their weights.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The weights of the heads, on the standardised scale.
    pub fn head_weights(&self) -> &Weights {
        &self.weights
    }

    /// The coefficients as rows: head by head, the intercept first; then the weights of the network, if there is one.
    pub fn weights(&self) -> Vec<WeightRow> {
        let (errors, between) = (self.standard_errors.as_ref(), self.between.as_ref());
        let mut rows = self.weights.rows(&self.features, errors, between);
        rows.extend(self.network.iter().flat_map(|network| network.rows(&self.features)));
        rows
    }

    /// The range within which the model holds the mu it predicts: that of the logarithms of the payments it was trained
    /// on. `None` in a text that was written before there was one.
    pub fn mu_range(&self) -> Option<Range> {
        self.mu_range
    }

    /// The greatest sigma the model predicts.
    pub fn max_sigma(&self) -> f64 {
        self.max_sigma
    }

    /// The options that were in force.
    pub fn options(&self) -> &OptionsInForce {
        &self.options
    }

    /// What happened in training.
    pub fn training(&self) -> &Training {
        &self.training
    }

    /// The optimiser's state, if it was kept.
    pub fn optimizer_state(&self) -> Option<&OptimizerState> {
        self.optimizer_state.as_ref()
    }

    /// The standard errors of the weights, if the model was made by a solver that knows them.
    pub fn standard_errors(&self) -> Option<&StandardErrors> {
        self.standard_errors.as_ref()
    }

    /// Where its training stands, if it is by passes over the rows.
    pub fn passes(&self) -> Option<&Passes> {
        self.passes.as_ref()
    }

    /// How much the heads of campaigns differ, if the model is a prior.
    pub fn between(&self) -> Option<&Between> {
        self.between.as_ref()
    }

    /// Whether all numbers that training computed are finite; JSON has no others.
    pub(crate) fn is_finite(&self) -> bool {
        let Training { weight_sum, train_loss, objective, validation_loss, history, .. } =
            &self.training;
        let losses = [weight_sum, train_loss, objective].into_iter().chain(validation_loss);
        let history = history.train.iter().chain(&history.validation);
        let heads = Head::ALL.map(|head| self.weights.head(head));
        let weights = heads.iter().flat_map(|head| head.weights.iter().chain([&head.intercept]));
        let state = self.optimizer_state.iter().flat_map(OptimizerState::averages);
        losses.chain(history).chain(weights).chain(state).all(|number| number.is_finite())
    }

    fn check(&self) -> Result<()> {
        let mut names = HashSet::new();
        for feature in &self.features {
            if !names.insert(feature.name.as_str()) {
                return Err(problem(format!("feature `{}` stands twice", quoted(&feature.name))));
            }
            check_encoding(feature)?;
        }
        let width: usize = self.features.iter().map(|feature| feature.encoding.width()).sum();
        for head in Head::ALL {
            check_head(head, self.weights.head(head), width)?;
        }
        if !(self.max_sigma.is_finite() && self.max_sigma > 0.0) {
            return Err(problem(format!("max_sigma is {}, not a positive number", self.max_sigma)));
        }
        check_range("mu_range", self.mu_range)?;
        if self.standard_errors.as_ref().is_some_and(|errors| !errors.fit(width)) {
            return Err(problem("standard_errors does not fit the features".to_owned()));
        }
        if self.between.as_ref().is_some_and(|between| !between.fit(self.features.len())) {
            return Err(problem("between does not fit the features".to_owned()));
        }
        let features = self.features.len();
        if self.passes.as_ref().is_some_and(|passes| !passes.fit(features, width)) {
            return Err(problem("passes does not fit the features".to_owned()));
        }
        match (&self.network, self.format_version) {
            (Some(network), NETWORK_VERSION) => network.check(&self.features)?,
            (None, FORMAT_VERSION) => (),
            (network, version) => {
                let with = if network.is_some() { "with" } else { "without" };
                return Err(problem(format!(
                    "the text is of format_version {version} {with} a network"
                )));
            }
        }
        match &self.optimizer_state {
            Some(state) => check_state(state, width, &self.features),
            None => Ok(()),
        }
    }
}

fn check_version(version: u32) -> Result<()> {
    if matches!(version, FORMAT_VERSION | NETWORK_VERSION) {
        return Ok(());
    }
    Err(problem(format!(
        "the text is of format_version {version}, and this build of ziln reads versions {FORMAT_VERSION} and {NETWORK_VERSION}"
    )))
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
                    "feature `{}` has mean {mean} and scale {scale}; the scale must be positive",
                    name()
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
    Err(problem(format!("{name} is from {least} to {most}; it must be finite and not empty")))
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
    if sound {
        Ok(())
    } else {
        Err(problem("optimizer_state does not fit the features".to_owned()))
    }
}

/// A message of serde, which may quote a string of any length: that is quoted, and what was expected stays.
fn without_long_quote(message: &str) -> String {
    let shorter = || {
        let (start, quote) = message.match_indices(['`', '"']).next()?;
        let end = message.rfind(&format!("{quote}, expected"))?;
        let text = message.get(start + 1..end)?;
        Some(format!("{}{quote}{}{}", &message[..start], quoted(text), &message[end..]))
    };
    shorter().unwrap_or_else(|| message.to_owned())
}

fn problem(problem: String) -> Error {
    Error::Model { problem }
}
