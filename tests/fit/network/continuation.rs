//! Training that continues from a model.

use std::sync::Arc;

use ziln::fit::{Chunk, FeatureColumn, FeatureValues, OptionValue, RowId, Table};
use ziln::math::Column;
use ziln::model::{FeatureInput, Model, ParamsOut, Scorer};
use ziln::record::FieldValue;

use super::{bent, fit, mean_loss, network, network_with, no_log_normal, options, rows};
use crate::data::{Data, Feature, Random};

#[test]
fn a_network_to_continue_from_is_not_lost_in_silence() {
    let data = bent(800, 81);
    let model = Arc::new(fit(&data, &network(&[6])));
    for other in [&[][..], &[7], &[6, 6]] {
        let options = network(other).with_init(model.clone());
        let error = data.fit_rows(&rows(&data), &options).unwrap_err().to_string();
        assert!(error.contains("option `init`") && error.contains("hidden layers [6]"), "{error}");
    }
    assert!(fit(&data, &network(&[6]).with_init(model)).network().is_some());
}

#[test]
fn the_exact_fits_say_of_a_network_only_what_they_can_do() {
    let data = bent(800, 81);
    let text = fit(&data, &network(&[6])).to_json();
    let error = data.try_newton(&[("init", OptionValue::Text(text))]).unwrap_err().to_string();
    let expected = "expected a model without hidden layers, got a model with hidden layers [6]";
    assert_eq!(error, format!("option `init`: {expected}"));
}

#[test]
fn a_network_goes_on_from_its_weights() {
    let data = bent(3000, 82);
    let first = fit(&data, &network(&[16]));
    let none = network_with(&[16], &[("epochs", OptionValue::Integer(0))]);
    let same = fit(&data, &none.with_init(Arc::new(first.clone())));
    assert_eq!(same.head_weights(), first.head_weights());
    assert_eq!(same.network().unwrap().layers, first.network().unwrap().layers);
    assert_eq!(same.network().unwrap().heads, first.network().unwrap().heads);
    assert_eq!(data.predict(&same), data.predict(&first));
    let more = fit(&data, &network(&[16]).with_init(Arc::new(first.clone())));
    assert!(more.training().validation_loss.unwrap() <= first.training().validation_loss.unwrap());
    assert!(more.options().init);
    let given = [("epochs", 3), ("batch_size", 64), ("patience", 2)];
    let pairs: Vec<_> = given.map(|(name, value)| (name, OptionValue::Integer(value))).to_vec();
    let model = fit(&data, &network_with(&[4], &pairs));
    for (name, value) in given {
        assert_eq!(model.info().get(name), Some(&FieldValue::Integer(Some(value))), "{name}");
    }
    assert!(model.network().unwrap().training.unwrap().epochs_run <= 3);
}

#[test]
fn features_in_another_order_and_new_levels_are_found_by_name() {
    let data = bent(3000, 83);
    let first = Arc::new(fit(&data, &network(&[12, 6])));
    let none = |model: &Arc<Model>| {
        network_with(&[12, 6], &[("epochs", OptionValue::Integer(0))]).with_init(model.clone())
    };
    // One level more, which stands first, and the columns from the last to the first.
    let Feature::Levels(codes, names) = &data.features[4] else { unreachable!() };
    let mut codes: Vec<u32> = codes.iter().map(|code| code + 1).collect();
    codes[..9].fill(0);
    let names: Vec<String> = ["a new one".to_owned()].into_iter().chain(names.clone()).collect();
    let order = [4, 3, 1, 2, 0];
    let levels: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
    let feature = |&index: &usize| FeatureColumn {
        name: ["x0", "x1", "x2", "x3", "x4"][index],
        levels: (index == 4).then(|| levels.clone()),
    };
    let values = |&index: &usize| match &data.features[index] {
        Feature::Numbers(values) => FeatureValues::Numbers(values),
        Feature::Levels(..) => FeatureValues::Codes(&codes),
    };
    let features = order.iter().map(values).collect();
    let table = Table {
        features: order.iter().map(feature).collect(),
        chunks: vec![Chunk { label: &data.label, weight: None, features }],
    };
    let ids: Vec<RowId> = rows(&data).into_iter().map(|row| RowId { chunk: 0, row }).collect();
    let carried = ziln::fit::fit(&table, &ids, &none(&first)).unwrap().unwrap();
    let new = carried.network().unwrap();
    assert_eq!(carried.features()[0].name, "x4");
    assert_eq!(new.embeddings[0].size, first.network().unwrap().embeddings[0].size);
    assert!(new.embeddings[0].vectors[..new.embeddings[0].size as usize].iter().all(|x| *x == 0.0));
    let mut random = Random(84);
    for code in 0..13 {
        let x = [0; 4].map(|_| random.normal());
        let number = |index: usize| FeatureInput::Number(Column::Scalar(x[index]));
        let level = FeatureInput::Codes { codes: &[code], levels: &levels };
        let of = |model: &Model, columns: &[FeatureInput<'_>]| {
            let [mut logit, mut mu, mut sigma] = [[0.0]; 3];
            let out = ParamsOut { logit: &mut logit, mu: &mut mu, sigma: &mut sigma };
            Scorer::new(model).predict(columns, out).unwrap();
            [logit[0], mu[0], sigma[0]]
        };
        let before = of(&first, &[number(0), number(1), number(2), number(3), level]);
        let after = of(&carried, &[level, number(3), number(1), number(2), number(0)]);
        for (before, after) in before.iter().zip(after) {
            // Sums in another order.
            assert!((before - after).abs() < 1e-5, "{code}: {before} {after}");
        }
    }
}

#[test]
fn a_network_starts_from_a_linear_model() {
    let data = bent(3000, 85);
    let linear = fit(&data, &options(&[("epochs", OptionValue::Integer(7))]));
    let init = Arc::new(linear.clone());
    let none = network_with(&[8], &[("epochs", OptionValue::Integer(0))]);
    let start = fit(&data, &none.with_init(init.clone()));
    assert_eq!(start.head_weights(), linear.head_weights());
    let heads = &start.network().unwrap().heads;
    for head in [&heads.logit, &heads.mu, &heads.raw_sigma] {
        assert!(head.weights.iter().chain([&head.bias]).all(|weight| *weight == 0.0));
    }
    assert_eq!(data.predict(&start), data.predict(&linear));
    let deep = fit(&data, &network(&[8]).with_init(init));
    assert_eq!(deep.head_weights(), linear.head_weights());
    assert!(mean_loss(&data, &deep) < mean_loss(&data, &linear) - 0.02);
}

#[test]
fn with_its_state_a_network_continues_exactly() {
    with_its_state_it_continues_exactly(&bent(2500, 86));
}

#[test]
fn so_it_does_where_the_total_was_mended() {
    let data = no_log_normal(2500, 86, false);
    with_its_state_it_continues_exactly(&data);
    let kept = [
        ("keep_state", OptionValue::Bool(true)),
        ("hidden", OptionValue::Integer(6)),
        ("epochs", OptionValue::Integer(3)),
    ];
    let network = fit(&data, &options(&kept)).network().unwrap().clone();
    let [logit, mu, raw_sigma] = network.state.unwrap().head_biases.unwrap();
    let total = network.training.unwrap().total.unwrap();
    assert!((network.heads.raw_sigma.bias - raw_sigma - total.raw_sigma as f32).abs() < 1e-6);
    assert!(logit.is_finite() && mu.is_finite());
}

fn with_its_state_it_continues_exactly(data: &Data) {
    for (schedule, validation, same) in [
        ("constant", 0.0, true),
        ("inverse_sqrt", 0.0, true),
        ("constant", 0.2, true),
        ("cosine", 0.0, false),
    ] {
        let of = |epochs: i64, init: Option<&Model>| {
            let mut pairs = vec![
                ("epochs", OptionValue::Integer(epochs)),
                ("schedule", OptionValue::Text(schedule.to_owned())),
                ("validation_fraction", OptionValue::Number(validation)),
                ("patience", OptionValue::Integer(1000)),
                ("keep_state", OptionValue::Bool(true)),
                ("hidden", OptionValue::List(vec![12.into(), 6.into()])),
            ];
            pairs.extend(init.map(|model| ("init", OptionValue::Text(model.to_json()))));
            fit(data, &options(&pairs))
        };
        let three = of(3, None);
        // With early stopping the epoch is the last one where each is better than the one before.
        if three.network().unwrap().training.unwrap().best_epoch != 3 {
            assert!(validation > 0.0);
            continue;
        }
        let (more, six) = (of(3, Some(&three)), of(6, None));
        let part = |model: &Model, part: &str| -> String {
            let value: serde_json::Value = serde_json::from_str(&model.to_json()).unwrap();
            value.pointer(part).unwrap().to_string()
        };
        assert_eq!(part(&more, "/weights"), part(&six, "/weights"));
        for name in ["layers", "embeddings", "heads", "state"] {
            let parts = [&more, &six].map(|model| part(model, &format!("/network/{name}")));
            assert_eq!(parts[0] == parts[1], same, "{schedule} {validation}: {name}");
        }
        assert_eq!(more.training().train_loss == six.training().train_loss, same);
        assert_ne!(three.network().unwrap().layers, six.network().unwrap().layers);
    }
}
