//! The network of a model: what it adds to the linear heads.

use serde::{Deserialize, Serialize};

use super::feature::{Encoding, Feature};
use crate::error::quoted;
use crate::net::deep::{Embedding, PANEL, Panel, Shape};
use crate::{Error, Result};

/// Layers a network has at most.
pub const MOST_LAYERS: usize = 8;

/// Units a layer has at most.
pub const MOST_UNITS: usize = 1024;

/// What makes the output of a unit of its sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// The sum, or 0 where it is negative.
    Relu,
}

/// A network over the standardised numbers and the vectors of the levels, in single precision.
///
/// The first layer's inputs are the numbers in the order of the features, then the vectors of the categories in theirs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
}

/// How a network was trained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    fn all(&self) -> [&HeadOfUnits; 3] {
        [&self.logit, &self.mu, &self.raw_sigma]
    }
}

/// A network as training has it.
#[derive(Debug, Clone)]
pub(crate) struct NetworkParts {
    pub(crate) shape: Shape,
    pub(crate) embeddings: Vec<Embedding>,
    /// Of the layers and heads.
    pub(crate) weights: Vec<Panel>,
    /// Of each category the vectors of its levels.
    pub(crate) vectors: Vec<Vec<f32>>,
    /// What the mu head is in units of; a power of two.
    pub(crate) mu_scale: f64,
}

impl Network {
    /// The text's form of a network.
    pub(crate) fn of_parts(
        parts: NetworkParts,
        training: Option<NetworkTraining>,
        features: &[Feature],
    ) -> Self {
        let NetworkParts { shape, embeddings, weights, vectors, mu_scale } = parts;
        let at = |(panel, place): (usize, usize)| weights[panel][place];
        let layers = shape.layers.iter().map(|layer| {
            let inputs = layer.numbers + layer.inputs;
            let unit = |unit| (0..inputs).map(move |input| layer.weight(input, unit));
            LayerWeights {
                biases: (0..layer.units).map(|unit| at(layer.bias(unit))).collect(),
                weights: (0..layer.units).flat_map(unit).map(at).collect(),
            }
        });
        let head = |head: usize, scale: f32| HeadOfUnits {
            bias: weights[shape.head_biases()][head] * scale,
            weights: (0..shape.last)
                .map(|unit| at(shape.head_weight(unit, head)) * scale)
                .collect(),
        };
        let categories = categories(features).zip(embeddings).zip(vectors);
        let embeddings = categories.map(|(((name, _), embedding), vectors)| LevelVectors {
            feature: name.to_owned(),
            size: embedding.size as u64,
            vectors,
        });
        Self {
            activation: Activation::Relu,
            embeddings: embeddings.collect(),
            layers: layers.collect(),
            heads: HeadsOfUnits {
                logit: head(0, 1.0),
                mu: head(1, mu_scale as f32),
                raw_sigma: head(2, 1.0),
            },
            training,
        }
    }

    /// The network ready for work; it must have passed [`Network::check`].
    pub(crate) fn to_parts(&self, features: &[Feature]) -> NetworkParts {
        let mut at = 0;
        let embeddings = self.embeddings.iter().map(|vectors| {
            let size = vectors.size as usize;
            let levels = vectors.vectors.len().checked_div(size).unwrap_or(0);
            let embedding = Embedding { levels, size, at };
            at += size;
            embedding
        });
        let embeddings: Vec<Embedding> = embeddings.collect();
        let hidden: Vec<usize> = self.layers.iter().map(|layer| layer.biases.len()).collect();
        let shape = Shape::new(number_count(features), at, &hidden);
        let mut weights = vec![[0.0; PANEL]; shape.panels()];
        for (layer, values) in shape.layers.iter().zip(&self.layers) {
            let inputs = layer.numbers + layer.inputs;
            for (unit, bias) in values.biases.iter().enumerate() {
                let (panel, place) = layer.bias(unit);
                weights[panel][place] = *bias;
                for (input, weight) in
                    values.weights.iter().skip(unit * inputs).take(inputs).enumerate()
                {
                    let (panel, place) = layer.weight(input, unit);
                    weights[panel][place] = *weight;
                }
            }
        }
        for (head, values) in self.heads.all().into_iter().enumerate() {
            weights[shape.head_biases()][head] = values.bias;
            for (unit, weight) in values.weights.iter().enumerate() {
                let (panel, place) = shape.head_weight(unit, head);
                weights[panel][place] = *weight;
            }
        }
        let vectors = self.embeddings.iter().map(|of_levels| of_levels.vectors.clone()).collect();
        NetworkParts { shape, embeddings, weights, vectors, mu_scale: 1.0 }
    }

    /// Checks that the network fits the features and holds nothing but finite numbers.
    ///
    /// # Errors
    /// [`Error::Model`] that says what does not fit.
    pub(crate) fn check(&self, features: &[Feature]) -> Result<()> {
        let mut inputs = number_count(features) as u64 + self.check_embeddings(features)?;
        if !(1..=MOST_LAYERS).contains(&self.layers.len()) {
            let layers = self.layers.len();
            return Err(problem(format!(
                "the network has {layers} layers, not 1 to {MOST_LAYERS}"
            )));
        }
        for (number, layer) in self.layers.iter().enumerate() {
            let (units, weights) = (layer.biases.len(), layer.weights.len());
            if !(1..=MOST_UNITS).contains(&units) {
                return Err(problem(format!(
                    "layer {number} of the network has {units} units, not 1 to {MOST_UNITS}"
                )));
            }
            // At most 1,024 units and inputs that are there.
            if weights as u64 != units as u64 * inputs {
                return Err(problem(format!(
                    "layer {number} of the network has {weights} weights, and {units} units of {inputs} inputs need {}",
                    units as u64 * inputs
                )));
            }
            inputs = units as u64;
        }
        for (name, head) in ["logit", "mu", "raw_sigma"].into_iter().zip(self.heads.all()) {
            if head.weights.len() as u64 != inputs {
                return Err(problem(format!(
                    "head `{name}` of the network has {} weights, and the last layer {inputs} units",
                    head.weights.len()
                )));
            }
        }
        if self.numbers().all(f32::is_finite) {
            return Ok(());
        }
        Err(problem("a weight of the network is not finite".to_owned()))
    }

    /// Returns how many numbers the vectors of a row have.
    fn check_embeddings(&self, features: &[Feature]) -> Result<u64> {
        let of_categories = categories(features);
        let mut given = self.embeddings.iter();
        let mut inputs = 0;
        for (name, levels) in of_categories {
            let Some(vectors) = given.next().filter(|vectors| vectors.feature == name) else {
                return Err(problem(format!(
                    "the network has no embedding of feature `{}` in its place",
                    quoted(name)
                )));
            };
            let needed = vectors.size.checked_mul(levels as u64);
            if vectors.size > MOST_UNITS as u64 || needed != Some(vectors.vectors.len() as u64) {
                return Err(problem(format!(
                    "the embedding of feature `{}` has {} numbers, and {levels} levels of size {} came; the size is at most {MOST_UNITS}",
                    quoted(name),
                    vectors.vectors.len(),
                    vectors.size
                )));
            }
            inputs += vectors.size;
        }
        match given.next() {
            None => Ok(inputs),
            Some(more) => Err(problem(format!(
                "the network has an embedding of `{}`, which is no categorical feature in its place",
                quoted(&more.feature)
            ))),
        }
    }

    /// All its numbers.
    fn numbers(&self) -> impl Iterator<Item = f32> {
        let vectors = self.embeddings.iter().flat_map(|of_levels| &of_levels.vectors);
        let layers = self.layers.iter().flat_map(|layer| layer.weights.iter().chain(&layer.biases));
        let heads = self.heads.all().into_iter();
        let heads = heads.flat_map(|head| head.weights.iter().chain([&head.bias]));
        vectors.chain(layers).chain(heads).copied()
    }
}

/// The categorical features and how many levels they have.
fn categories(features: &[Feature]) -> impl Iterator<Item = (&str, usize)> {
    features.iter().filter_map(|feature| match &feature.encoding {
        Encoding::Categorical { levels, .. } => Some((feature.name.as_str(), levels.len())),
        Encoding::Numeric { .. } => None,
    })
}

fn number_count(features: &[Feature]) -> usize {
    features.len() - categories(features).count()
}

fn problem(problem: String) -> Error {
    Error::Model { problem }
}
