//! Networks as training and prediction have them: their numbers in panels, and those of other features.

use std::collections::HashMap;

use super::feature::{Encoding, Feature};
use super::network::{
    Activation, Borrowed, HeadOfUnits, HeadsOfUnits, LayerWeights, LevelVectors, Network,
    NetworkState, NetworkTraining, NetworkValues, categories, inputs_of, number_count,
};
use super::state::{MOST_LEVEL_STEPS, MOST_STEPS};
use crate::net::deep::{Embedding, PANEL, Panel, Shape};

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
}

impl Borrowed<'_> {
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
