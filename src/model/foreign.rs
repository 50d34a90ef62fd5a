//! Models of networks that were trained elsewhere.

use super::document::Model;
use super::feature::Feature;
use super::network::{Activation, HeadOfUnits, HeadsOfUnits, LayerWeights, LevelVectors, Network};
use super::range::Range;
use super::training::{History, L2, OptionsInForce, StopReason, Training};
use super::weights::{HeadWeights, Weights};
use crate::{Error, Result};

/// A network that was trained elsewhere, and what its inputs are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignNetwork {
    /// The features and their encodings.
    pub features: Vec<Feature>,
    /// The linear heads beside the network; `None` for zeros.
    pub wide: Option<Weights>,
    /// The vectors of the levels of each categorical feature, in the order of the features.
    pub embeddings: Vec<LevelVectors>,
    /// From the inputs to the heads: the last layer has three units without activation, logit, mu and raw sigma.
    pub layers: Vec<LayerWeights>,
    /// The range within which mu is held.
    pub mu_range: Option<Range>,
    /// The greatest sigma that is predicted.
    pub max_sigma: f64,
}

impl ForeignNetwork {
    /// The model, whose text predicts as any other. Of its training it knows nothing: the counts are 0.
    ///
    /// # Errors
    /// [`Error::Model`] if the parts do not fit each other, as when a text is read.
    ///
    /// ```
    /// use ziln::model::{Encoding, Feature, ForeignNetwork, LayerWeights};
    ///
    /// let visits = Encoding::Numeric { mean: 3.0, scale: 2.0, range: None, payer_range: None };
    /// let model = ForeignNetwork {
    ///     features: vec![Feature::new("visits", visits)],
    ///     wide: None,
    ///     embeddings: Vec::new(),
    ///     layers: vec![
    ///         LayerWeights { biases: vec![0.5], weights: vec![1.0] },
    ///         LayerWeights { biases: vec![-1.0, 2.0, 0.5], weights: vec![1.0, 0.25, 0.0] },
    ///     ],
    ///     mu_range: None,
    ///     max_sigma: 5.0,
    /// };
    /// assert!(model.into_model()?.to_json().starts_with("{\"format_version\":2"));
    /// # Ok::<(), ziln::Error>(())
    /// ```
    pub fn into_model(self) -> Result<Model> {
        let Self { features, wide, embeddings, mut layers, mu_range, max_sigma } = self;
        let heads = heads_of(layers.pop())?;
        let width = features.iter().map(|feature| feature.encoding.width()).sum();
        let zeros = || HeadWeights::new(0.0, vec![0.0; width]);
        let wide = wide.unwrap_or_else(|| Weights::new(zeros(), zeros(), zeros()));
        let network = Network {
            activation: Activation::Relu,
            embeddings,
            layers,
            heads,
            training: None,
            state: None,
        };
        Model::of_network(features, wide, network, mu_range, max_sigma, no_options(), no_training())
    }
}

/// The heads that the last layer is.
fn heads_of(last: Option<LayerWeights>) -> Result<HeadsOfUnits> {
    let layer = last.unwrap_or_default();
    let (heads, weights) = (layer.biases.len(), layer.weights.len());
    if heads != 3 || !weights.is_multiple_of(3) {
        return Err(Error::Model {
            problem: format!(
                "the last layer has {heads} units and {weights} weights, and needs 3 units (logit, mu, raw_sigma)"
            ),
        });
    }
    let inputs = weights / 3;
    let head = |head: usize| HeadOfUnits {
        bias: layer.biases[head],
        weights: layer.weights[head * inputs..(head + 1) * inputs].to_vec(),
    };
    Ok(HeadsOfUnits { logit: head(0), mu: head(1), raw_sigma: head(2) })
}

fn no_options() -> OptionsInForce {
    OptionsInForce {
        max_rows: None,
        epochs: 0,
        batch_size: 0,
        learning_rate: 0.0,
        optimizer: "none".to_owned(),
        schedule: "none".to_owned(),
        l2: L2 { logit: 0.0, mu: 0.0, raw_sigma: 0.0 },
        clip_norm: None,
        seed: 0,
        validation_fraction: 0.0,
        patience: 0,
        min_count: 0,
        init: false,
        min_payment: None,
        tolerance: None,
        sigma_prior: None,
    }
}

fn no_training() -> Training {
    Training {
        rows_seen: None,
        rows: 0,
        payers: 0,
        validation_rows: 0,
        skipped_labels: 0,
        negative_labels: 0,
        tiny_labels: 0,
        label_min: None,
        label_max: None,
        weight_sum: 0.0,
        epochs_run: 0,
        best_epoch: 0,
        stop_reason: StopReason::Epochs,
        train_loss: 0.0,
        objective: 0.0,
        validation_loss: None,
        prediction_ratio: None,
        warnings: Vec::new(),
        history: History::default(),
    }
}
