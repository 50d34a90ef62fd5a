//! Predictions of networks, alone and among other models.

use std::sync::Arc;

use ziln::math::Column;
use ziln::model::{FeatureInput, ParamsOut, Scorer, ScorerSet};

use super::{bent, fit, network, options};
use crate::data::Feature;

#[test]
fn an_unseen_level_adds_nothing_and_a_missing_number_is_the_mean() {
    let data = bent(4000, 16);
    let model = fit(&data, &network(&[16]));
    let heads = |level: Option<&str>, x: f64| {
        let numbers = [x, 0.3, -0.2, 0.5].map(|x| FeatureInput::Number(Column::Scalar(x)));
        let levels = [level];
        let mut columns = numbers.to_vec();
        columns.push(FeatureInput::Codes { codes: &[0], levels: &levels });
        let [mut logit, mut mu, mut sigma] = [[0.0]; 3];
        let out = ParamsOut { logit: &mut logit, mu: &mut mu, sigma: &mut sigma };
        Scorer::new(&model).predict(&columns, out).unwrap();
        [logit[0], mu[0], sigma[0]]
    };
    assert_eq!(heads(Some("nowhere"), 1.0), heads(None, 1.0));
    assert_ne!(heads(Some("store 01"), 1.0), heads(None, 1.0));
    let ziln::model::Encoding::Numeric { mean, .. } = model.features()[0].encoding else {
        panic!()
    };
    assert_eq!(heads(None, f64::NAN), heads(None, mean));
    // Far outside of the training rows a number counts as at the end of its range.
    assert_eq!(heads(None, 1e300)[1], heads(None, 1e200)[1]);
    assert!(heads(None, 1e300).iter().all(|value| value.is_finite()));
}

#[test]
fn joined_models_predict_what_each_does() {
    let data = bent(2000, 17);
    let models = [
        fit(&data, &network(&[10])),
        fit(&data, &options(&[])),
        fit(&bent(1500, 18), &network(&[33, 7])),
    ];
    let Feature::Levels(codes, names) = &data.features[4] else { panic!() };
    let levels: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
    let mut columns = Vec::new();
    for feature in &data.features[..4] {
        let Feature::Numbers(values) = feature else { panic!() };
        columns.push(FeatureInput::Number(Column::F64(values)));
    }
    columns.push(FeatureInput::Codes { codes, levels: &levels });
    let mut set = ScorerSet::default();
    let indices: Vec<u32> =
        models.iter().map(|model| set.add(Arc::new(Scorer::new(model)))).collect();
    let of_row: Vec<u32> = (0..2000).map(|row| indices[row * row % 7 % 3]).collect();
    let bound = set.bind(&["x0", "x1", "x2", "x3", "x4"], &of_row).unwrap();
    let mut out = [vec![0.0; 2000], vec![0.0; 2000], vec![0.0; 2000]];
    let [logit, mu, sigma] = &mut out;
    bound.predict(&columns, ParamsOut { logit, mu, sigma }).unwrap();
    let alone: Vec<[Vec<f64>; 3]> = models.iter().map(|model| data.predict(model)).collect();
    for row in 0..2000 {
        for (joined, alone) in out.iter().zip(&alone[of_row[row] as usize]) {
            assert_eq!(joined[row].to_bits(), alone[row].to_bits(), "row {row}");
        }
    }
}
