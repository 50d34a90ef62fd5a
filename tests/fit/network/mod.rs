//! Networks on top of linear heads.

mod continuation;
mod explanation;
mod info;
mod prediction;
mod text;
mod total;
mod training;
mod trust;

use ziln::fit::{OptionValue, Options};
use ziln::math::loss_row;
use ziln::model::Model;

use crate::data::{Data, Feature, Random};

/// Customers whose heads a linear model cannot follow: a product, a wave, a bend and levels that matter with a number.
pub fn bent(rows: usize, seed: u64) -> Data {
    let mut random = Random(seed);
    let x: Vec<Vec<f64>> = (0..4).map(|_| random.normals(rows)).collect();
    let codes: Vec<u32> = (0..rows).map(|_| (random.next() * 12.0) as u32).collect();
    let label = (0..rows).map(|row| {
        let sign = if codes[row].is_multiple_of(2) { 1.0 } else { -1.0 };
        let logit = 1.5 * x[0][row] * x[1][row] + sign * x[2][row] - 0.3;
        let mu = 2.0 + 1.2 * x[3][row].abs();
        let pays = random.next() < 1.0 / (1.0 + (-logit).exp());
        if pays { (mu + 0.7 * random.normal()).exp() } else { 0.0 }
    });
    let label = label.collect();
    let levels = (0..12).map(|code| format!("store {code:02}")).collect();
    let mut features: Vec<Feature> = x.into_iter().map(Feature::Numbers).collect();
    features.push(Feature::Levels(codes, levels));
    Data { label, weight: None, features }
}

/// Rows of [`bent`] whose amounts are no log-normal: uniform up to twice their mean, or one in ten far above the others.
pub fn no_log_normal(rows: usize, seed: u64, is_heavy: bool) -> Data {
    let mut data = bent(rows, seed);
    let Feature::Numbers(x) = &data.features[3] else { panic!() };
    let mut random = Random(seed + 1000);
    for (label, x) in data.label.iter_mut().zip(x).filter(|(label, _)| **label > 0.0) {
        let share = if is_heavy {
            let log = if random.next() < 0.1 { 2.5 } else { 0.0 };
            (log + 0.5 * random.normal()).exp()
        } else {
            2.0 * random.next()
        };
        *label = (2.0 + x.abs()).exp() * share;
    }
    data
}

pub fn options(pairs: &[(&str, OptionValue)]) -> Options {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Options::from_pairs(pairs).unwrap()
}

pub fn network(hidden: &[i64]) -> Options {
    network_with(hidden, &[])
}

pub fn network_with(hidden: &[i64], pairs: &[(&str, OptionValue)]) -> Options {
    let units = hidden.iter().map(|&units| OptionValue::Integer(units)).collect();
    options(&[&[("hidden", OptionValue::List(units))], pairs].concat())
}

pub fn rows(data: &Data) -> Vec<u32> {
    (0..data.label.len() as u32).collect()
}

pub fn fit(data: &Data, options: &Options) -> Model {
    data.fit_rows(&rows(data), options).unwrap().unwrap()
}

pub fn mean_loss(data: &Data, model: &Model) -> f64 {
    let [logit, mu, sigma] = data.predict(model);
    let loss = |row: usize| loss_row(data.label[row], logit[row], mu[row], sigma[row]);
    (0..data.label.len()).map(loss).sum::<f64>() / data.label.len() as f64
}
