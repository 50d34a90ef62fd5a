//! The text of a model with a network, and its weights as rows.

use std::sync::Arc;

use ziln::fit::OptionValue;
use ziln::model::{Encoding, Model};

use super::{bent, fit, network, options};

#[test]
fn the_text_leads_back_to_the_network() {
    let data = bent(2000, 14);
    let model = fit(&data, &network(&[12, 5]));
    let text = model.to_json();
    assert!(text.starts_with("{\"format_version\":2,"), "{}", &text[..40]);
    let read = Model::from_json(&text).unwrap();
    assert_eq!(read, model);
    assert_eq!(read.to_json(), text);
    assert_eq!(data.predict(&read), data.predict(&model));
}

#[test]
fn hostile_networks_are_refused() {
    let text = fit(&bent(500, 15), &network(&[4, 3])).to_json();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut value = value.clone();
        change(&mut value);
        assert_ne!(value.to_string(), text);
        Model::from_json(&value.to_string()).unwrap_err().to_string()
    };
    let with = |pointer: &str, new: serde_json::Value| {
        refused(&|value| *value.pointer_mut(pointer).unwrap() = new.clone())
    };
    let zeros = |count: usize| serde_json::json!(vec![0.0; count]);
    assert!(with("/network/layers/0/weights", zeros(3)).contains("weights"));
    assert!(with("/network/layers/0/biases", zeros(5)).contains("need"));
    assert!(with("/network/layers/1/biases", zeros(0)).contains("0 units"));
    assert!(with("/network/layers/1/biases", zeros(1025)).contains("1025 units"));
    assert!(with("/network/layers", serde_json::json!([])).contains("0 layers"));
    assert!(with("/network/heads/mu/weights", zeros(2)).contains("head `mu`"));
    assert!(with("/network/embeddings/0/size", 1_000_000_000_u64.into()).contains("size"));
    assert!(with("/network/embeddings/0/size", u64::MAX.into()).contains("size"));
    assert!(with("/network/embeddings/0/vectors", zeros(1)).contains("embedding"));
    let without_size = refused(&|value| {
        value["network"]["embeddings"][0]["size"] = 0.into();
        value["network"]["embeddings"][0]["vectors"] = zeros(0);
    });
    assert!(without_size.contains("from 1 to 1024"), "{without_size}");
    let too_wide = refused(&|value| {
        let encoding = serde_json::json!({"categorical": {"levels": [], "rows": []}});
        let feature = serde_json::json!({"name": "", "encoding": encoding});
        for number in 0..98 {
            let name = format!("wide {number}");
            let mut feature = feature.clone();
            feature["name"] = name.clone().into();
            value["features"].as_array_mut().unwrap().push(feature);
            let embedding = serde_json::json!({"feature": name, "size": 1024, "vectors": []});
            value["network"]["embeddings"].as_array_mut().unwrap().push(embedding);
        }
    });
    assert!(too_wide.contains("at most 100000"), "{too_wide}");
    assert!(with("/network/embeddings/0/feature", "x9".into()).contains("x4"));
    assert!(with("/network/embeddings", serde_json::json!([])).contains("x4"));
    assert!(with("/network/activation", "tanh".into()).contains("relu"));
    assert!(with("/network/layers/0/biases/0", serde_json::json!(1e39)).contains("model"));
    assert!(with("/network/layers/0/biases/0", serde_json::json!(null)).contains("f32"));
    assert!(with("/format_version", 1.into()).contains("with a network"));
    let without = refused(&|value| {
        value.as_object_mut().unwrap().remove("network");
    });
    assert!(without.contains("without a network"), "{without}");
}

#[test]
fn a_hostile_state_is_refused() {
    let data = bent(400, 87);
    let options = options(&[
        ("hidden", OptionValue::Integer(4)),
        ("keep_state", OptionValue::Bool(true)),
        ("epochs", OptionValue::Integer(2)),
    ]);
    let text = fit(&data, &options).to_json();
    let refused = |pointer: &str, new: serde_json::Value| {
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        *value.pointer_mut(pointer).unwrap() = new;
        assert!(Model::from_json(&value.to_string()).is_err(), "{pointer}");
    };
    refused("/network/state/steps", u64::MAX.into());
    refused("/network/state/amount_scale", 5e-324.into());
    refused("/network/state/second/layers/0/biases/0", (-1.0).into());
    refused("/network/state/first/layers", serde_json::json!([]));
    refused("/network/state/weights/embeddings/0/size", 1_000_000_000_u64.into());
    refused("/network/state/level_steps/0", serde_json::json!([1]));
    // As many steps as can be said cost no time.
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    value["network"]["state"]["steps"] = (1_u64 << 53).into();
    let model = Arc::new(Model::from_json(&value.to_string()).unwrap());
    assert!(fit(&data, &options.with_init(model)).network().is_some());
}

#[test]
fn the_rows_of_its_weights_lead_back_to_the_network() {
    let model = fit(&bent(500, 88), &network(&[5, 3]));
    let all = model.weights();
    let network = model.network().unwrap();
    let wide = all.iter().filter(|row| row.layer.is_none()).count();
    assert_eq!(wide, 3 * (1 + model.head_weights().logit.weights.len()));
    let vectors = &network.embeddings[0];
    let inputs = 4 + vectors.size as usize;
    assert_eq!(all.len() - wide, vectors.vectors.len() + 5 * (1 + inputs) + 3 * 6 + 3 * 4);
    for row in &all[wide..] {
        let (layer, unit, input) = (row.layer.unwrap(), row.unit, row.input);
        let weight = match (layer, row.head) {
            (0, None) => {
                let Encoding::Categorical { levels, .. } = &model.features()[4].encoding else {
                    unreachable!()
                };
                let level = levels.iter().position(|level| *level == row.level).unwrap();
                vectors.vectors[level * vectors.size as usize + unit.unwrap() as usize]
            }
            (3, Some(head)) => {
                let head = match head.name() {
                    "logit" => &network.heads.logit,
                    "mu" => &network.heads.mu,
                    _ => &network.heads.raw_sigma,
                };
                assert_eq!(unit, None);
                input.map_or(head.bias, |input| head.weights[input as usize])
            }
            (_, None) => {
                let values = &network.layers[layer as usize - 1];
                let unit = unit.unwrap() as usize;
                let width = values.weights.len() / values.biases.len();
                if layer == 1
                    && let Some(input) = input
                {
                    let name = format!("x{}", input.min(4));
                    assert_eq!(row.feature.as_deref(), Some(&*name));
                }
                input.map_or(values.biases[unit], |i| values.weights[unit * width + i as usize])
            }
            other => unreachable!("{other:?}"),
        };
        assert_eq!((row.weight, row.raw_weight), (f64::from(weight), None));
    }
}
