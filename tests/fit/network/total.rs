//! The total of a network, and that it is mended where the miss is no chance.

use ziln::math::expected_ltv_row;
use ziln::model::Model;

use super::{bent, fit, network, no_log_normal, options};
use crate::data::{Data, Random};

fn total_ratio(data: &Data, model: &Model) -> f64 {
    let [logit, mu, sigma] = data.predict(model);
    let rows = 0..data.label.len();
    let predicted: f64 = rows.map(|row| expected_ltv_row(logit[row], mu[row], sigma[row])).sum();
    predicted / data.label.iter().sum::<f64>()
}

#[test]
fn the_total_is_that_of_amounts_that_are_no_log_normal() {
    for is_heavy in [false, true] {
        let (train, test) =
            (no_log_normal(8000, 31, is_heavy), no_log_normal(40_000, 32, is_heavy));
        let model = fit(&train, &network(&[16]));
        let training = model.network().unwrap().training.unwrap();
        let total = training.total.unwrap();
        assert_eq!(total.ratio > 1.0, !is_heavy, "{total:?}");
        assert!((total.ratio - 1.0).abs() > 0.1, "{total:?}");
        assert_eq!(total.mu < 0.0 && total.raw_sigma < 0.0, !is_heavy, "{total:?}");
        let off = |ratio: f64| ratio.ln().abs();
        let after = model.training().prediction_ratio.unwrap();
        assert!(off(after) < 0.5 * off(total.ratio), "{total:?} {after}");
        let linear = total_ratio(&test, &fit(&train, &options(&[])));
        let deep = total_ratio(&test, &model);
        assert!(off(deep) < 0.6 * off(linear), "{deep} {linear}");
    }
}

#[test]
fn the_total_of_true_log_normals_and_of_few_rows_is_left() {
    for data in [bent(20_000, 33), bent(300, 34), no_log_normal(40, 35, true)] {
        let model = fit(&data, &network(&[16]));
        assert_eq!(model.network().and_then(|network| network.training.unwrap().total), None);
    }
}

/// A quarter pays, a narrow band of the only feature.
fn alike_payers(rows: usize, seed: u64) -> Data {
    let mut random = Random(seed);
    let (mut label, mut x) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let pays = random.next() < 0.25;
        x.push(if pays { 0.1 } else { 1.0 } * random.normal());
        label.push(if pays { (2.0 + random.normal()).exp() } else { 0.0 });
    }
    Data::numbers(label, vec![x])
}

#[test]
fn as_many_are_predicted_to_pay_as_paid() {
    for (rows, hidden) in [(800, vec![16]), (800, vec![64, 32]), (8000, vec![64, 32])] {
        for seed in 0..3 {
            let model = fit(&alike_payers(rows, 40 + seed), &network(&hidden));
            let test = alike_payers(40_000, 50 + seed);
            let [logit, ..] = test.predict(&model);
            let predicted: f64 = logit.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).sum();
            let paid = test.label.iter().filter(|label| **label > 0.0).count() as f64;
            let ratio = predicted / paid;
            assert!((0.85..1.15).contains(&ratio), "{rows} {hidden:?} {seed}: {ratio}");
        }
    }
}
