//! The weights of a network in training.

use crate::net::deep::{Embedding, PANEL, Panel, Shape, Transposed, init_embedding, init_layers};

/// Where the vectors of levels start: small beside standardised numbers.
const EMBEDDING_SPREAD: f32 = 0.3;

/// Weights, and what the optimiser keeps for them.
#[derive(Debug, Clone, Default)]
pub(super) struct NetworkWeights {
    /// Of the layers and heads.
    pub(super) weights: Vec<Panel>,
    /// Of each category the vectors of its levels.
    pub(super) vectors: Vec<Vec<f32>>,
}

/// The optimiser's averages.
#[derive(Debug, Clone)]
pub(super) struct AdamMoments {
    pub(super) first: NetworkWeights,
    pub(super) second: NetworkWeights,
    /// Steps behind.
    pub(super) steps: u64,
    /// Steps behind, of each level of each category.
    pub(super) level_steps: Vec<Vec<u32>>,
}

impl NetworkWeights {
    /// As training starts.
    pub(super) fn start(shape: &Shape, embeddings: &[Embedding], seed: u64) -> Self {
        let mut start = Self::zeros(shape, embeddings);
        init_layers(shape, seed, &mut start.weights);
        for (feature, (embedding, vectors)) in embeddings.iter().zip(&mut start.vectors).enumerate()
        {
            for (level, vector) in vectors.chunks_exact_mut(embedding.size).enumerate() {
                init_embedding(seed, feature, level, EMBEDDING_SPREAD, vector);
            }
        }
        start
    }

    pub(super) fn zeros(shape: &Shape, embeddings: &[Embedding]) -> Self {
        Self {
            weights: vec![[0.0; PANEL]; shape.panels()],
            vectors: embeddings.iter().map(|e| vec![0.0; e.levels * e.size]).collect(),
        }
    }

    /// Whether all weights are numbers.
    pub(super) fn are_finite(&self) -> bool {
        let vectors = self.vectors.iter().flatten();
        self.weights.as_flattened().iter().chain(vectors).all(|weight| weight.is_finite())
    }

    /// Moves a share of the way to other values.
    pub(super) fn approach(&mut self, other: &Self, share: f32) {
        let pairs = self.weights.as_flattened_mut().iter_mut().zip(other.weights.as_flattened());
        pairs.for_each(|(mean, weight)| *mean += share * (weight - *mean));
        for (means, vectors) in self.vectors.iter_mut().zip(&other.vectors) {
            means
                .iter_mut()
                .zip(vectors)
                .for_each(|(mean, weight)| *mean += share * (weight - *mean));
        }
    }
}

impl AdamMoments {
    pub(super) fn zeros(shape: &Shape, embeddings: &[Embedding]) -> Self {
        Self {
            first: NetworkWeights::zeros(shape, embeddings),
            second: NetworkWeights::zeros(shape, embeddings),
            steps: 0,
            level_steps: embeddings.iter().map(|e| vec![0; e.levels]).collect(),
        }
    }
}

/// Weights ready for forward and backward.
pub(super) struct Ready<'a> {
    pub(super) shape: &'a Shape,
    pub(super) embeddings: &'a [Embedding],
    pub(super) values: &'a NetworkWeights,
    pub(super) transposed: &'a Transposed,
}
