//! What a network learns, from ordinary rows and from degenerate ones.

use ziln::fit::{OptionValue, Options};
use ziln::math::{expected_ltv_row, loss_row};
use ziln::model::Model;
use ziln::record::FieldValue;

use super::{bent, fit, mean_loss, network, network_with, options, rows};
use crate::data::{Data, Feature, Random};

#[test]
fn a_network_follows_what_a_linear_model_cannot() {
    let (train, test) = (bent(20_000, 1), bent(10_000, 2));
    let linear = fit(&train, &options(&[]));
    let deep = fit(&train, &network(&[32, 16]));
    assert!(mean_loss(&test, &deep) < mean_loss(&test, &linear) - 0.15);
    let training = deep.training();
    assert!((1500..2500).contains(&training.validation_rows));
    assert!(training.validation_loss.unwrap() < linear.training().train_loss - 0.15);
    assert!((0.8..1.25).contains(&training.prediction_ratio.unwrap()));
    assert_eq!(deep.head_weights(), linear.head_weights());
    let of = deep.network().unwrap().training.unwrap();
    assert!(of.best_epoch >= 1 && of.best_epoch <= of.epochs_run && of.epochs_run <= of.epochs);
}

#[test]
fn the_training_loss_is_that_of_the_predictions() {
    let mut data = bent(3000, 3);
    let model = fit(&data, &network(&[16]));
    let training = model.training();
    let held_out = training.validation_rows as f64;
    let all = data.label.len() as f64;
    let mean = (training.train_loss * (all - held_out)
        + training.validation_loss.unwrap() * held_out)
        / all;
    assert!((mean - mean_loss(&data, &model)).abs() < 1e-5);
    let [logit, mu, sigma] = data.predict(&model);
    let predicted: f64 =
        (0..logit.len()).map(|row| expected_ltv_row(logit[row], mu[row], sigma[row])).sum();
    let actual: f64 = data.label.drain(..).sum();
    // The ratio is of the training rows.
    assert!((predicted / actual / training.prediction_ratio.unwrap() - 1.0).abs() < 0.1);
}

#[test]
fn nothing_to_gain_is_nothing_lost() {
    let mut random = Random(7);
    let x = random.normals(4000);
    let label = |x: &f64, random: &mut Random| {
        let pays = random.next() < 1.0 / (1.0 + (-x).exp());
        if pays { (1.0 + 0.5 * x + random.normal()).exp() } else { 0.0 }
    };
    let labels = x.iter().map(|x| label(x, &mut random)).collect();
    let train = Data::numbers(labels, vec![x]);
    let x = random.normals(20_000);
    let labels = x.iter().map(|x| label(x, &mut random)).collect();
    let test = Data::numbers(labels, vec![x]);
    let linear = mean_loss(&test, &fit(&train, &options(&[])));
    let deep = mean_loss(&test, &fit(&train, &network(&[64, 32])));
    assert!(deep < linear + 0.004, "{linear} {deep}");
}

#[test]
fn neither_order_nor_threads_change_a_bit() {
    let data = bent(5000, 11);
    // Blocks of a batch on several threads.
    let steps = [("batch_size", OptionValue::Integer(1024)), ("epochs", OptionValue::Integer(4))];
    let options = network_with(&[40, 24], &steps);
    let text = fit(&data, &options).to_json();
    let mut shuffled = rows(&data);
    let mut random = Random(5);
    for last in (1..shuffled.len()).rev() {
        shuffled.swap(last, (random.next() * (last + 1) as f64) as usize);
    }
    let of_shuffled = data.fit_rows(&shuffled, &options).unwrap().unwrap().to_json();
    assert!(text == of_shuffled);
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(text == pool.install(|| fit(&data, &options).to_json()), "{threads} threads");
    }
}

#[test]
fn the_seed_chooses_the_weights() {
    let data = bent(1000, 12);
    let of = |seed: i64| {
        let options = network_with(&[8], &[("seed", OptionValue::Integer(seed))]);
        fit(&data, &options).network().unwrap().layers.clone()
    };
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

#[test]
fn no_hidden_layer_is_a_linear_model() {
    let data = bent(500, 13);
    assert_eq!(fit(&data, &network(&[])).to_json(), fit(&data, &options(&[])).to_json());
}

#[test]
fn the_option_is_a_list_or_an_integer() {
    use OptionValue::{Integer, List, Null, Number, Text};

    let hidden = |value: OptionValue| Options::from_pairs([("hidden".to_owned(), value)]);
    let list = |values: &[i64]| List(values.iter().map(|&units| Integer(units)).collect());
    for wrong in [
        Integer(0),
        Integer(1025),
        Number(1.5),
        Text("64".to_owned()),
        list(&[64, 0]),
        list(&[1; 9]),
        List(vec![Integer(64), Null]),
        List(vec![list(&[64])]),
    ] {
        let message = hidden(wrong).unwrap_err().to_string();
        let expected = "expected a list of at most 8 integers from 1 to 1024, or one, got ";
        assert!(message.contains(expected), "{message}");
    }
    let data = bent(400, 3);
    let text = |options: Options| {
        let rows: Vec<u32> = (0..400).collect();
        data.fit_rows(&rows, &options).unwrap().unwrap().to_json()
    };
    let linear = text(Options::default());
    assert_eq!(text(hidden(list(&[])).unwrap()), linear);
    assert_eq!(text(hidden(Null).unwrap()), linear);
    let layer = text(hidden(Integer(4)).unwrap());
    assert_eq!(text(hidden(list(&[4])).unwrap()), layer);
    assert_eq!(text(Options::builder().hidden(&[4]).build().unwrap()), layer);
    let model = Model::from_json(&layer).unwrap();
    assert_eq!((linear.contains("network"), model.format_version()), (false, 2));
    assert_eq!(model.info().get("hidden"), Some(&FieldValue::Numbers(Some(vec![4.0]))));
}

#[test]
fn a_hundred_thousand_levels_train() {
    let rows = 200_000_u32;
    let mut random = Random(51);
    let codes: Vec<u32> = (0..rows).map(|_| (random.next() * 100_000.0) as u32).collect();
    let x = random.normals(rows as usize);
    let label = codes.iter().zip(&x).map(|(code, x)| {
        let slope = if code % 2 == 0 { 1.0 } else { -1.0 };
        let pays = random.next() < 1.0 / (1.0 + (-slope * x).exp());
        if pays { (1.0 + random.normal()).exp() } else { 0.0 }
    });
    let label: Vec<f64> = label.collect();
    let levels: Vec<String> = (0..100_000).map(|code| format!("merchant {code:06}")).collect();
    let data = Data {
        label,
        weight: None,
        features: vec![Feature::Levels(codes, levels), Feature::Numbers(x)],
    };
    let options = network_with(&[16], &[("epochs", OptionValue::Integer(2))]);
    let model = fit(&data, &options);
    let vectors = &model.network().unwrap().embeddings[0];
    assert!(vectors.size >= 8 && vectors.vectors.len() > 50_000 * vectors.size as usize);
    assert!(data.predict(&model).iter().flatten().all(|value| value.is_finite()));
}

/// One payer, all pay, constant and copied features, absurd values, weights: a model, and nothing explodes.
#[test]
fn degenerate_rows_give_a_usable_model() {
    let mut random = Random(61);
    let x = random.normals(600);
    let mut crawler = x.clone();
    crawler[3] = 1e12;
    let one = (0..600).map(|row| if row == 17 { 5.0 } else { 0.0 }).collect::<Vec<f64>>();
    let all: Vec<f64> = x.iter().map(|x| (1.0 + x).exp()).collect();
    let equal: Vec<f64> = x.iter().map(|&x| if x > 0.0 { 9.0 } else { 0.0 }).collect();
    let heavy: Vec<f64> =
        x.iter().map(|&x| if x > 0.0 { (8.0 * random.normal()).exp() } else { 0.0 }).collect();
    for (name, label) in [("one", one), ("all", all), ("equal", equal), ("heavy", heavy)] {
        let features = vec![x.clone(), x.clone(), vec![1.0; 600], crawler.clone()];
        let mut data = Data::numbers(label, features);
        for weighted in [false, true] {
            if weighted {
                data.weight = Some((0..600).map(|row| [1e-3, 1.0, 1e4][row % 3]).collect());
            }
            let model = fit(&data, &network(&[16, 8]));
            let linear = fit(&data, &options(&[])).training().prediction_ratio.unwrap();
            let ratio = model.training().prediction_ratio.unwrap();
            let off = |ratio: f64| ratio.max(1.0 / ratio);
            assert!(off(ratio) <= 2.0_f64.max(off(linear)) * 1.001, "{name}: {ratio}, {linear}");
            let [logit, mu, sigma] = data.predict(&model);
            assert!(logit.iter().chain(&mu).chain(&sigma).all(|value| value.is_finite()), "{name}");
            assert!(Model::from_json(&model.to_json()).is_ok(), "{name}");
        }
    }
    for rows in [1, 2, 5, 20] {
        let label = (0..rows).map(|row| f64::from(row as u32)).collect();
        let mut label: Vec<f64> = label;
        label[0] = 3.0;
        let data = Data::numbers(label, vec![random.normals(rows)]);
        assert!(data.fit_rows(&self::rows(&data), &network(&[4])).unwrap().is_some());
    }
}

#[test]
fn a_weight_of_two_counts_twice_in_the_losses() {
    let mut data = bent(2000, 71);
    data.weight = Some((0..2000).map(|row| f64::from(1 + row % 2)).collect());
    let model = fit(&data, &network(&[16]));
    let training = model.training();
    let [logit, mu, sigma] = data.predict(&model);
    let weights = data.weight.as_ref().unwrap();
    let total: f64 = (0..2000)
        .map(|row| weights[row] * loss_row(data.label[row], logit[row], mu[row], sigma[row]))
        .sum();
    let mean = total / weights.iter().sum::<f64>();
    let low = training.train_loss.min(training.validation_loss.unwrap());
    let high = training.train_loss.max(training.validation_loss.unwrap());
    assert!(low <= mean && mean <= high, "{low} {mean} {high}");
}
