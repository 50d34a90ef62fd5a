//! Networks as matrices: into a model's text and out of it.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use ziln::Error;
use ziln::model::{
    Encoding, Feature, ForeignNetwork, HeadWeights, LayerWeights, LevelVectors, Model, Range,
    Weights,
};

/// The least and the greatest of a range.
type Ends = (f64, f64);

/// A matrix of single precision, row after row, and what is added to its product.
type Matrix<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>);

/// A feature: of a number its name, mean, scale and ranges, of a category its name, levels and their vectors.
#[derive(FromPyObject, IntoPyObject)]
pub(crate) enum PyFeature {
    Number(String, f64, f64, Option<Ends>, Option<Ends>),
    Levels(String, Vec<Option<String>>, Vec<f32>),
}

/// The linear heads: head after head the intercept, and the weights.
type Wide = (Vec<f64>, Vec<Vec<f64>>);

/// What a model is made of.
type Parts<'py> = (Vec<PyFeature>, Vec<Matrix<'py>>, Wide, Option<Ends>, f64);

/// The text of a model of a network.
#[pyfunction]
pub(crate) fn network_model(
    features: Vec<PyFeature>,
    layers: Vec<(PyBackedBytes, PyBackedBytes)>,
    wide: Option<Wide>,
    mu_range: Option<Ends>,
    max_sigma: f64,
) -> PyResult<String> {
    let embeddings = features.iter().filter_map(embedding).collect();
    let layer = |(weights, biases): (PyBackedBytes, PyBackedBytes)| LayerWeights {
        biases: singles(&biases),
        weights: singles(&weights),
    };
    let network = ForeignNetwork {
        features: features.into_iter().map(feature).collect(),
        wide: wide.map(weights).transpose()?,
        embeddings,
        layers: layers.into_iter().map(layer).collect(),
        mu_range: mu_range.map(range),
        max_sigma,
    };
    Ok(network.into_model().map_err(|error| refuse(&error))?.to_json())
}

/// What the model of a text is made of.
#[pyfunction]
pub(crate) fn network_parts<'py>(py: Python<'py>, text: &str) -> PyResult<Parts<'py>> {
    let model = Model::from_json(text).map_err(|error| refuse(&error))?;
    let mut embeddings = model.network().map_or(&[][..], |network| &network.embeddings).iter();
    let features = model.features().iter().filter_map(|feature| {
        let name = feature.name.clone();
        let ends = |range: &Option<Range>| range.map(|range| (range.least, range.most));
        match &feature.encoding {
            Encoding::Numeric { mean, scale, range, payer_range } => {
                Some(PyFeature::Number(name, *mean, *scale, ends(range), ends(payer_range)))
            }
            Encoding::Categorical { levels, .. } => {
                let vectors = embeddings.next().map(|of| of.vectors.clone()).unwrap_or_default();
                Some(PyFeature::Levels(name, levels.clone(), vectors))
            }
            _ => None,
        }
    });
    let matrix = |weights: &[f32], biases: &[f32]| (bytes(py, weights), bytes(py, biases));
    let mut layers = Vec::new();
    if let Some(network) = model.network() {
        layers.extend(network.layers.iter().map(|layer| matrix(&layer.weights, &layer.biases)));
        let heads = [&network.heads.logit, &network.heads.mu, &network.heads.raw_sigma];
        let weights: Vec<f32> = heads.iter().flat_map(|head| head.weights.clone()).collect();
        layers.push(matrix(&weights, &heads.map(|head| head.bias)));
    }
    let heads = model.head_weights();
    let heads = [&heads.logit, &heads.mu, &heads.raw_sigma];
    let wide = (
        heads.iter().map(|head| head.intercept).collect(),
        heads.iter().map(|head| head.weights.clone()).collect(),
    );
    let mu_range = model.mu_range().map(|range| (range.least, range.most));
    Ok((features.collect(), layers, wide, mu_range, model.max_sigma()))
}

fn feature(feature: PyFeature) -> Feature {
    match feature {
        PyFeature::Number(name, mean, scale, held, of_payers) => {
            let (range, payer_range) = (held.map(range), of_payers.map(range));
            Feature::new(name, Encoding::Numeric { mean, scale, range, payer_range })
        }
        PyFeature::Levels(name, levels, _) => {
            let rows = vec![0; levels.len()];
            Feature::new(name, Encoding::Categorical { levels, rows })
        }
    }
}

fn embedding(feature: &PyFeature) -> Option<LevelVectors> {
    let PyFeature::Levels(name, levels, vectors) = feature else { return None };
    // Without levels any size is right.
    let size = vectors.len().checked_div(levels.len()).unwrap_or(1) as u64;
    Some(LevelVectors { feature: name.clone(), size, vectors: vectors.clone() })
}

fn weights((intercepts, weights): Wide) -> PyResult<Weights> {
    let heads = intercepts.into_iter().zip(weights);
    let heads: Vec<HeadWeights> = heads.map(|(i, weights)| HeadWeights::new(i, weights)).collect();
    let heads: [HeadWeights; 3] = heads
        .try_into()
        .map_err(|_| PyValueError::new_err("expected three heads: logit, mu and raw_sigma"))?;
    let [logit, mu, raw_sigma] = heads;
    Ok(Weights::new(logit, mu, raw_sigma))
}

fn range((least, most): Ends) -> Range {
    Range { least, most }
}

/// What is wrong with a model, without the argument of SQL that it would be.
pub(crate) fn refuse(error: &Error) -> PyErr {
    match error {
        Error::Model { problem } => PyValueError::new_err(problem.clone()),
        other => PyValueError::new_err(other.to_string()),
    }
}

fn singles(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn bytes<'py>(py: Python<'py>, values: &[f32]) -> Bound<'py, PyBytes> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    PyBytes::new(py, &bytes)
}
