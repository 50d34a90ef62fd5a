//! Thin, wide and dirty data: with default options no prediction explodes.

use ziln::fit::{OptionValue, Options};
use ziln::math::{expected_ltv_row, loss_row};
use ziln::model::{Encoding, Model, Range};

use super::data::{Data, Feature, Random};

/// The expected lifetime value of every row.
pub fn predicted(model: &Model, data: &Data) -> Vec<f64> {
    let [logit, mu, sigma] = data.predict(model);
    (0..logit.len()).map(|row| expected_ltv_row(logit[row], mu[row], sigma[row])).collect()
}

fn mean_loss(data: &Data, model: &Model) -> f64 {
    let [logit, mu, sigma] = data.predict(model);
    let loss = |row: usize| loss_row(data.label[row], logit[row], mu[row], sigma[row]);
    (0..logit.len()).map(loss).sum::<f64>() / logit.len() as f64
}

/// The predicted over the actual total of the rows a model is trained on.
fn ratio(data: &Data) -> Option<f64> {
    let model = data.fit(&[])?;
    Some(predicted(&model, data).iter().sum::<f64>() / data.label.iter().sum::<f64>())
}

/// The ratio of all totals together, the greatest of one, and the share of those above 2.
fn ratios(sets: impl Iterator<Item = Data>) -> (f64, f64, f64) {
    let (mut predicted_sum, mut actual_sum, mut most, mut above, mut count) = (0., 0., 0., 0., 0.);
    for data in sets {
        let Some(ratio) = ratio(&data) else { continue };
        let actual = data.label.iter().sum::<f64>();
        predicted_sum += ratio * actual;
        actual_sum += actual;
        most = f64::max(most, ratio);
        above += f64::from(u8::from(ratio > 2.0));
        count += 1.0;
    }
    (predicted_sum / actual_sum, most, above / count)
}

pub fn paid(random: &mut Random, rate: f64, sigma: f64) -> f64 {
    let pays = random.next() < rate;
    let amount = (2.0 + sigma * random.normal()).exp();
    if pays { (100.0 * amount).round() / 100.0 } else { 0.0 }
}

#[test]
fn three_payers_of_twenty() {
    let visits = [10., 1., 7., 8., 7., 3., 9., 3., 6., 9., 7., 10., 9., 7., 1., 6., 2., 9., 5., 1.];
    let mut label = vec![0.0; 20];
    (label[3], label[12], label[17]) = (36.54, 1.21, 3.01);
    let data = Data::numbers(label, vec![visits.to_vec()]);
    let total = predicted(&data.fit(&[]).unwrap(), &data).iter().sum::<f64>();
    assert!((20.0..82.0).contains(&total), "{total} of 40.76");
}

#[test]
fn campaigns_of_noise() {
    for sigma in [0.3, 1.0, 1.5] {
        let mut random = Random(1);
        let campaigns = (0..1500).map(|_| {
            let visits = (0..20).map(|_| 1.0 + (10.0 * random.next()).floor()).collect();
            let label = (0..20).map(|_| paid(&mut random, 0.3, sigma)).collect();
            Data::numbers(label, vec![visits])
        });
        let (all, most, above) = ratios(campaigns);
        assert!((0.9..1.15).contains(&all), "{sigma}: {all}");
        assert!(most < 5.0 && above <= 1.0 / 200.0, "{sigma}: {most}, {above}");
    }
}

/// The payers are alike in the feature and the others are not: priors in units of the payers alone would let the amounts of
/// the others be anything.
#[test]
fn payers_who_are_alike() {
    for (rows, payers) in [(200, 50), (800, 200)] {
        for share in [0.1, 0.33] {
            let mut random = Random(2);
            let campaigns = (0..100).map(|_| {
                let scale = |row: usize| if row < payers { share } else { 1.0 };
                let x = (0..rows).map(|row| scale(row) * random.normal()).collect();
                let rate = |row: usize| if row < payers { 1.0 } else { 0.0 };
                let label = (0..rows).map(|row| paid(&mut random, rate(row), 1.0)).collect();
                Data::numbers(label, vec![x])
            });
            let (_, _, above) = ratios(campaigns);
            assert!(above <= 0.02, "{payers} of {rows}, {share}: {above}");
        }
    }
}

/// Features that say nothing, for so many rows.
type Noise = fn(&mut Random, usize) -> Vec<Feature>;

/// Many features of noise, copies of one of them, many levels.
pub const FEATURES_OF_NOISE: [(&str, Noise); 3] = [
    ("numbers", |random, rows| (0..40).map(|_| Feature::Numbers(random.normals(rows))).collect()),
    ("copies", |random, rows| {
        let x = random.normals(rows);
        let near = |random: &mut Random| x.iter().map(|x| x + 1e-3 * random.normal()).collect();
        (0..40).map(|_| Feature::Numbers(near(random))).collect()
    }),
    ("levels", |random, rows| {
        let codes = (0..rows).map(|_| (60.0 * random.next()) as u32).collect();
        vec![Feature::Levels(codes, (0..60).map(|level| level.to_string()).collect())]
    }),
];

#[test]
fn features_that_say_nothing() {
    for (name, make) in FEATURES_OF_NOISE {
        let mut random = Random(3);
        for _ in 0..40 {
            let label: Vec<f64> = (0..80).map(|_| paid(&mut random, 0.3, 1.0)).collect();
            let data = Data { label, weight: None, features: make(&mut random, 80) };
            let model = data.fit(&[]).unwrap();
            let ratio = model.training().prediction_ratio.unwrap();
            assert!((0.5..2.0).contains(&ratio), "{name}: {ratio}");
            let sigma = model.head_weights().raw_sigma.intercept;
            assert!(sigma > -0.5, "{name}: {sigma}");
        }
    }
}

/// Customers of whom `rows` visited 1 to 10 times, and one crawler that did 5,000 times and paid nothing.
fn with_crawler(rows: usize, growth: f64, seed: u64) -> Data {
    let mut random = Random(seed);
    let mut visits: Vec<f64> = (0..rows).map(|_| 1.0 + (10.0 * random.next()).floor()).collect();
    let label = visits.iter().map(|visits| {
        let pays = random.next() < 0.25;
        let amount = (2.0 + 2.0 * random.next() + growth * visits).exp();
        if pays { amount } else { 0.0 }
    });
    let mut label: Vec<f64> = label.collect();
    visits.push(5000.0);
    label.push(0.0);
    Data::numbers(label, vec![visits])
}

#[test]
fn a_crawler_spoils_nothing() {
    for (rows, growth, draws) in [(3000, 0.0, 30), (3000, 0.02, 30), (30_000, 0.02, 3)] {
        for seed in 0..draws {
            let data = with_crawler(rows, growth, 100 + seed);
            let model = data.fit(&[]).unwrap();
            let values = predicted(&model, &data);
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            let ratio = mean(&values) / mean(&data.label);
            assert!((0.95..1.05).contains(&ratio), "{rows} {growth} {seed}: {ratio}");
            let Feature::Numbers(visits) = &data.features[0] else { unreachable!() };
            let ten = visits.iter().position(|&visits| visits == 10.0).unwrap();
            assert!(values[rows] <= values[ten], "{rows} {growth} {seed}: {}", values[rows]);
            // The feature is not lost: its scale is that of the others.
            let Encoding::Numeric { mean, scale, range, payer_range } =
                &model.features()[0].encoding
            else {
                panic!("a category");
            };
            assert!((5.0..6.0).contains(mean) && (2.5..3.5).contains(scale), "{mean} {scale}");
            assert_eq!(*payer_range, Some(Range { least: 1.0, most: 10.0 }));
            assert!(range.unwrap().most <= 19.0);
            let warnings = model.training().warnings.join("\n");
            assert!(warnings.contains("`x0` has the value 5000"), "{warnings}");
        }
    }
}

#[test]
fn some_crawlers_do_not_hide_what_a_feature_says() {
    for (rows, crawlers) in
        [(500, vec![5000.0, 6000.0]), (500, vec![5000.0; 5]), (3000, vec![999_999.0; 30])]
    {
        for seed in 0..10 {
            let mut random = Random(200 + seed);
            let clean: Vec<f64> = (0..rows).map(|_| (31.0 * random.next()).floor()).collect();
            let label = clean.iter().map(|visits| {
                let pays = random.next() < 0.05 + 0.02 * visits;
                if pays { (1.0 + 0.1 * visits + 0.5 * random.normal()).exp() } else { 0.0 }
            });
            let label: Vec<f64> = label.collect();
            let with = |more: &[f64]| {
                let label = [&label[..], &vec![0.0; more.len()]].concat();
                Data::numbers(label, vec![[&clean[..], more].concat()])
            };
            let of_clean = with(&[]).fit(&[]).unwrap();
            let model = with(&crawlers).fit(&[]).unwrap();
            let [without, spoilt] = [&of_clean, &model].map(|model| mean_loss(&with(&[]), model));
            assert!(spoilt < without + 0.02, "{rows} {seed}: {spoilt}, {without}");
            let warnings = model.training().warnings.join("\n");
            assert!(warnings.contains("absurdly far from the rest"), "{warnings}");
        }
    }
}

#[test]
fn amounts_are_not_extrapolated() {
    let mut random = Random(5);
    let visits: Vec<f64> = (0..2000).map(|_| (31.0 * random.next()).floor()).collect();
    let label = visits.iter().map(|visits| {
        let pays = random.next() < 0.1 + 0.02 * visits;
        if pays { (1.0 + 0.1 * visits + 0.5 * random.normal()).exp() } else { 0.0 }
    });
    let model = Data::numbers(label.collect(), vec![visits]).fit(&[]).unwrap();
    let far = Data::numbers(vec![0.0; 5], vec![vec![30.0, 31.0, 5000.0, 1e300, f64::NAN]]);
    let values = predicted(&model, &far);
    assert_eq!(values[1..4], [values[0]; 3]);
    assert!(values[4] < values[0], "a missing number counts as the mean");
    let rows = model.weights();
    let mu =
        rows.iter().find(|row| row.head.unwrap().name() == "mu" && row.feature.is_some()).unwrap();
    assert_eq!(mu.range, Some(Range { least: 0.0, most: 30.0 }));
}

/// Customers whose logarithm of a feature says what they pay, and the feature as it is.
pub fn skewed(rows: usize, seed: u64) -> Data {
    let mut random = Random(seed);
    let rank = random.normals(rows);
    let label = rank.iter().map(|rank| {
        let pays = random.next() < 1.0 / (1.0 + (1.5 - 0.8 * rank).exp());
        if pays { (1.5 + 0.7 * rank + random.normal()).exp() } else { 0.0 }
    });
    let label = label.collect();
    Data::numbers(label, vec![rank.iter().map(|rank| (2.0 + 1.5 * rank).exp()).collect()])
}

/// Whether the total of a model of skewed customers is right on them and on others.
pub fn check_skewed(model: &Model, data: &Data, what: &str) {
    let others = skewed(20_000, 999);
    for (data, range) in [(data, 0.95..1.15), (&others, 0.8..1.25)] {
        let values = predicted(model, data);
        let ratio = values.iter().sum::<f64>() / data.label.iter().sum::<f64>();
        assert!(range.contains(&ratio), "{what}: {ratio}");
    }
}

/// Straight lines are too steep for the greatest values of a skewed feature.
#[test]
fn a_skewed_feature_makes_nobody_a_fortune() {
    for seed in 1..=6 {
        let data = skewed(5000, seed);
        let model = data.fit(&[]).unwrap();
        check_skewed(&model, &data, &format!("seed {seed}"));
        let warnings = &model.training().warnings;
        assert!(warnings.iter().any(|warning| warning.contains("held below")), "{warnings:?}");
        let most = predicted(&model, &data).into_iter().fold(0.0, f64::max);
        let paid = model.training().label_max.unwrap();
        assert!(most < 2.0 * paid, "{most} of {paid}");
        let (told, loss) = (model.training().train_loss, mean_loss(&data, &model));
        assert!((told - loss).abs() < 1e-4, "the loss is that of predictions: {told} {loss}");
        assert!(model.mu_range().unwrap().most < paid.ln());
        // Its logarithm is followed to the end.
        let Feature::Numbers(x) = &data.features[0] else { unreachable!() };
        let straight = Data::numbers(data.label.clone(), vec![x.iter().map(|x| x.ln()).collect()]);
        let straight = straight.fit(&[]).unwrap();
        assert!(straight.training().warnings.is_empty(), "{:?}", straight.training().warnings);
    }
}

/// Campaigns that are drawn to a prior are held where all of them are.
#[test]
fn campaigns_of_a_skewed_feature_are_held_where_all_are() {
    let data = skewed(5000, 1);
    let campaigns: Vec<u32> = (0..5000).map(|row| row % 25).collect();
    let prior = data.prior(&campaigns);
    let most = prior.mu_range().unwrap().most;
    assert!(most < prior.training().label_max.unwrap().ln(), "{most}");
    let options = Options::from_pairs([("init".to_owned(), OptionValue::Text(prior.to_json()))]);
    let (options, mut sums) = (options.unwrap(), [0.0; 2]);
    for campaign in 0..25 {
        let rows: Vec<u32> = (0..5000).filter(|row| row % 25 == campaign).collect();
        let model = data.fit_rows(&rows, &options).unwrap().unwrap();
        assert_eq!(model.mu_range().unwrap().most, most);
        let values = predicted(&model, &data);
        for row in rows {
            sums[0] += values[row as usize];
            sums[1] += data.label[row as usize];
        }
    }
    let ratio = sums[0] / sums[1];
    assert!((0.8..1.25).contains(&ratio), "{ratio}");
}

#[test]
fn residues_are_no_payments() {
    for residues in [1, 2, 4, 8] {
        let mut visits: Vec<f64> = (0..3000).map(|row| f64::from(row % 10)).collect();
        let amount = |row: i32| (3.0 + f64::from(row).sin() / 2.0).exp();
        let mut label: Vec<f64> =
            (0..3000).map(|row| if row % 3 == 0 { amount(row) } else { 0.0 }).collect();
        for row in 0..residues {
            visits.push(f64::from(row));
            label.push(3.552_713_678_800_501e-15);
        }
        let data = Data::numbers(label, vec![visits]);
        let model = data.fit(&[]).unwrap();
        let mean = predicted(&model, &data).iter().sum::<f64>() / data.label.len() as f64;
        assert!((6.4..7.8).contains(&mean), "{residues}: {mean}");
        let training = model.training();
        assert_eq!((training.payers, training.tiny_labels), (1000, residues as u64));
        assert!(training.label_min.unwrap() > 10.0 && training.label_max.unwrap() < 35.0);
        assert!(training.warnings[0].contains("below min_payment"), "{:?}", training.warnings);
        // They are payments if one says so.
        let all = data.fit(&[("min_payment", OptionValue::Number(0.0))]).unwrap();
        assert_eq!(all.training().payers, 1000 + residues as u64);
        assert_eq!((all.training().tiny_labels, all.options().min_payment), (0, Some(0.0)));
        let none = data.fit(&[("min_payment", OptionValue::Number(1e9))]);
        assert!(none.is_none(), "nobody paid so much");
    }
}

/// Few payers of nearly equal amounts say little of how amounts spread.
#[test]
fn equal_amounts_do_not_make_sure() {
    let mut label = vec![0.0; 30];
    (label[3], label[9], label[11]) = (20.0, 20.01, 19.99);
    let data = Data::numbers(label, vec![(0..30).map(f64::from).collect()]);
    for epochs in [0, 400] {
        let model = data.fit(&[("epochs", OptionValue::Integer(epochs))]).unwrap();
        let [logit, mu, sigma] = data.predict(&model);
        assert!(sigma.iter().all(|&sigma| sigma > 0.4), "{epochs}: {}", sigma[0]);
        let loss = loss_row(60.0, logit[0], mu[0], sigma[0]);
        assert!(loss < 12.0, "{epochs}: {loss}");
    }
}

/// A model of a tail as heavy as this one's predicts more than was paid; not beyond what the payers make credible.
#[test]
fn heavy_tails_stay_within_twice_the_total() {
    let mut random = Random(9);
    let campaigns = (0..200).map(|_| {
        let x = random.normals(30);
        let label = (0..30).map(|_| paid(&mut random, 0.3, 3.0)).collect();
        Data::numbers(label, vec![x])
    });
    let (_, most, _) = ratios(campaigns);
    assert!(most <= 2.0, "{most}");
}

#[test]
fn warnings_say_what_to_look_at() {
    let mut random = Random(11);
    let wide: Vec<Vec<f64>> = (0..12).map(|_| random.normals(60)).collect();
    let mut label = vec![0.0; 60];
    (label[1], label[2], label[3]) = (5.0, 9.0, 7.0);
    let model = Data::numbers(label, wide).fit(&[]).unwrap();
    assert!(model.training().warnings[0].starts_with("3 payers for 12 weights a head"));
    let info = model.info();
    assert!(format!("{:?}", info.get("warnings")).contains("3 payers"));

    // One payment is most of the total, and no log-normal says so.
    let label = (0..400).map(|row| if row == 7 { 1e6 } else { f64::from(row % 2) * 10.0 });
    let whale = Data::numbers(label.collect(), vec![random.normals(400)]).fit(&[]).unwrap();
    let warnings = whale.training().warnings.join("\n");
    assert!(warnings.contains("predicted total of the training rows is 0."), "{warnings}");

    // Sigma is bounded below what the data say.
    let label = (0..400).map(|_| paid(&mut random, 0.5, 1.0)).collect();
    let data = Data::numbers(label, vec![random.normals(400)]);
    let bounded = data.fit(&[("max_sigma", OptionValue::Number(0.5))]).unwrap();
    let warnings = bounded.training().warnings.join("\n");
    assert!(warnings.contains("held at max_sigma = 0.5 in 100 of 100"), "{warnings}");

    let plain = data.fit(&[]).unwrap();
    assert!(plain.training().warnings.is_empty(), "{:?}", plain.training().warnings);
}

/// Without a penalty few payers are fitted exactly, and the rows between them would be worth anything.
#[test]
fn weights_that_spoil_the_total_are_shrunk() {
    let mut random = Random(21);
    let mut shrunk = 0;
    for _ in 0..60 {
        let columns = (0..6).map(|_| random.normals(60)).collect();
        let label = (0..60).map(|_| paid(&mut random, 0.2, 2.0)).collect();
        let data = Data::numbers(label, columns);
        let Some(model) = data.fit(&[("l2", OptionValue::Number(0.0))]) else { continue };
        let total = predicted(&model, &data).iter().sum::<f64>() / data.label.iter().sum::<f64>();
        let told = model.training().prediction_ratio.unwrap();
        assert!((told / total - 1.0).abs() < 1e-5, "{told} {total}");
        let start = data.fit(&[("epochs", OptionValue::Integer(0))]).unwrap();
        let alone = start.training().prediction_ratio.unwrap();
        let off = |ratio: f64| ratio.max(1.0 / ratio);
        assert!(off(total) <= off(alone).max(2.0) + 1e-5, "{total} {alone}");
        shrunk += u32::from(model.training().warnings.iter().any(|w| w.contains("multiplied by")));
    }
    assert!(shrunk > 5, "{shrunk}");
}

/// A text of before ranges and bounds predicts as it did.
#[test]
fn a_text_without_ranges_holds_nothing() {
    let data = with_crawler(300, 0.02, 3);
    let model = data.fit(&[]).unwrap();
    let mut text: serde_json::Value = serde_json::from_str(&model.to_json()).unwrap();
    text.as_object_mut().unwrap().remove("mu_range");
    let numeric = text["features"][0]["encoding"]["numeric"].as_object_mut().unwrap();
    numeric.remove("range");
    numeric.remove("payer_range");
    let old = Model::from_json(&text.to_string()).unwrap();
    let Encoding::Numeric { mean, scale, .. } = model.features()[0].encoding else { panic!() };
    let [logit, mu, _] = data.predict(&old);
    let heads = model.head_weights();
    for (row, z) in [(0, f64::NAN), (300, (5000.0 - mean) / scale)] {
        let Feature::Numbers(visits) = &data.features[0] else { unreachable!() };
        let z = if z.is_nan() { (visits[row] - mean) / scale } else { z };
        let of = |head: &ziln::model::HeadWeights| head.intercept + head.weights[0] * z;
        assert!((logit[row] - of(&heads.logit)).abs() < 1e-9 * of(&heads.logit).abs().max(1.0));
        assert!((mu[row] - of(&heads.mu)).abs() < 1e-9 * of(&heads.mu).abs().max(1.0));
    }
}

/// Campaigns with heads of their own: 20 to 400 customers to learn from, 200 to be judged by.
#[test]
fn thin_campaigns_are_no_worse_than_their_intercepts() {
    let mut random = Random(31);
    let common: Vec<[f64; 3]> =
        (0..4).map(|_| [0.6, 0.5, 0.15].map(|scale| scale * random.normal())).collect();
    for sizes in [[20, 40], [100, 400]] {
        let (mut own, mut alone, mut worst) = (0.0, 0.0, 0.0_f64);
        for campaign in 0..60 {
            let heads: Vec<[f64; 3]> = common
                .iter()
                .map(|head| {
                    let scales = [0.3, 0.25, 0.1];
                    std::array::from_fn(|i| head[i] + scales[i] * random.normal())
                })
                .collect();
            let mut draw = |rows: usize| {
                let columns: Vec<Vec<f64>> = (0..4).map(|_| random.normals(rows)).collect();
                let label = (0..rows).map(|row| {
                    let mut outputs = [-0.8, 2.5, 0.6];
                    for (head, column) in heads.iter().zip(&columns) {
                        (0..3).for_each(|i| outputs[i] += head[i] * column[row]);
                    }
                    let [logit, mu, raw_sigma] = outputs;
                    let pays = random.next() < 1.0 / (1.0 + (-logit).exp());
                    let sigma = raw_sigma.exp().ln_1p();
                    if pays { (mu + sigma * random.normal()).exp() } else { 0.0 }
                });
                let label = label.collect();
                Data::numbers(label, columns)
            };
            let (train, test) = (draw(sizes[campaign % 2]), draw(200));
            let Some(model) = train.fit(&[]) else { continue };
            let start = train.fit(&[("epochs", OptionValue::Integer(0))]).unwrap();
            let loss = |model: &Model| {
                let [logit, mu, sigma] = test.predict(model);
                let loss = |row: usize| loss_row(test.label[row], logit[row], mu[row], sigma[row]);
                (0..200).map(loss).sum::<f64>() / 200.0
            };
            own += loss(&model);
            alone += loss(&start);
            worst = worst.max(loss(&model));
        }
        assert!(own < alone, "{sizes:?}: {own} {alone}");
        assert!(worst < 6.0, "{sizes:?}: {worst}");
    }
}

/// A mailing: eight near copies of one state, 300 levels of noise, and 1 in 12 pays.
#[test]
fn wide_categories_gain_and_do_not_explode() {
    let mut random = Random(41);
    let rows = 12_000;
    let mut state: Vec<u32> = (0..rows).map(|_| (60.0 * random.next()) as u32).collect();
    let now = state.clone();
    let mut features = Vec::new();
    let category = |codes: Vec<u32>, levels: u32| {
        Feature::Levels(codes, (0..levels).map(|level| format!("L{level}")).collect())
    };
    for _ in 0..8 {
        features.push(category(state.clone(), 60));
        for level in state.iter_mut().filter(|_| random.next() < 0.1) {
            *level = (*level + 1) % 60;
        }
    }
    features.push(category((0..rows).map(|_| (300.0 * random.next()) as u32).collect(), 300));
    let label = now.iter().map(|&level| {
        let (recent, amount) = (f64::from(level % 6), f64::from(level / 6));
        let pays = random.next() < 1.0 / (1.0 + (2.2 + 0.2 * recent - 0.05 * amount).exp());
        let amount = (2.0 + 0.15 * amount + 0.6 * random.normal()).exp();
        if pays { amount } else { 0.0 }
    });
    let label: Vec<f64> = label.collect();
    assert!(label.iter().filter(|&&label| label > 0.0).count() > 500);
    let data = Data { label, weight: None, features };
    let fraction = ("validation_fraction", OptionValue::Number(0.3));
    let patience = ("patience", OptionValue::Integer(1_000_000));
    let model = data.fit(&[fraction.clone(), patience]).unwrap();
    let start = data.fit(&[fraction, ("epochs", OptionValue::Integer(0))]).unwrap();
    let (loss, alone) = (model.training().validation_loss, start.training().validation_loss);
    assert!(loss.unwrap() < alone.unwrap() - 0.002, "{loss:?} {alone:?}");
    let ratio = model.training().prediction_ratio.unwrap();
    assert!((0.9..1.15).contains(&ratio), "{ratio}");
}
