//! What training starts from: nothing, or the network of a model.

use super::linear::Linear;
use super::weights::{AdamMoments, NetworkWeights};
use crate::model::{Encoding, Model, NetworkParts};
use crate::net::deep::{Embedding, Shape, embedding_size};

/// A network as training starts.
pub(super) struct NetworkStart {
    pub(super) shape: Shape,
    pub(super) embeddings: Vec<Embedding>,
    pub(super) values: NetworkWeights,
    /// The running average of the weights.
    pub(super) average: NetworkWeights,
    pub(super) moments: AdamMoments,
    /// Epochs behind it.
    pub(super) epochs: u64,
}

impl NetworkStart {
    /// Of a model to continue from with its weights, and its state if it was kept; otherwise of layers of so many units.
    pub(super) fn new(linear: &Linear<'_>, numbers: usize, hidden: &[usize]) -> Self {
        match linear.init.filter(|model| model.network().is_some()) {
            Some(model) => Self::of_model(model, linear, numbers, hidden),
            None => Self::anew(linear, numbers, hidden),
        }
    }

    fn anew(linear: &Linear<'_>, numbers: usize, hidden: &[usize]) -> Self {
        let mut at = 0;
        let levels = linear.encodings.iter().filter_map(|encoding| match encoding {
            Encoding::Categorical { levels, .. } => Some(levels.len()),
            Encoding::Numeric { .. } => None,
        });
        let categories = levels.clone().count();
        let embeddings: Vec<Embedding> = levels
            .map(|levels| {
                let embedding = Embedding { levels, size: embedding_size(levels, categories), at };
                at += embedding.size;
                embedding
            })
            .collect();
        let shape = Shape::new(numbers, at, hidden);
        let values = NetworkWeights::start(&shape, &embeddings, linear.seed);
        Self {
            average: values.clone(),
            moments: AdamMoments::zeros(&shape, &embeddings),
            shape,
            embeddings,
            values,
            epochs: 0,
        }
    }

    fn of_model(model: &Model, linear: &Linear<'_>, numbers: usize, hidden: &[usize]) -> Self {
        let Some(network) = model.network() else { return Self::anew(linear, numbers, hidden) };
        let (from, to) = (model.features(), linear.features());
        let scale = linear.heads.amount_scale;
        let NetworkParts { shape, embeddings, weights, vectors, .. } = network.carried(from, &to);
        let mut average = NetworkWeights { weights, vectors };
        if let Some(state) = &network.state
            && let Some([logit, mu, raw_sigma]) = state.head_biases
        {
            // Training goes on from the heads as they were before they were moved.
            let biases = [logit, mu * state.amount_scale as f32, raw_sigma];
            shape.set_biases_of_heads(&mut average.weights, biases);
        }
        shape.scale_heads(&mut average.weights, [1.0, (1.0 / scale) as f32, 1.0]);
        let Some(state) = &network.state else {
            return Self {
                values: average.clone(),
                moments: AdamMoments::zeros(&shape, &embeddings),
                shape,
                embeddings,
                average,
                epochs: 0,
            };
        };
        let state = state.carried(from, &to);
        // A gradient by what is in units of a scale grows with it.
        let ratio = (scale / state.amount_scale) as f32;
        let mut factors = [1.0 / ratio, ratio, ratio * ratio].into_iter();
        let [values, first, second] = state.values.map(|parts| {
            let NetworkParts { weights, vectors, .. } = parts;
            let mut values = NetworkWeights { weights, vectors };
            let factor = factors.next().unwrap_or(1.0);
            shape.scale_heads(&mut values.weights, [1.0, factor, 1.0]);
            values
        });
        let level_steps = state.level_steps;
        Self {
            moments: AdamMoments { first, second, steps: state.steps, level_steps },
            shape,
            embeddings,
            values,
            average,
            epochs: state.epochs,
        }
    }
}
