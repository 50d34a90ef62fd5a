//! Texts that were a model's before something happened to them: refused, or a model that is whole. Never a panic.

use std::sync::OnceLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use ziln::math::Column;
use ziln::model::{Encoding, FeatureInput, Model, Scorer};

use crate::made::predict;
use crate::text::model;

fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| model().to_json())
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
    prop_assert_eq!(model.weights().len(), 3 * (1 + widths));
    // What it says of itself leads back to it.
    prop_assert_eq!(&Model::from_json(&model.to_json()).unwrap(), &model);
    // It predicts from columns of its own kinds, and refuses others.
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
        prop::sample::select(vec![0.0, -0.0, 1.0, -1.0, 5e-324, f64::MAX, f64::MIN, 1e-300])
            .prop_map(Value::from),
        prop::sample::select(vec![
            "", "web", "visits", "numeric", "NaN", "inf", "\u{0}", "epochs", "adam"
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
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Parts of the text are replaced, left out, repeated, exchanged.
    #[test]
    fn changed_parts(changes in prop::collection::vec(any_change(), 1..4)) {
        let mut value: Value = serde_json::from_str(text()).unwrap();
        for (at, change) in changes {
            apply(&mut value, at, change);
        }
        check(&value.to_string())?;
    }

    /// Characters are lost, repeated, and others get between them.
    #[test]
    fn changed_characters(
        cuts in prop::collection::vec(
            (any::<prop::sample::Index>(), 0_usize..40, "[\\[\\]{}\":,0-9eE.+\\-a-zü\\\\ \u{0}]{0,6}"),
            1..5,
        ),
    ) {
        let mut characters: Vec<char> = text().chars().collect();
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

/// Were all changed texts refused, the checks of those that are not would prove nothing.
#[test]
fn some_changes_leave_a_model() {
    let mut value: Value = serde_json::from_str(text()).unwrap();
    for (path, new) in [
        ("/features/0/name", json!("renamed")),
        ("/weights/mu/weights/0", json!(1e300)),
        ("/weights/raw_sigma/intercept", json!(-1e308)),
        ("/training/train_loss", json!(-1.0)),
    ] {
        *value.pointer_mut(path).unwrap() = new;
        assert!(check(&value.to_string()).unwrap(), "{path}");
    }
    assert!(check(text()).unwrap());
}
