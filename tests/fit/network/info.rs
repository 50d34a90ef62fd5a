//! What a model with a network says of its training.

use ziln::model::Model;
use ziln::record::FieldValue;

use super::{bent, fit, network, options};
use crate::data::{Data, Feature, Random};

fn integer(model: &Model, field: &str) -> i64 {
    match model.info().get(field) {
        Some(FieldValue::Integer(Some(value))) => *value,
        other => panic!("{field}: {other:?}"),
    }
}

fn number(model: &Model, field: &str) -> Option<f64> {
    match model.info().get(field) {
        Some(FieldValue::Number(value)) => *value,
        other => panic!("{field}: {other:?}"),
    }
}

fn stop_reason(model: &Model) -> String {
    match model.info().get("stop_reason") {
        Some(FieldValue::Text(Some(value))) => value.clone(),
        other => panic!("{other:?}"),
    }
}

/// Payers by chance, whatever the feature is.
fn noise(rows: usize, share: f64, seed: u64) -> Data {
    let mut random = Random(seed);
    let x = random.normals(rows);
    let label = (0..rows)
        .map(|_| if random.next() < share { random.normal().exp() } else { 0.0 })
        .collect();
    Data { label, weight: None, features: vec![Feature::Numbers(x)] }
}

#[test]
fn epochs_and_the_reason_to_stop_are_those_of_the_network() {
    let model = fit(&bent(3000, 4), &network(&[16]));
    let training = model.network().unwrap().training.unwrap();
    assert!(training.best_epoch > 0);
    assert_eq!(integer(&model, "epochs_run") as u64, training.epochs_run);
    assert_eq!(integer(&model, "best_epoch") as u64, training.best_epoch);
    assert_eq!(number(&model, "dropout"), Some(training.dropout));
    assert_eq!(number(&model, "decay"), Some(training.decay));
    assert_eq!(number(&model, "mended_total"), training.total.map(|total| total.ratio));
    let share = number(&model, "validation_fraction").unwrap();
    assert!((0.05..0.2).contains(&share), "{share}");
    let short = options(&[("epochs", 3.into()), ("hidden", 16.into())]);
    let short = fit(&bent(3000, 4), &short);
    assert_eq!((integer(&short, "epochs_run"), stop_reason(&short).as_str()), (3, "epochs"));
}

#[test]
fn a_network_that_adds_nothing_says_so() {
    let models = (1..20).map(|seed| (seed, fit(&noise(2000, 0.3, seed), &network(&[16]))));
    let idle = |model: &Model| model.network().unwrap().training.unwrap().best_epoch == 0;
    let (seed, model) = models.into_iter().find(|(_, model)| idle(model)).unwrap();
    assert_eq!((integer(&model, "best_epoch"), stop_reason(&model).as_str()), (0, "patience"));
    let warnings = &model.training().warnings;
    assert!(warnings.iter().any(|warning| warning.contains("add nothing")), "{warnings:?}");
    let linear = fit(&noise(2000, 0.3, seed), &options(&[]));
    assert!(linear.training().warnings.is_empty());
    assert_eq!(number(&linear, "dropout"), None);
}

#[test]
fn rows_that_are_too_few_for_a_network_say_so() {
    let mut data = noise(60, 0.0, 8);
    data.label[..2].fill(5.0);
    let model = fit(&data, &network(&[16]));
    assert!(model.network().is_none());
    let warnings = &model.training().warnings;
    assert!(warnings.iter().any(|warning| warning.contains("no hidden layers")), "{warnings:?}");
}
