//! Made-up models and columns.

use std::sync::Arc;

use serde_json::{Value, json};
use ziln::math::Column;
use ziln::model::{FeatureInput, Model, ParamsOut, Scorer, ScorerSet};

/// A model of these features, `(name, encoding, weights a head)`, with weights made of `seed`.
pub(crate) fn model_of(seed: f64, features: &[(&str, Value, usize)]) -> Model {
    let width = features.iter().map(|(_, _, width)| width).sum::<usize>();
    let heads = ["logit", "mu", "raw_sigma"].map(|head| {
        let weights: Vec<f64> =
            (0..width).map(|i| (seed + i as f64 * 0.7 + head.len() as f64).sin()).collect();
        (head.to_owned(), json!({"intercept": seed * 0.1, "weights": weights}))
    });
    let feature =
        |(name, encoding, _): &(&str, Value, usize)| json!({"name": name, "encoding": encoding});
    let text = json!({
        "format_version": 1,
        "features": features.iter().map(feature).collect::<Vec<Value>>(),
        "weights": heads.into_iter().collect::<serde_json::Map<_, _>>(),
        "max_sigma": 2.0,
        "options": {
            "epochs": 1, "batch_size": 1, "learning_rate": 1.0, "optimizer": "adam", "schedule": "cosine",
            "l2": {"logit": 0.0, "mu": 0.0, "raw_sigma": 0.0}, "seed": 0, "validation_fraction": 0.0,
            "patience": 1, "min_count": 1, "init": false
        },
        "training": {
            "rows": 6, "payers": 1, "validation_rows": 0, "skipped_labels": 0, "negative_labels": 0,
            "weight_sum": 6.0, "epochs_run": 1, "best_epoch": 1, "stop_reason": "epochs",
            "train_loss": 1.0, "objective": 1.0, "history": {"epoch": [1], "train": [1.0]}
        }
    });
    Model::from_json(&text.to_string()).unwrap()
}

/// A number in a model.
pub(crate) fn numeric(name: &str, mean: f64, scale: f64) -> (&str, Value, usize) {
    (name, json!({"numeric": {"mean": mean, "scale": scale}}), 1)
}

/// A category in a model, with levels NULL, "x" and "y".
pub(crate) fn categorical(name: &str) -> (&str, Value, usize) {
    (name, json!({"categorical": {"levels": [null, "x", "y"], "rows": [1, 2, 3]}}), 3)
}

/// A model of a number `a`, a category `c` and a number `b`.
pub(crate) fn model(seed: f64) -> Model {
    model_of(seed, &[numeric("a", 2.0 + seed, 4.0), categorical("c"), numeric("b", -1.0, 0.5)])
}

/// What the codes of [`Columns`] mean.
pub(crate) const LEVELS: [Option<&str>; 4] = [Some("y"), None, Some("never seen"), Some("x")];

/// Columns of any length, with missing values among them.
pub(crate) struct Columns {
    pub(crate) a: Vec<f64>,
    pub(crate) codes: Vec<u32>,
    pub(crate) b: Vec<f32>,
}

impl Columns {
    pub(crate) fn new(rows: usize) -> Self {
        let odd = |row: usize, x: f64| match row % 11 {
            3 => f64::NAN,
            7 => f64::INFINITY,
            _ => x,
        };
        Self {
            a: (0..rows).map(|row| odd(row, row as f64 * 0.37 - 3.0)).collect(),
            codes: (0..rows as u32).map(|row| row * 5 % 4).collect(),
            b: (0..rows).map(|row| odd(row + 1, (row as f64).cos()) as f32).collect(),
        }
    }

    pub(crate) fn inputs(&self) -> [FeatureInput<'_>; 3] {
        [
            FeatureInput::Number(Column::F64(&self.a)),
            FeatureInput::Codes { codes: &self.codes, levels: &LEVELS },
            FeatureInput::Number(Column::F32(&self.b)),
        ]
    }
}

/// What one model predicts.
pub(crate) fn predict(scorer: &Scorer, inputs: &[FeatureInput<'_>], rows: usize) -> [Vec<f64>; 3] {
    let mut out = [vec![0.0; rows], vec![0.0; rows], vec![0.0; rows]];
    let [logit, mu, sigma] = &mut out;
    scorer.predict(inputs, ParamsOut { logit, mu, sigma }).unwrap();
    out
}

/// What a set of models predicts, each row with the model of its index.
pub(crate) fn predict_each(
    scorers: &[&Scorer],
    which: &[u32],
    names: &[&str],
    inputs: &[FeatureInput<'_>],
) -> [Vec<f64>; 3] {
    let mut set = ScorerSet::default();
    for (index, scorer) in scorers.iter().enumerate() {
        assert_eq!(set.add(Arc::new((*scorer).clone())), index as u32);
    }
    predict_rows(&mut set, which, names, inputs)
}

/// What a set predicts.
pub(crate) fn predict_rows<N: AsRef<str>>(
    set: &mut ScorerSet,
    which: &[u32],
    names: &[N],
    inputs: &[FeatureInput<'_>],
) -> [Vec<f64>; 3] {
    let mut out = [(); 3].map(|()| vec![0.0; which.len()]);
    let [logit, mu, sigma] = &mut out;
    let rows = set.bind(names, which).unwrap();
    rows.predict(inputs, ParamsOut { logit, mu, sigma }).unwrap();
    out
}
