//! The network of a model: what it adds to the linear heads.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::check::problem;
use super::feature::{Encoding, Feature};
use super::state::{AMOUNT_SCALES, MOST_LEVEL_STEPS, MOST_STEPS};
use super::weights::WeightRow;
use crate::Result;
use crate::error::quoted;
use crate::family::Head;
use crate::net::deep::{Embedding, MOST_EMBEDDED, PANEL, Panel, Shape};

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
struct Borrowed<'a> {
    embeddings: &'a [LevelVectors],
    layers: &'a [LayerWeights],
    heads: &'a HeadsOfUnits,
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

/// The state of a network as training has it.
#[derive(Debug, Clone)]
pub(crate) struct StateParts {
    pub(crate) epochs: u64,
    pub(crate) steps: u64,
    pub(crate) amount_scale: f64,
    /// The weights, the averages of the gradients and those of their squares.
    pub(crate) values: [NetworkParts; 3],
    pub(crate) level_steps: Vec<Vec<u32>>,
    /// Of the logit, mu and raw sigma before they were moved, if they were.
    pub(crate) head_biases: Option<[f32; 3]>,
}

impl Network {
    /// The text's form of a network.
    pub(crate) fn of_parts(
        parts: NetworkParts,
        training: NetworkTraining,
        state: Option<StateParts>,
        features: &[Feature],
    ) -> Self {
        let NetworkValues { embeddings, layers, heads } = NetworkValues::of_parts(parts, features);
        Self {
            activation: Activation::Relu,
            embeddings,
            layers,
            heads,
            training: Some(training),
            state: state.map(|state| NetworkState::of_parts(state, features)),
        }
    }

    /// The network ready for work; it must have passed [`Network::check`].
    pub(crate) fn to_parts(&self, features: &[Feature]) -> NetworkParts {
        self.borrowed().to_parts(features)
    }

    /// The same of other features, among which all of these are; a level that is new has zeros.
    pub(crate) fn carried(&self, from: &[Feature], to: &[Feature]) -> NetworkParts {
        self.borrowed().carried(from, to).borrowed().to_parts(to)
    }

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

    fn borrowed(&self) -> Borrowed<'_> {
        Borrowed { embeddings: &self.embeddings, layers: &self.layers, heads: &self.heads }
    }

    /// Checks that the network fits the features and holds nothing but finite numbers.
    ///
    /// # Errors
    /// [`Error::Model`] that says what does not fit.
    pub(crate) fn check(&self, features: &[Feature]) -> Result<()> {
        self.borrowed().check(features)?;
        match &self.state {
            Some(state) => state.check(&self.units(), features),
            None => Ok(()),
        }
    }
}

impl NetworkState {
    fn of_parts(parts: StateParts, features: &[Feature]) -> Self {
        let StateParts { epochs, steps, amount_scale, values, mut level_steps, head_biases } =
            parts;
        let [epochs, steps] = [epochs, steps].map(|count| count.min(MOST_STEPS));
        for steps in level_steps.iter_mut().flatten() {
            *steps = (*steps).min(MOST_LEVEL_STEPS);
        }
        let [weights, first, second] = values.map(|of| NetworkValues::of_parts(of, features));
        Self { epochs, steps, amount_scale, weights, first, second, level_steps, head_biases }
    }

    /// The state of a network of other features, among which all of these are.
    pub(crate) fn carried(&self, from: &[Feature], to: &[Feature]) -> StateParts {
        let of =
            |values: &NetworkValues| values.borrowed().carried(from, to).borrowed().to_parts(to);
        let known = categories(from).zip(&self.level_steps).map(|((name, _), steps)| (name, steps));
        let known: HashMap<&str, &Vec<u32>> = known.collect();
        let level_steps = categories(to).map(|(name, levels)| {
            let mut steps = vec![0; levels];
            let indices = indices_of_levels(from, to, name);
            for (index, value) in
                indices.into_iter().zip(known.get(name).into_iter().copied().flatten())
            {
                if let Some(slot) = index.and_then(|index| steps.get_mut(index)) {
                    *slot = *value;
                }
            }
            steps
        });
        StateParts {
            epochs: self.epochs,
            steps: self.steps,
            amount_scale: self.amount_scale,
            values: [of(&self.weights), of(&self.first), of(&self.second)],
            level_steps: level_steps.collect(),
            head_biases: self.head_biases,
        }
    }

    fn check(&self, units: &[usize], features: &[Feature]) -> Result<()> {
        for values in [&self.weights, &self.first, &self.second] {
            values.borrowed().check(features)?;
        }
        let all = [&self.weights, &self.first, &self.second];
        let of_layers = |values: &NetworkValues| -> Vec<usize> {
            values.layers.iter().map(|layer| layer.biases.len()).collect()
        };
        let sizes = |values: &NetworkValues| -> Vec<u64> {
            values.embeddings.iter().map(|vectors| vectors.size).collect()
        };
        let levels: Vec<usize> = categories(features).map(|(_, levels)| levels).collect();
        let counted: Vec<usize> = self.level_steps.iter().map(Vec::len).collect();
        let sound = all.iter().all(|values| of_layers(values) == units)
            && all.iter().all(|values| sizes(values) == sizes(&self.weights))
            && self.second.borrowed().numbers().all(|square| square >= 0.0)
            && counted == levels
            && self.head_biases.iter().flatten().all(|bias| bias.is_finite())
            && [self.epochs, self.steps].iter().all(|&count| count <= MOST_STEPS)
            && self.level_steps.iter().flatten().all(|&steps| steps <= MOST_LEVEL_STEPS)
            && AMOUNT_SCALES.contains(&self.amount_scale);
        if sound {
            Ok(())
        } else {
            Err(problem("the state of the network does not fit it".to_owned()))
        }
    }
}

impl NetworkValues {
    /// The text's form of the numbers.
    fn of_parts(parts: NetworkParts, features: &[Feature]) -> Self {
        let NetworkParts { shape, embeddings, weights, vectors, mu_scale } = parts;
        let at = |(panel, index): (usize, usize)| weights[panel][index];
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
            embeddings: embeddings.collect(),
            layers: layers.collect(),
            heads: HeadsOfUnits {
                logit: head(0, 1.0),
                mu: head(1, mu_scale as f32),
                raw_sigma: head(2, 1.0),
            },
        }
    }

    fn borrowed(&self) -> Borrowed<'_> {
        Borrowed { embeddings: &self.embeddings, layers: &self.layers, heads: &self.heads }
    }
}

impl<'a> Borrowed<'a> {
    /// The numbers of other features, among which all of these are; those of a level that is new are zeros.
    fn carried(self, from: &[Feature], to: &[Feature]) -> NetworkValues {
        let known: HashMap<&str, &LevelVectors> =
            self.embeddings.iter().map(|vectors| (vectors.feature.as_str(), vectors)).collect();
        let embeddings = categories(to).filter_map(|(name, levels)| {
            let old = known.get(name)?;
            let size = old.size as usize;
            let mut vectors = vec![0.0; levels * size];
            for (index, vector) in
                indices_of_levels(from, to, name).into_iter().zip(old.vectors.chunks(size.max(1)))
            {
                let index = index.map(|index| index * size..(index + 1) * size);
                if let Some(slots) = index.and_then(|index| vectors.get_mut(index)) {
                    slots.copy_from_slice(vector);
                }
            }
            Some(LevelVectors { feature: name.to_owned(), size: old.size, vectors })
        });
        let embeddings: Vec<LevelVectors> = embeddings.collect();
        // Where each input of the first layer stood.
        let stood: HashMap<(&str, usize), usize> =
            inputs_of(from, self.embeddings).into_iter().zip(0..).collect();
        let inputs: Vec<usize> = inputs_of(to, &embeddings)
            .into_iter()
            .filter_map(|input| stood.get(&input).copied())
            .collect();
        let mut layers = self.layers.to_vec();
        if let Some(first) = layers.first_mut() {
            let units = first.weights.chunks(inputs.len().max(1));
            let reordered = |unit: &[f32]| -> Vec<f32> {
                inputs.iter().filter_map(|input| unit.get(*input).copied()).collect()
            };
            first.weights = units.flat_map(reordered).collect();
        }
        drop(stood);
        NetworkValues { embeddings, layers, heads: self.heads.clone() }
    }

    /// The numbers ready for work; they must have passed [`Borrowed::check`].
    fn to_parts(self, features: &[Feature]) -> NetworkParts {
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
        for (layer, values) in shape.layers.iter().zip(self.layers) {
            let inputs = layer.numbers + layer.inputs;
            for (unit, bias) in values.biases.iter().enumerate() {
                let (panel, index) = layer.bias(unit);
                weights[panel][index] = *bias;
                for (input, weight) in
                    values.weights.iter().skip(unit * inputs).take(inputs).enumerate()
                {
                    let (panel, index) = layer.weight(input, unit);
                    weights[panel][index] = *weight;
                }
            }
        }
        for (head, values) in self.heads.all().into_iter().enumerate() {
            weights[shape.head_biases()][head] = values.bias;
            for (unit, weight) in values.weights.iter().enumerate() {
                let (panel, index) = shape.head_weight(unit, head);
                weights[panel][index] = *weight;
            }
        }
        let vectors = self.embeddings.iter().map(|of_levels| of_levels.vectors.clone()).collect();
        NetworkParts { shape, embeddings, weights, vectors, mu_scale: 1.0 }
    }

    /// Checks that the numbers fit the features and are finite.
    fn check(self, features: &[Feature]) -> Result<()> {
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
    fn check_embeddings(self, features: &[Feature]) -> Result<u64> {
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
            if !(1..=MOST_UNITS as u64).contains(&vectors.size)
                || needed != Some(vectors.vectors.len() as u64)
            {
                return Err(problem(format!(
                    "the embedding of feature `{}` has {} numbers, and {levels} levels of size {} came; the size is from 1 to {MOST_UNITS}",
                    quoted(name),
                    vectors.vectors.len(),
                    vectors.size
                )));
            }
            inputs += vectors.size;
        }
        if inputs > MOST_EMBEDDED as u64 {
            return Err(problem(format!(
                "the levels of a row have {inputs} numbers together, and at most {MOST_EMBEDDED} may come"
            )));
        }
        match given.next() {
            None => Ok(inputs),
            Some(more) => Err(problem(format!(
                "the network has an embedding of `{}`, which is no categorical feature in its place",
                quoted(&more.feature)
            ))),
        }
    }

    /// All of them.
    fn numbers(self) -> impl Iterator<Item = f32> + 'a {
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

/// The inputs of the first layer: the feature each is of, and which of its numbers it is.
fn inputs_of<'a>(features: &'a [Feature], embeddings: &'a [LevelVectors]) -> Vec<(&'a str, usize)> {
    let is_number = |feature: &&Feature| matches!(feature.encoding, Encoding::Numeric { .. });
    let numbers = features.iter().filter(is_number).map(|feature| (feature.name.as_str(), 0));
    let levels = embeddings.iter().flat_map(|of_levels| {
        (0..of_levels.size as usize).map(|index| (of_levels.feature.as_str(), index))
    });
    numbers.chain(levels).collect()
}

/// Where each level of a categorical feature stands among those of the same feature elsewhere.
fn indices_of_levels(from: &[Feature], to: &[Feature], name: &str) -> Vec<Option<usize>> {
    fn levels<'a>(features: &'a [Feature], name: &str) -> &'a [Option<String>] {
        let found = features.iter().find(|feature| feature.name == name);
        match found.map(|feature| &feature.encoding) {
            Some(Encoding::Categorical { levels, .. }) => levels,
            _ => &[],
        }
    }
    let indices: HashMap<Option<&str>, usize> =
        levels(to, name).iter().map(Option::as_deref).zip(0..).collect();
    let index = |level: &Option<String>| indices.get(&level.as_deref()).copied();
    levels(from, name).iter().map(index).collect()
}

fn number_count(features: &[Feature]) -> usize {
    features.len() - categories(features).count()
}

fn row(weight: f32) -> WeightRow {
    WeightRow::new(f64::from(weight))
}
