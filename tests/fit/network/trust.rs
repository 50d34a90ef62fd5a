//! Thin, wide and dirty data with hidden layers: what `trust.rs` says of linear models holds of networks.

use ziln::fit::OptionValue;
use ziln::math::loss_row;
use ziln::model::{Encoding, Model};

use crate::data::{Data, Feature, Random};
use crate::trust::{FEATURES_OF_NOISE, check_skewed, paid, predicted, skewed};

/// Options with hidden layers; of all rows, if none are held out and every epoch is run.
fn hidden(of_all_rows: bool) -> Vec<(&'static str, OptionValue)> {
    let mut options = vec![("hidden", OptionValue::Integer(16))];
    if of_all_rows {
        options.push(("validation_fraction", OptionValue::Number(0.0)));
    }
    options
}

fn with(more: &[(&'static str, OptionValue)]) -> Vec<(&'static str, OptionValue)> {
    [hidden(false), more.to_vec()].concat()
}

/// Whether the network is more than the linear model it began as.
fn is_trained(model: &Model) -> bool {
    let network = model.network();
    network.is_some_and(|network| network.training.unwrap().best_epoch > 0)
}

fn total_ratio(model: &Model, data: &Data) -> f64 {
    predicted(model, data).iter().sum::<f64>() / data.label.iter().sum::<f64>()
}

/// What many models come to.
#[derive(Debug, Default)]
struct Totals {
    predicted: f64,
    actual: f64,
    /// The greatest predicted over the actual total of one.
    most: f64,
    above_two: f64,
    count: f64,
    trained: f64,
}

impl Totals {
    fn of(sets: impl Iterator<Item = Data>, options: &[(&str, OptionValue)]) -> Self {
        let mut all = Self::default();
        for data in sets {
            let Some(model) = data.fit(options) else { continue };
            let actual = data.label.iter().sum::<f64>();
            let ratio = total_ratio(&model, &data);
            all.predicted += ratio * actual;
            all.actual += actual;
            all.most = all.most.max(ratio);
            all.above_two += f64::from(u8::from(ratio > 2.0));
            all.count += 1.0;
            all.trained += f64::from(u8::from(is_trained(&model)));
        }
        all
    }
}

#[test]
fn a_skewed_feature_makes_nobody_a_fortune() {
    for seed in 1..=3 {
        let data = skewed(5000, seed);
        let model = data.fit(&hidden(true)).unwrap();
        check_skewed(&model, &data, &format!("seed {seed}"));
    }
}

#[test]
fn campaigns_of_noise() {
    for (rows, count) in [(20, 600), (60, 300)] {
        for sigma in [0.3, 1.0, 1.5] {
            for of_all_rows in [false, true] {
                let mut random = Random(1);
                let campaigns = (0..count).map(|_| {
                    let visits = (0..rows).map(|_| 1.0 + (10.0 * random.next()).floor()).collect();
                    let label = (0..rows).map(|_| paid(&mut random, 0.3, sigma)).collect();
                    Data::numbers(label, vec![visits])
                });
                let all = Totals::of(campaigns, &hidden(of_all_rows));
                let ratio = all.predicted / all.actual;
                let what = format!("{rows}, {sigma}, {of_all_rows}: {ratio} {all:?}");
                assert!((0.9..1.15).contains(&ratio), "{what}");
                assert!(all.most < 5.0 && all.above_two <= all.count / 200.0, "{what}");
                // Linear models alone would prove nothing of networks.
                let least = if of_all_rows { 0.95 } else { 0.1 };
                assert!(all.trained > least * all.count, "{what}");
            }
        }
    }
}

#[test]
fn heavy_tails_stay_within_twice_the_total() {
    for (rows, count) in [(30, 200), (200, 50)] {
        // What a network of all rows adds to mu and raw sigma is taken back, but not what it adds to the logit.
        for (of_all_rows, bound) in [(false, 2.0), (true, 2.1)] {
            let mut random = Random(9);
            let campaigns = (0..count).map(|_| {
                let x = random.normals(rows);
                let label = (0..rows).map(|_| paid(&mut random, 0.3, 3.0)).collect();
                Data::numbers(label, vec![x])
            });
            let all = Totals::of(campaigns, &hidden(of_all_rows));
            assert!(all.most <= bound && all.trained > 0.1 * all.count, "{of_all_rows}: {all:?}");
        }
    }
}

#[test]
fn features_that_say_nothing() {
    for (name, make) in FEATURES_OF_NOISE {
        for of_all_rows in [false, true] {
            let mut random = Random(3);
            for _ in 0..40 {
                let label: Vec<f64> = (0..80).map(|_| paid(&mut random, 0.3, 1.0)).collect();
                let data = Data { label, weight: None, features: make(&mut random, 80) };
                let model = data.fit(&hidden(of_all_rows)).unwrap();
                let ratio = model.training().prediction_ratio.unwrap();
                assert!((0.5..2.0).contains(&ratio), "{name}, {of_all_rows}: {ratio}");
                let [_, _, sigma] = data.predict(&model);
                // Rows that are held out say when a network is too sure of itself.
                let is_unsure = of_all_rows || sigma.iter().all(|&sigma| sigma > 0.4);
                assert!(is_unsure, "{name}: {sigma:?}");
            }
        }
    }
}

/// Customers who pay the more, the farther their visits are from 4, and a crawler that visited 5,000 times and paid
/// nothing.
fn bent_with_crawler(rows: usize, slope: f64, seed: u64) -> Data {
    let mut random = Random(seed);
    let mut visits: Vec<f64> = (0..rows).map(|_| 1.0 + (10.0 * random.next()).floor()).collect();
    let label = visits.iter().map(|visits| {
        let pays = random.next() < 0.25;
        let amount = (2.0 + slope * (visits - 4.0).abs() + 0.7 * random.normal()).exp();
        if pays { amount } else { 0.0 }
    });
    let mut label: Vec<f64> = label.collect();
    visits.push(5000.0);
    label.push(0.0);
    Data::numbers(label, vec![visits])
}

#[test]
fn a_crawler_spoils_nothing() {
    let mut trained = 0;
    for (rows, slope) in [(3000, 0.0), (3000, 0.6), (20_000, 0.3), (20_000, 0.6)] {
        for seed in 0..4 {
            let data = bent_with_crawler(rows, slope, seed);
            let model = data.fit(&hidden(false)).unwrap();
            trained += u32::from(is_trained(&model));
            let what = format!("{rows} {slope} {seed}");
            let ratio = total_ratio(&model, &data);
            assert!((0.95..1.1).contains(&ratio), "{what}: {ratio}");
            let values = predicted(&model, &data);
            let Feature::Numbers(visits) = &data.features[0] else { unreachable!() };
            let of_ten = |values: &[f64]| -> f64 {
                let at_ten = visits.iter().zip(values).filter(|(visits, _)| **visits == 10.0);
                at_ten.map(|(_, value)| value).sum()
            };
            let ratio = of_ten(&values) / of_ten(&data.label);
            assert!((0.75..1.3).contains(&ratio), "{what}, of ten visits: {ratio}");
            let ten = visits.iter().position(|&visits| visits == 10.0).unwrap();
            assert!(values[rows] <= 1.5 * values[ten], "{what}: {} {}", values[rows], values[ten]);
            let Encoding::Numeric { mean, scale, range, .. } = &model.features()[0].encoding else {
                panic!("a category");
            };
            assert!((5.0..6.0).contains(mean) && (2.5..3.5).contains(scale), "{mean} {scale}");
            assert!(range.unwrap().most <= 19.0, "{what}: {range:?}");
            let warnings = model.training().warnings.join("\n");
            assert!(warnings.contains("`x0` has the value 5000"), "{warnings}");
        }
    }
    assert!(trained >= 8, "{trained}");
}

#[test]
fn residues_are_no_payments() {
    for residues in [1, 2, 4, 8] {
        let mut random = Random(17);
        let mut visits: Vec<f64> = (0..3000).map(|row| f64::from(row % 10)).collect();
        let mut label: Vec<f64> = vec![0.0; 3000];
        for (label, visits) in label.iter_mut().zip(&visits).step_by(3) {
            *label = (2.0 + 0.5 * (visits - 4.0).abs() + 0.4 * random.normal()).exp();
        }
        for row in 0..residues {
            visits.push(f64::from(row));
            label.push(3.552_713_678_800_501e-15);
        }
        let data = Data::numbers(label, vec![visits]);
        let model = data.fit(&hidden(false)).unwrap();
        let ratio = total_ratio(&model, &data);
        assert!((0.9..1.1).contains(&ratio) && is_trained(&model), "{residues}: {ratio}");
        let training = model.training();
        assert_eq!((training.payers, training.tiny_labels), (1000, residues as u64));
        assert!(training.warnings[0].contains("below min_payment"), "{:?}", training.warnings);
        // They are payments if one says so.
        let all = data.fit(&with(&[("min_payment", OptionValue::Number(0.0))])).unwrap();
        assert_eq!(all.training().payers, 1000 + residues as u64);
        assert_eq!((all.training().tiny_labels, all.options().min_payment), (0, Some(0.0)));
        let none = data.fit(&with(&[("min_payment", OptionValue::Number(1e9))]));
        assert!(none.is_none(), "nobody paid so much");
    }
}

/// Few payers of nearly equal amounts say little of how amounts spread.
#[test]
fn equal_amounts_do_not_make_sure() {
    let mut label = vec![0.0; 30];
    (label[3], label[9], label[11]) = (20.0, 20.01, 19.99);
    let data = Data::numbers(label, vec![(0..30).map(f64::from).collect()]);
    for of_all_rows in [false, true] {
        let model = data.fit(&hidden(of_all_rows)).unwrap();
        // A network needs payers in the rows that are held out, too.
        assert_eq!(is_trained(&model), of_all_rows);
        let [logit, mu, sigma] = data.predict(&model);
        assert!(sigma.iter().all(|&sigma| sigma > 0.4), "{of_all_rows}: {sigma:?}");
        let loss = |row: usize| loss_row(60.0, logit[row], mu[row], sigma[row]);
        assert!((0..30).all(|row| loss(row) < 12.0), "{of_all_rows}: {}", loss(0));
    }
}

/// Rows of which those far from 0 pay in the one half, and those near it in the other; a level that three rows have.
fn two_halves() -> Data {
    let mut random = Random(71);
    let x = random.normals(4000);
    let label = x.iter().enumerate().map(|(row, x)| {
        let pays = (x.abs() > 0.7) == (row < 2000);
        if pays { (2.0 + 0.5 * random.normal()).exp() } else { 0.0 }
    });
    let label = label.collect();
    let codes = (0..4000).map(|row| if row < 3 { 2 } else { row % 2 }).collect();
    let levels = ["a", "b", "rare", "unseen"].map(str::to_owned).to_vec();
    Data {
        label,
        weight: None,
        features: vec![Feature::Numbers(x), Feature::Levels(codes, levels)],
    }
}

/// The probability to pay of a row of [`two_halves`].
fn rate(model: &Model, x: f64, level: u32) -> f64 {
    let levels = ["a", "b", "rare", "unseen"].map(str::to_owned).to_vec();
    let features = vec![Feature::Numbers(vec![x]), Feature::Levels(vec![level], levels)];
    let [logit, _, _] = Data { label: vec![0.0], weight: None, features }.predict(model);
    1.0 / (1.0 + (-logit[0]).exp())
}

#[test]
fn weights_have_an_effect() {
    let mut data = two_halves();
    for first_half in [true, false] {
        let weight = |row: usize| if (row < 2000) == first_half { 10.0 } else { 1.0 };
        data.weight = Some((0..4000).map(weight).collect());
        let model = data.fit(&hidden(false)).unwrap();
        let rates = [-2.0, 0.0, 2.0].map(|x| rate(&model, x, 0));
        // No straight line does this.
        let is_as_weighed = match first_half {
            true => rates[0] > 0.8 && rates[1] < 0.4 && rates[2] > 0.8,
            false => rates[0] < 0.2 && rates[1] > 0.6 && rates[2] < 0.2,
        };
        assert!(is_as_weighed, "{first_half}: {rates:?}");
    }
}

#[test]
fn options_about_rows_and_levels_have_an_effect() {
    let mut data = two_halves();
    data.weight = Some((0..4000).map(|row| if row < 2000 { 10.0 } else { 1.0 }).collect());
    let fit = |name: &'static str, value: OptionValue| {
        let model = data.fit(&with(&[(name, value)])).unwrap();
        assert!(is_trained(&model), "{name}");
        model
    };

    for (min_count, levels) in [(3, 3), (4, 2)] {
        let model = fit("min_count", OptionValue::Integer(min_count));
        let vectors = &model.network().unwrap().embeddings[0];
        assert_eq!(vectors.vectors.len(), levels * vectors.size as usize);
        // A level of too few rows is like one that nobody has seen.
        assert_eq!(rate(&model, 0.3, 2) == rate(&model, 0.3, 3), min_count == 4);
    }

    // Half the payments are less.
    let least = 2.0_f64.exp();
    let all = fit("min_payment", OptionValue::Null);
    let model = fit("min_payment", OptionValue::Number(least));
    let payers = data.label.iter().filter(|&&label| label >= least).count() as u64;
    assert_eq!(model.training().payers, payers);
    let rates = [&all, &model].map(|model| rate(model, 2.0, 0));
    assert!(rates[0] > 0.8 && (0.3..0.7).contains(&rates[1]), "{rates:?}");

    let model = fit("max_rows", OptionValue::Integer(1000));
    assert_eq!((model.training().rows, model.training().rows_seen), (1000, Some(4000)));
    assert_ne!(model.network().unwrap().layers, all.network().unwrap().layers);
}
