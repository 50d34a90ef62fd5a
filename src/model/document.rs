//! The model and its text.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::between::Between;
use super::errors::StandardErrors;
use super::feature::Feature;
#[cfg(any(feature = "datafusion", feature = "polars"))]
use super::feature::{Encoding, Unit};
use super::network::{Network, NetworkTraining};
use super::network_parts::{NetworkParts, StateParts};
use super::objects;
use super::passes::Passes;
use super::problem::problem;
use super::range::Range;
use super::state::{MOST_STEPS, OptimizerState};
use super::training::{OptionsInForce, StopReason, Training};
use super::version::{FORMAT_VERSION, NETWORK_VERSION, check_version};
use super::weights::{WeightRow, Weights};
use crate::error::quoted;
use crate::family::{Head, Limits};
use crate::math::ln;
use crate::{Error, Result};

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

impl Bounds {
    /// The limits of a loss of predictions.
    pub(crate) fn limits(self) -> Limits {
        Limits { mu: self.mu.most, sigma: self.max_sigma }
    }
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
    #[cfg(any(feature = "datafusion", feature = "polars"))]
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
    /// on, or a lower end where the total would have been too high. `None` in a text that was written before there was one.
    pub fn mu_range(&self) -> Option<Range> {
        self.mu_range
    }

    /// That range with other logarithms of payments. An end that was lowered for the sake of the total stays.
    pub(crate) fn widened_mu_range(&self, logs: Range) -> Range {
        let Some(known) = self.mu_range else { return logs };
        let all = known.union(logs);
        Range { most: self.mu_ceiling().unwrap_or(all.most), ..all }
    }

    /// Where mu is held below the greatest payment, if it is.
    pub(crate) fn mu_ceiling(&self) -> Option<f64> {
        let (range, most) = self.mu_range.zip(self.training.label_max)?;
        (range.most < ln(most)).then_some(range.most)
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
