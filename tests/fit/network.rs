//! Networks on top of linear heads.

use std::sync::Arc;

use ziln::fit::{
    Chunk, FeatureColumn, FeatureValues, NetworkOptions, OptionValue, Options, RowId, Table,
};
use ziln::math::{Column, expected_ltv_row, loss_row};
use ziln::model::{Encoding, Explainer, FeatureInput, Model, ParamsOut, Scorer, ScorerSet};
use ziln::record::FieldValue;

use crate::data::{Data, Feature, Random};

/// Customers whose heads a linear model cannot follow: a product, a wave, a bend and levels that matter with a number.
fn bent(rows: usize, seed: u64) -> Data {
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

fn options(pairs: &[(&str, OptionValue)]) -> Options {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Options::from_pairs(pairs).unwrap()
}

fn network(hidden: &[usize]) -> Options {
    options(&[]).with_network(NetworkOptions::new(hidden.to_vec()))
}

fn rows(data: &Data) -> Vec<u32> {
    (0..data.label.len() as u32).collect()
}

fn fit(data: &Data, options: &Options) -> Model {
    data.fit_rows(&rows(data), options).unwrap().unwrap()
}

fn mean_loss(data: &Data, model: &Model) -> f64 {
    let [logit, mu, sigma] = data.predict(model);
    let loss = |row: usize| loss_row(data.label[row], logit[row], mu[row], sigma[row]);
    (0..data.label.len()).map(loss).sum::<f64>() / data.label.len() as f64
}

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
    let mut plan = NetworkOptions::new(vec![40, 24]);
    // Blocks of a batch on several threads.
    plan.batch_size = Some(1024);
    plan.epochs = Some(4);
    let options = options(&[]).with_network(plan);
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
        let options = options(&[("seed", OptionValue::Integer(seed))]);
        fit(&data, &options.with_network(NetworkOptions::new(vec![8])))
            .network()
            .unwrap()
            .layers
            .clone()
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
    let places: Vec<u32> =
        models.iter().map(|model| set.add(Arc::new(Scorer::new(model)))).collect();
    let of_row: Vec<u32> = (0..2000).map(|row| places[row * row % 7 % 3]).collect();
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
    let mut plan = NetworkOptions::new(vec![16]);
    plan.epochs = Some(2);
    let options = options(&[("epochs", OptionValue::Integer(2))]).with_network(plan);
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
fn a_network_goes_on_from_its_weights() {
    let data = bent(3000, 82);
    let first = fit(&data, &network(&[16]));
    let none =
        options(&[("epochs", OptionValue::Integer(0))]).with_network(NetworkOptions::new(vec![16]));
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
    let model = fit(&data, &options(&pairs).with_network(NetworkOptions::new(vec![4])));
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
        let none = options(&[("epochs", OptionValue::Integer(0))]);
        none.with_network(NetworkOptions::new(vec![12, 6])).with_init(model.clone())
    };
    // One level more, which stands first, and the columns from the last to the first.
    let Feature::Levels(codes, names) = &data.features[4] else { unreachable!() };
    let mut codes: Vec<u32> = codes.iter().map(|code| code + 1).collect();
    codes[..9].fill(0);
    let names: Vec<String> = ["a new one".to_owned()].into_iter().chain(names.clone()).collect();
    let order = [4, 3, 1, 2, 0];
    let levels: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
    let feature = |&place: &usize| FeatureColumn {
        name: ["x0", "x1", "x2", "x3", "x4"][place],
        levels: (place == 4).then(|| levels.clone()),
    };
    let values = |&place: &usize| match &data.features[place] {
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
        let number = |place: usize| FeatureInput::Number(Column::Scalar(x[place]));
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
    let none =
        options(&[("epochs", OptionValue::Integer(0))]).with_network(NetworkOptions::new(vec![8]));
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

/// Rows of [`bent`] whose amounts are no log-normal: uniform up to twice their mean, or one in ten far above the others.
fn no_log_normal(rows: usize, seed: u64, is_heavy: bool) -> Data {
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
    let [mu, raw_sigma] = network.state.unwrap().amount_biases.unwrap();
    let total = network.training.unwrap().total.unwrap();
    assert!((network.heads.raw_sigma.bias - raw_sigma - total.raw_sigma as f32).abs() < 1e-6);
    assert!(mu.is_finite());
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
    assert_eq!(text(Options::default().with_network(NetworkOptions::new(vec![4]))), layer);
    let model = Model::from_json(&layer).unwrap();
    assert_eq!((linear.contains("network"), model.format_version()), (false, 2));
    assert_eq!(model.info().get("hidden"), Some(&FieldValue::Numbers(Some(vec![4.0]))));
}

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
