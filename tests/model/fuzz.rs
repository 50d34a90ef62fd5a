//! Texts that were a model's before something happened to them: refused, or a model that is whole. Never a panic.

use std::sync::OnceLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use ziln::fit::{Chunk, FeatureColumn, FeatureValues, OptionValue, Options, RowId, Table, fit};
use ziln::math::Column;
use ziln::model::{Encoding, Explainer, Feature, FeatureInput, Model, Network, Scorer};

use crate::made::predict;
use crate::text::model;

/// The text of a linear model, of a network, and of a network with its optimiser's state.
fn texts() -> &'static [String; 3] {
    static TEXTS: OnceLock<[String; 3]> = OnceLock::new();
    TEXTS.get_or_init(|| [model(), network(false), network(true)].map(|model| model.to_json()))
}

/// A network with two layers, of two numbers and a category.
fn network(keep_state: bool) -> Model {
    let rows = 0..80_u32;
    let label: Vec<f64> =
        rows.clone().map(|i| if i % 3 == 0 { f64::from(i) + 0.1 } else { 0.0 }).collect();
    let visits: Vec<f64> = rows.clone().map(|i| f64::from(i * 7 % 11) / 3.0).collect();
    let age: Vec<f64> = rows.clone().map(|i| f64::from(i * 13 % 29)).collect();
    let codes: Vec<u32> = rows.clone().map(|i| i % 3).collect();
    let table = Table {
        features: vec![
            FeatureColumn { name: "visits", levels: None },
            FeatureColumn {
                name: "channel", levels: Some(vec![Some("web"), None, Some("\"ü\\")])
            },
            FeatureColumn { name: "age", levels: None },
        ],
        chunks: vec![Chunk {
            label: &label,
            weight: None,
            features: vec![
                FeatureValues::Numbers(&visits),
                FeatureValues::Codes(&codes),
                FeatureValues::Numbers(&age),
            ],
        }],
    };
    let rows: Vec<RowId> = rows.map(|row| RowId { chunk: 0, row }).collect();
    let options = [
        ("epochs", OptionValue::Integer(2)),
        ("hidden", OptionValue::List(vec![3.into(), 2.into()])),
        ("validation_fraction", OptionValue::Number(0.0)),
        ("keep_state", OptionValue::Bool(keep_state)),
    ];
    let options = Options::from_pairs(options.map(|(name, value)| (name.to_owned(), value)));
    fit(&table, &rows, &options.unwrap()).unwrap().unwrap()
}

/// How many numbers a network has, if its layers fit the features and each other.
fn count_numbers(network: &Network, features: &[Feature]) -> usize {
    let mut embeddings = network.embeddings.iter();
    let (mut inputs, mut count) = (0, 0);
    for feature in features {
        match &feature.encoding {
            Encoding::Categorical { levels, .. } => {
                let of_levels = embeddings.next().unwrap();
                assert_eq!(of_levels.feature, feature.name);
                assert_eq!(of_levels.vectors.len(), levels.len() * of_levels.size as usize);
                inputs += of_levels.size as usize;
                count += of_levels.vectors.len();
            }
            _ => inputs += 1,
        }
    }
    assert!(embeddings.next().is_none());
    for layer in &network.layers {
        assert_eq!(layer.weights.len(), inputs * layer.biases.len());
        inputs = layer.biases.len();
        count += layer.weights.len() + inputs;
    }
    for head in [&network.heads.logit, &network.heads.mu, &network.heads.raw_sigma] {
        assert_eq!(head.weights.len(), inputs);
        count += 1 + inputs;
    }
    count
}

/// What is expected of a text, whatever it is: an error that names the argument, or a model that is whole.
fn check(text: &str) -> Result<bool, TestCaseError> {
    let model = match Model::from_json(text) {
        Ok(model) => model,
        Err(error) => {
            prop_assert!(error.to_string().contains("argument `model`"), "{}", error);
            return Ok(false);
        }
    };
    let width = |encoding: &Encoding| match encoding {
        Encoding::Numeric { .. } => 1,
        Encoding::Categorical { levels, .. } => levels.len(),
        other => unreachable!("{other:?}"),
    };
    let widths: usize = model.features().iter().map(|feature| width(&feature.encoding)).sum();
    let heads = model.head_weights();
    for head in [&heads.logit, &heads.mu, &heads.raw_sigma] {
        prop_assert_eq!(head.weights.len(), widths);
    }
    let of_network = model.network().map_or(0, |network| count_numbers(network, model.features()));
    prop_assert_eq!(model.weights().len(), 3 * (1 + widths) + of_network);
    // What it says of itself leads back to it.
    prop_assert_eq!(&Model::from_json(&model.to_json()).unwrap(), &model);
    // It predicts from columns of its own kinds.
    let numbers = [0.0, 1e300, f64::NAN, -3.5];
    let levels = [Some("web"), None, Some("never seen"), Some("")];
    let number = FeatureInput::Number(Column::F64(&numbers));
    let codes = FeatureInput::Codes { codes: &[0, 1, 2, 3], levels: &levels };
    let inputs: Vec<FeatureInput<'_>> = (model.features().iter())
        .map(|feature| match feature.encoding {
            Encoding::Numeric { .. } => number,
            Encoding::Categorical { .. } => codes,
            _ => unreachable!(),
        })
        .collect();
    let scorer = Scorer::new(&model);
    let names: Vec<&str> = model.features().iter().map(|feature| feature.name.as_str()).collect();
    prop_assert_eq!(scorer.match_features(&names).unwrap().len(), names.len());
    let out = predict(&scorer, &inputs, numbers.len());
    prop_assert!(out.iter().all(|head| head.len() == numbers.len()));
    prop_assert!(!out[2].iter().any(|sigma| *sigma <= 0.0), "{:?}", out);
    // It explains what it predicts.
    let explainer = Explainer::new(&model);
    for row in 0..numbers.len() {
        prop_assert_eq!(explainer.explain(&inputs, row).unwrap().len(), names.len());
    }
    Ok(true)
}

/// A value in the place of another.
fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<f32>().prop_map(Value::from),
        prop::sample::select(vec![0.0, -0.0, 1.0, -1.0, 5e-324, f64::MAX, f64::MIN, 1e-300])
            .prop_map(Value::from),
        // The greatest and the least number in single precision, and a greater one.
        prop::sample::select(vec![3.402_823_5e38, 1e-45, 1e39]).prop_map(Value::from),
        prop::sample::select(vec![1_u64, 2, 3, 1024, 1025, 1 << 32, 1 << 53, u64::MAX])
            .prop_map(Value::from),
        prop::sample::select(vec![
            "", "web", "visits", "numeric", "NaN", "inf", "\u{0}", "epochs", "adam", "relu",
            "channel",
        ])
        .prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([null, 1, "a"])),
    ]
}

/// The paths to everything within a value.
fn paths(value: &Value) -> Vec<String> {
    let mut all = Vec::new();
    let mut open = vec![String::new()];
    while let Some(path) = open.pop() {
        match value.pointer(&path) {
            Some(Value::Object(fields)) => {
                open.extend(fields.keys().map(|name| format!("{path}/{name}")));
            }
            Some(Value::Array(items)) => {
                open.extend((0..items.len()).map(|index| format!("{path}/{index}")));
            }
            _ => {}
        }
        all.push(path);
    }
    all.sort();
    all
}

/// Something that may happen to a part of a text.
#[derive(Debug, Clone)]
enum Change {
    Replace(Value),
    Remove,
    Repeat,
    Copy(prop::sample::Index),
    Reverse,
}

fn any_change() -> impl Strategy<Value = (prop::sample::Index, Change)> {
    let change = prop_oneof![
        3 => any_value().prop_map(Change::Replace),
        1 => Just(Change::Remove),
        1 => Just(Change::Repeat),
        1 => any::<prop::sample::Index>().prop_map(Change::Copy),
        1 => Just(Change::Reverse),
    ];
    (any::<prop::sample::Index>(), change)
}

fn apply(value: &mut Value, at: prop::sample::Index, change: Change) {
    let paths = paths(value);
    let path = at.get(&paths);
    // The whole text has nothing around it.
    let Some((parent, last)) = path.rsplit_once('/') else { return };
    match change {
        Change::Replace(new) => *value.pointer_mut(path).unwrap() = new,
        Change::Copy(from) => {
            let from: &String = from.get(&paths);
            let other = value.pointer(from).unwrap().clone();
            *value.pointer_mut(path).unwrap() = other;
        }
        Change::Remove => match value.pointer_mut(parent) {
            Some(Value::Object(fields)) => _ = fields.remove(last),
            Some(Value::Array(items)) => _ = items.remove(last.parse().unwrap()),
            _ => {}
        },
        Change::Repeat => {
            if let Some(Value::Array(items)) = value.pointer_mut(parent) {
                let item = items[last.parse::<usize>().unwrap()].clone();
                items.push(item);
            }
        }
        Change::Reverse => {
            if let Some(Value::Array(items)) = value.pointer_mut(path) {
                items.reverse();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 6000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Parts of the text are replaced, left out, repeated, exchanged.
    #[test]
    fn changed_parts(
        text in prop::sample::select(&texts()[..]),
        changes in prop::collection::vec(any_change(), 1..4),
    ) {
        let mut value: Value = serde_json::from_str(&text).unwrap();
        for (at, change) in changes {
            apply(&mut value, at, change);
        }
        check(&value.to_string())?;
    }

    /// Characters are lost, repeated, and others get between them.
    #[test]
    fn changed_characters(
        text in prop::sample::select(&texts()[..]),
        cuts in prop::collection::vec(
            (any::<prop::sample::Index>(), 0_usize..40, "[\\[\\]{}\":,0-9eE.+\\-a-zü\\\\ \u{0}]{0,6}"),
            1..5,
        ),
    ) {
        let mut characters: Vec<char> = text.chars().collect();
        for (at, length, insert) in cuts {
            let start = at.index(characters.len() + 1);
            let end = (start + length).min(characters.len());
            characters.splice(start..end, insert.chars());
        }
        check(&characters.into_iter().collect::<String>())?;
    }

    /// Anything at all.
    #[test]
    fn any_text(text in ".{0,200}") {
        prop_assert!(!check(&text)?);
    }
}

#[test]
fn a_cut_text_is_refused_wherever_it_ends() {
    for text in texts() {
        for end in (0..text.len()).filter(|&end| text.is_char_boundary(end)) {
            assert!(!check(&text[..end]).unwrap(), "{end}");
        }
    }
}

/// Were all changed texts refused, the checks of those that are not would prove nothing.
#[test]
fn some_changes_leave_a_model() {
    let of_all = [
        ("/features/0/name", json!("renamed")),
        ("/weights/mu/weights/0", json!(1e300)),
        ("/weights/raw_sigma/intercept", json!(-1e308)),
        ("/training/train_loss", json!(-1.0)),
    ];
    let of_networks = [
        ("/network/layers/0/weights/1", json!(3.4e38)),
        ("/network/layers/1/biases/0", json!(-3.4e38)),
        ("/network/embeddings/0/vectors/0", json!(3.4e38)),
        ("/network/heads/raw_sigma/weights/0", json!(3.4e38)),
        ("/network/heads/mu/bias", json!(3.4e38)),
    ];
    for (text, is_network) in texts().iter().zip([false, true, true]) {
        let of_networks = of_networks.iter().filter(|_| is_network);
        let mut value: Value = serde_json::from_str(text).unwrap();
        for (path, new) in of_all.iter().chain(of_networks) {
            *value.pointer_mut(path).unwrap() = new.clone();
            assert!(check(&value.to_string()).unwrap(), "{path}");
        }
        assert!(check(text).unwrap());
        assert_eq!(text.contains("\"format_version\":2"), is_network);
    }
}
