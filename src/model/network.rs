//! The network of a model, as its text has it: what it adds to the linear heads.

use serde::{Deserialize, Serialize};

use super::feature::{Encoding, Feature};
use super::weights::WeightRow;
use crate::family::Head;

/// Layers a network has at most.
pub const MOST_LAYERS: usize = 8;

/// Units a layer has at most.
pub const MOST_UNITS: usize = 1024;

/// What makes the output of a unit of its sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Activation {
    /// The sum, or 0 where it is negative.
    Relu,
}

/// A network over the standardised numbers and the vectors of the levels, in single precision.
///
/// The first layer's inputs are the numbers in the order of the features, then the vectors of the categories in theirs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Network {
    /// Of every layer.
    pub activation: Activation,
    /// One entry a categorical feature, in the order of the features.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub embeddings: Vec<LevelVectors>,
    /// From the inputs to the heads.
    pub layers: Vec<LayerWeights>,
    /// What the last layer's units add to the heads.
    pub heads: HeadsOfUnits,
    /// How it was trained; `None` for a network of another make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<NetworkTraining>,
    /// What the optimiser remembers, if it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<NetworkState>,
}

/// What the optimiser of a network remembers between steps. Stored with option `keep_state`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NetworkState {
    /// Epochs behind it.
    pub epochs: u64,
    /// Steps behind it.
    pub steps: u64,
    /// What the mu head is in units of, in all that follows; a power of two.
    pub amount_scale: f64,
    /// The weights themselves: those of the network are their average over the last steps.
    pub weights: NetworkValues,
    /// The averages of the gradients.
    pub first: NetworkValues,
    /// The averages of their squares.
    pub second: NetworkValues,
    /// Steps that updated each level, of each categorical feature.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub level_steps: Vec<Vec<u32>>,
    /// The network's biases of the logit, mu and raw sigma before they were moved for the sake of the paying rate and the total,
    /// if they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_biases: Option<[f32; 3]>,
}

/// A number for each weight of a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetworkValues {
    /// As those of [`Network`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub embeddings: Vec<LevelVectors>,
    /// As those of [`Network`].
    pub layers: Vec<LayerWeights>,
    /// As those of [`Network`].
    pub heads: HeadsOfUnits,
}

/// A number for each weight of a network, borrowed.
#[derive(Clone, Copy)]
pub(super) struct Borrowed<'a> {
    pub(super) embeddings: &'a [LevelVectors],
    pub(super) layers: &'a [LayerWeights],
    pub(super) heads: &'a HeadsOfUnits,
}

/// How a network was trained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NetworkTraining {
    /// Passes over the rows, at most.
    pub epochs: u64,
    /// Rows a step.
    pub batch_size: u64,
    /// The learning rate before the schedule.
    pub learning_rate: f64,
    /// What a step took off a weight, beside the learning rate.
    pub decay: f64,
    /// The same of the vectors of levels.
    pub embedding_decay: f64,
    /// The share of the units that a step did without.
    pub dropout: f64,
    /// Epochs without improvement before training stopped.
    pub patience: u64,
    /// Epochs run.
    pub epochs_run: u64,
    /// The epoch whose weights the network has; 0 if it adds nothing.
    pub best_epoch: u64,
    /// How the amounts were moved for the sake of their total, if they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<TotalShift>,
}

/// How the heads of the amount were moved so that the predicted total of the training rows comes to what was paid. It is in
/// the biases of the heads already.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TotalShift {
    /// The predicted total over the actual one, before.
    pub ratio: f64,
    /// What was added to mu.
    pub mu: f64,
    /// What was added to raw sigma.
    pub raw_sigma: f64,
}

/// The vectors of a category's levels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LevelVectors {
    /// The feature's name.
    pub feature: String,
    /// Numbers a level.
    pub size: u64,
    /// Level after level, in the order of the feature's levels.
    pub vectors: Vec<f32>,
}

/// The weights of a layer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerWeights {
    /// One a unit.
    pub biases: Vec<f32>,
    /// Unit after unit, each with one weight an input.
    pub weights: Vec<f32>,
}

/// What the units of the last layer add to the heads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeadsOfUnits {
    /// To the logit.
    pub logit: HeadOfUnits,
    /// To mu.
    pub mu: HeadOfUnits,
    /// To raw sigma.
    pub raw_sigma: HeadOfUnits,
}

/// What the units of the last layer add to a head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeadOfUnits {
    /// Added in every row.
    pub bias: f32,
    /// One weight a unit.
    pub weights: Vec<f32>,
}

impl HeadsOfUnits {
    /// The logit, mu and raw sigma.
    pub(super) fn all(&self) -> [&HeadOfUnits; 3] {
        [&self.logit, &self.mu, &self.raw_sigma]
    }
}

impl Network {
    /// Units of each layer.
    pub(crate) fn units(&self) -> Vec<usize> {
        self.layers.iter().map(|layer| layer.biases.len()).collect()
    }

    /// Its weights as rows: the vectors of levels, the layers, the heads, in the order of the text, biases first.
    pub(super) fn rows(&self, features: &[Feature]) -> Vec<WeightRow> {
        let mut rows = self.vector_rows(features);
        let of_features = inputs_of(features, &self.embeddings);
        let mut inputs: Vec<Option<&str>> =
            of_features.into_iter().map(|(feature, _)| Some(feature)).collect();
        for (layer, values) in (1..).zip(&self.layers) {
            for (unit, bias) in (0_u64..).zip(&values.biases) {
                let of_unit = WeightRow { layer: Some(layer), unit: Some(unit), ..row(*bias) };
                rows.push(of_unit.clone());
                let weights = values.weights.iter().skip(unit as usize * inputs.len());
                rows.extend(weights.zip(&inputs).zip(0..).map(|((weight, feature), input)| {
                    let weight = f64::from(*weight);
                    let feature = feature.map(str::to_owned);
                    WeightRow { weight, feature, input: Some(input), ..of_unit.clone() }
                }));
            }
            inputs = vec![None; values.biases.len()];
        }
        let layer = Some(self.layers.len() as u64 + 1);
        for (head, values) in Head::ALL.into_iter().zip(self.heads.all()) {
            let of_head = WeightRow { head: Some(head), layer, ..row(values.bias) };
            rows.push(of_head.clone());
            rows.extend(values.weights.iter().zip(0..).map(|(weight, input)| {
                let weight = f64::from(*weight);
                WeightRow { weight, input: Some(input), ..of_head.clone() }
            }));
        }
        rows
    }

    /// The vectors of levels as rows.
    fn vector_rows(&self, features: &[Feature]) -> Vec<WeightRow> {
        let mut rows = Vec::new();
        let levels = features.iter().filter_map(|feature| match &feature.encoding {
            Encoding::Categorical { levels, .. } => Some(levels),
            Encoding::Numeric { .. } => None,
        });
        for (of_levels, levels) in self.embeddings.iter().zip(levels) {
            let vectors = of_levels.vectors.chunks((of_levels.size as usize).max(1));
            for (level, vector) in levels.iter().zip(vectors) {
                rows.extend(vector.iter().zip(0..).map(|(value, unit)| WeightRow {
                    feature: Some(of_levels.feature.clone()),
                    level: level.clone(),
                    layer: Some(0),
                    unit: Some(unit),
                    ..row(*value)
                }));
            }
        }
        rows
    }

    /// Its numbers.
    pub(super) fn borrowed(&self) -> Borrowed<'_> {
        Borrowed { embeddings: &self.embeddings, layers: &self.layers, heads: &self.heads }
    }
}

impl NetworkValues {
    /// Its numbers.
    pub(super) fn borrowed(&self) -> Borrowed<'_> {
        Borrowed { embeddings: &self.embeddings, layers: &self.layers, heads: &self.heads }
    }
}

/// The categorical features and how many levels they have.
pub(super) fn categories(features: &[Feature]) -> impl Iterator<Item = (&str, usize)> {
    features.iter().filter_map(|feature| match &feature.encoding {
        Encoding::Categorical { levels, .. } => Some((feature.name.as_str(), levels.len())),
        Encoding::Numeric { .. } => None,
    })
}

/// The inputs of the first layer: the feature each is of, and which of its numbers it is.
pub(super) fn inputs_of<'a>(
    features: &'a [Feature],
    embeddings: &'a [LevelVectors],
) -> Vec<(&'a str, usize)> {
    let is_number = |feature: &&Feature| matches!(feature.encoding, Encoding::Numeric { .. });
    let numbers = features.iter().filter(is_number).map(|feature| (feature.name.as_str(), 0));
    let levels = embeddings.iter().flat_map(|of_levels| {
        (0..of_levels.size as usize).map(|index| (of_levels.feature.as_str(), index))
    });
    numbers.chain(levels).collect()
}

/// How many features are numbers.
pub(super) fn number_count(features: &[Feature]) -> usize {
    features.len() - categories(features).count()
}

fn row(weight: f32) -> WeightRow {
    WeightRow::new(f64::from(weight))
}
