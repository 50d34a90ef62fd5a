//! Contributions of features to the heads of a network.

use ziln::math::Column;
use ziln::model::{Encoding, Explainer, FeatureInput, Model, ParamsOut, Scorer};

use super::{bent, fit, network};
use crate::data::Random;

/// The model without bounds of mu and sigma.
fn free(model: &Model) -> Model {
    let mut value: serde_json::Value = serde_json::from_str(&model.to_json()).unwrap();
    value.as_object_mut().unwrap().remove("mu_range");
    value["max_sigma"] = 1e6.into();
    Model::from_json(&value.to_string()).unwrap()
}

/// The columns of one row of [`bent`] customers.
fn columns<'a>(x: [f64; 4], level: &'a [Option<&'a str>; 1]) -> Vec<FeatureInput<'a>> {
    let numbers = x.map(|x| FeatureInput::Number(Column::Scalar(x)));
    let codes = FeatureInput::Codes { codes: &[0], levels: level };
    numbers.into_iter().chain([codes]).collect()
}

fn heads(model: &Model, x: [f64; 4], level: Option<&str>) -> [f64; 3] {
    let [mut logit, mut mu, mut sigma] = [[0.0]; 3];
    let out = ParamsOut { logit: &mut logit, mu: &mut mu, sigma: &mut sigma };
    Scorer::new(model).predict(&columns(x, &[level]), out).unwrap();
    // The inverse of softplus.
    [logit[0], mu[0], sigma[0].exp_m1().ln()]
}

#[test]
fn contributions_of_a_network_sum_to_its_heads() {
    let data = bent(4000, 91);
    for hidden in [&[16][..], &[64, 32], &[12, 9, 7, 5]] {
        let model = free(&fit(&data, &network(hidden)));
        assert!(model.network().unwrap().training.unwrap().best_epoch > 0);
        let explainer = Explainer::new(&model);
        let mut random = Random(92);
        for row in 0..200 {
            let far = if row % 10 == 0 { 40.0 } else { 1.0 };
            let x = [0; 4].map(|_| far * random.normal());
            let level = [None, Some("store 03"), Some("store 08"), Some("nowhere")][row % 4];
            let all = explainer.explain(&columns(x, &[level]), 0).unwrap();
            let mut sums = explainer.average();
            for one in &all {
                let added = [one.logit, one.mu, one.raw_sigma];
                sums.iter_mut().zip(added).for_each(|(sum, added)| *sum += added);
            }
            for (sum, head) in sums.iter().zip(heads(&model, x, level)) {
                assert!((sum - head).abs() < 1e-4 * head.abs().max(1.0), "{sum} {head}");
            }
        }
    }
}

/// What the network adds to the heads of standardised numbers, in double precision.
fn of_network(model: &Model, x: &[f64]) -> [f64; 3] {
    let network = model.network().unwrap();
    let dot = |weights: &[f32], x: &[f64]| -> f64 {
        weights.iter().zip(x).map(|(weight, x)| f64::from(*weight) * x).sum()
    };
    let mut x = x.to_vec();
    for layer in &network.layers {
        let units = layer.weights.chunks(x.len()).zip(&layer.biases);
        x = units.map(|(weights, bias)| (dot(weights, &x) + f64::from(*bias)).max(0.0)).collect();
    }
    let heads = [&network.heads.logit, &network.heads.mu, &network.heads.raw_sigma];
    heads.map(|head| dot(&head.weights, &x) + f64::from(head.bias))
}

/// The integral from its definition: midpoints and differences.
#[test]
fn contributions_of_a_network_are_its_integrated_gradients() {
    const POINTS: u32 = 4000;
    const STEP: f64 = 1e-6;
    let mut data = bent(4000, 93);
    data.features.pop();
    for (hidden, tolerance) in [(&[16][..], 1e-3), (&[24, 12], 3e-3)] {
        let model = fit(&data, &network(hidden));
        let explainer = Explainer::new(&model);
        for customer in [[0.6, -0.5, 0.3, 0.9], [-1.0, -0.8, 0.1, -0.7]] {
            let inputs = customer.map(|x| FeatureInput::Number(Column::Scalar(x)));
            let found = explainer.explain(&inputs, 0).unwrap();
            let standard: Vec<f64> = (customer.iter().zip(model.features()))
                .map(|(x, feature)| match feature.encoding {
                    Encoding::Numeric { mean, scale, .. } => (x - mean) / scale,
                    _ => unreachable!(),
                })
                .collect();
            for feature in 0..4 {
                let mut expected = [0.0; 3];
                for point in 0..POINTS {
                    let share = (f64::from(point) + 0.5) / f64::from(POINTS);
                    let at = |step: f64| {
                        let mut x: Vec<f64> = standard.iter().map(|x| share * x).collect();
                        x[feature] += step;
                        of_network(&model, &x)
                    };
                    let (above, below) = (at(STEP), at(-STEP));
                    for head in 0..3 {
                        let slope = (above[head] - below[head]) / (2.0 * STEP);
                        expected[head] += standard[feature] * slope / f64::from(POINTS);
                    }
                }
                let weights = model.head_weights();
                for (sum, head) in
                    expected.iter_mut().zip([&weights.logit, &weights.mu, &weights.raw_sigma])
                {
                    *sum += head.weights[feature] * standard[feature];
                }
                let name = format!("x{feature}");
                let one = found.iter().find(|one| one.feature == name).unwrap();
                for (expected, found) in expected.iter().zip([one.logit, one.mu, one.raw_sigma]) {
                    assert!((expected - found).abs() < tolerance, "{expected} {found}");
                }
            }
        }
    }
}
