//! Training as a user sees it: convergence, early stopping, continuation, degenerate data.

use ziln::fit::OptionValue;
use ziln::math::{loss_row, sigma_from_raw};
use ziln::model::{Encoding, Model, StopReason};

use super::data::{Data, Feature, Random};

/// Rows of a ziln model whose parameters depend on the first two of `features` features.
fn simulated(rows: usize, features: usize, seed: u64) -> Data {
    let mut random = Random(seed);
    let columns: Vec<Vec<f64>> = (0..features).map(|_| random.normals(rows)).collect();
    let label = (0..rows).map(|row| {
        let (a, b) = (columns[0][row], columns[1 % features][row]);
        let pays = random.next() < 1.0 / (1.0 + (0.5 - 0.8 * a).exp());
        let amount = (2.0 + 0.5 * b + (0.7 + 0.1 * a) * random.normal()).exp();
        if pays { amount } else { 0.0 }
    });
    Data::numbers(label.collect(), columns)
}

/// The objective, by the formulas of the contract, from the model's text alone.
fn objective(data: &Data, model: &Model) -> f64 {
    let [logit, mu, sigma] = data.predict(model);
    let rows = data.label.len();
    let loss = |row: usize| loss_row(data.label[row], logit[row], mu[row], sigma[row]);
    let mean = (0..rows).map(loss).sum::<f64>() / rows as f64;
    let weights = model.head_weights();
    let l2 = model.options().l2;
    let heads =
        [(l2.logit, &weights.logit), (l2.mu, &weights.mu), (l2.raw_sigma, &weights.raw_sigma)];
    let penalty =
        heads.map(|(l2, head)| l2 / 2.0 * head.weights.iter().map(|w| w * w).sum::<f64>());
    let of_sigma = model.options().sigma_prior.map_or(0.0, |prior| {
        let sigma = sigma_from_raw(weights.raw_sigma.intercept);
        prior.weight * (sigma.ln() + (prior.spread / sigma).powi(2) / 2.0)
    });
    mean + penalty.iter().sum::<f64>() + of_sigma
}

/// The model with one number of its text replaced: the `index`-th weight of a head, or its intercept.
fn nudged(model: &Model, head: &str, index: Option<usize>, by: f64) -> Model {
    let mut text: serde_json::Value = serde_json::from_str(&model.to_json()).unwrap();
    let slot = match index {
        Some(index) => &mut text["weights"][head]["weights"][index],
        None => &mut text["weights"][head]["intercept"],
    };
    *slot = (slot.as_f64().unwrap() + by).into();
    Model::from_json(&text.to_string()).unwrap()
}

#[test]
fn the_defaults_end_at_the_minimum_of_the_objective() {
    for (rows, features) in [(300, 2), (3000, 8), (20_000, 5)] {
        let data = simulated(rows, features, 3);
        let model = data.fit(&[]).unwrap();
        let reached = objective(&data, &model);
        assert!((reached - model.training().objective).abs() < 1e-5, "{reached}");
        for head in ["logit", "mu", "raw_sigma"] {
            for index in std::iter::once(None).chain((0..features).map(Some)) {
                let step = 1e-2;
                let up = objective(&data, &nudged(&model, head, index, step));
                let down = objective(&data, &nudged(&model, head, index, -step));
                let (slope, curve) =
                    ((up - down) / (2.0 * step), (up + down - 2.0 * reached) / (step * step));
                // How far the objective could still fall along this weight.
                let left = slope * slope / (2.0 * curve);
                assert!(curve > 0.0 && left < 1e-5, "{rows} {head} {index:?}: {left}");
            }
        }
    }
}

/// What is trained does not depend on the bound of sigma, what is said of the losses does: they are those of predictions.
#[test]
fn losses_are_those_of_a_bounded_sigma() {
    let data = simulated(2000, 3, 5);
    let rows = data.label.len() as f64;
    let free = data.fit(&[]).unwrap();
    for max_sigma in [0.9, 0.6, 0.2] {
        let bound = ("max_sigma", OptionValue::Number(max_sigma));
        for fraction in [0.0, 0.25] {
            let held_out = ("validation_fraction", OptionValue::Number(fraction));
            let model = data.fit(&[bound.clone(), held_out]).unwrap();
            let training = model.training();
            let held_out = training.validation_rows as f64;
            let told = training.train_loss * (rows - held_out)
                + training.validation_loss.unwrap_or(0.0) * held_out;
            let [logit, mu, sigma] = data.predict(&model);
            let loss = |row: usize| loss_row(data.label[row], logit[row], mu[row], sigma[row]);
            let scored: f64 = (0..data.label.len()).map(loss).sum();
            assert!((told - scored).abs() < 1e-5 * rows, "{max_sigma} {fraction}: {told} {scored}");
            assert!(sigma.iter().all(|&sigma| sigma <= max_sigma));
        }
        let bounded = data.fit(&[bound]).unwrap();
        assert_eq!(bounded.head_weights(), free.head_weights());
        let last = bounded.training().history.train.last().unwrap();
        assert!((last - bounded.training().train_loss).abs() < 0.05 * last, "{last}");
    }
}

#[test]
fn every_optimiser_and_schedule_improves_on_the_start() {
    let data = simulated(6000, 4, 5);
    let start = data.fit(&[("epochs", OptionValue::Integer(0))]).unwrap().training().train_loss;
    let best = data.fit(&[]).unwrap().training().train_loss;
    for optimizer in ["adam", "adamw", "sgd", "momentum", "nesterov", "adagrad"] {
        for schedule in ["constant", "linear", "cosine", "inverse_sqrt"] {
            let model = data
                .fit(&[
                    ("optimizer", OptionValue::Text(optimizer.to_owned())),
                    ("schedule", OptionValue::Text(schedule.to_owned())),
                ])
                .unwrap();
            let loss = model.training().train_loss;
            assert!(
                loss - best < 0.1 * (start - best),
                "{optimizer} {schedule}: {start} {loss} {best}"
            );
            assert_eq!(model.options().optimizer, optimizer);
            assert_eq!(model.options().schedule, schedule);
        }
    }
}

#[test]
fn ten_epochs_and_ten_more_are_twenty() {
    let mut data = simulated(700, 3, 8);
    let codes = (0..700).map(|row| row * 7 % 13).collect();
    data.features.push(Feature::Levels(codes, (0..13).map(|level| format!("l{level}")).collect()));
    let same = |schedule: &&str| ["constant", "inverse_sqrt"].contains(schedule);
    for optimizer in ["adam", "adamw", "sgd", "momentum", "nesterov", "adagrad"] {
        for schedule in ["constant", "linear", "cosine", "inverse_sqrt"] {
            let options = |epochs: i64, init: Option<String>| {
                let mut options = vec![
                    ("epochs", OptionValue::Integer(epochs)),
                    ("batch_size", OptionValue::Integer(64)),
                    ("optimizer", OptionValue::Text(optimizer.to_owned())),
                    ("schedule", OptionValue::Text(schedule.to_owned())),
                    // An automatic one may have been made smaller.
                    ("learning_rate", OptionValue::Number(0.005)),
                    ("keep_state", OptionValue::Bool(true)),
                ];
                options.extend(init.map(|text| ("init", OptionValue::Text(text))));
                options
            };
            let text = |model: &Model| -> serde_json::Value {
                serde_json::from_str(&model.to_json()).unwrap()
            };
            let twenty = text(&data.fit(&options(20, None)).unwrap());
            let ten = data.fit(&options(10, None)).unwrap();
            let more = text(&data.fit(&options(10, Some(ten.to_json()))).unwrap());
            // Texts, so that each bit counts.
            for part in ["/weights", "/optimizer_state", "/training/train_loss"] {
                let parts = [&text(&ten), &more, &twenty]
                    .map(|model| model.pointer(part).unwrap().to_string());
                if same(&schedule) {
                    assert_eq!(parts[1], parts[2], "{optimizer}, {schedule}: {part}");
                } else if part == "/weights" {
                    // What depends on how many epochs there are begins anew.
                    assert_ne!(parts[1], parts[2], "{optimizer}, {schedule}");
                }
                assert!(part == "/optimizer_state" || parts[0] != parts[2], "{optimizer}: {part}");
            }
        }
    }
}

#[test]
fn a_head_that_was_not_trained_has_no_steps_behind_it() {
    let mut everybody_pays = simulated(300, 2, 8);
    everybody_pays.label.iter_mut().for_each(|label| *label += 1.0);
    let data = simulated(300, 2, 9);
    let options = |init: Option<String>| {
        let mut options = vec![
            ("epochs", OptionValue::Integer(3)),
            ("schedule", OptionValue::Text("constant".to_owned())),
            ("keep_state", OptionValue::Bool(true)),
        ];
        options.extend(init.map(|text| ("init", OptionValue::Text(text))));
        options
    };
    let first = everybody_pays.fit(&options(None)).unwrap();
    let state = first.optimizer_state().unwrap();
    assert_eq!((state.steps, state.steps_logit, state.steps_amount), (3, Some(0), None));
    let next = data.fit(&options(Some(first.to_json()))).unwrap();
    let state = next.optimizer_state().unwrap();
    assert_eq!((state.steps, state.steps_logit, state.steps_amount), (6, Some(3), None));
    // The same steps of the logit head as without a state: its averages were of no gradient.
    let mut stateless: serde_json::Value = serde_json::from_str(&first.to_json()).unwrap();
    stateless.as_object_mut().unwrap().remove("optimizer_state");
    let fresh = data.fit(&options(Some(stateless.to_string()))).unwrap();
    assert_eq!(next.head_weights().logit, fresh.head_weights().logit);
    assert_ne!(next.head_weights().mu, fresh.head_weights().mu);
}

#[test]
fn a_warm_start_without_state_begins_at_the_given_weights() {
    let data = simulated(500, 3, 9);
    let model = data.fit(&[]).unwrap();
    let again = data
        .fit(&[("init", OptionValue::Text(model.to_json())), ("epochs", OptionValue::Integer(0))])
        .unwrap();
    assert_eq!(again.head_weights(), model.head_weights());
    assert!(again.options().init);
}

/// A text that was tampered with is refused, or trains to a model that can be read.
#[test]
fn a_hostile_model_to_continue_from_does_no_harm() {
    let data = simulated(200, 2, 7);
    let kept = ("keep_state", OptionValue::Bool(true));
    let text = data.fit(&[("epochs", OptionValue::Integer(3)), kept]).unwrap().to_json();
    let tampered = |change: fn(&mut serde_json::Value)| {
        let mut text: serde_json::Value = serde_json::from_str(&text).unwrap();
        change(&mut text);
        data.try_fit(&[
            ("epochs", OptionValue::Integer(3)),
            ("init", OptionValue::Text(text.to_string())),
        ])
    };
    assert!(tampered(|_| {}).unwrap().is_some());
    assert!(tampered(|text| text["optimizer_state"]["amount_scale"] = 5e-324.into()).is_err());
    assert!(tampered(|text| text["optimizer_state"]["steps"] = u64::MAX.into()).is_err());
    assert!(tampered(|text| text["optimizer_state"]["epochs"] = u64::MAX.into()).is_err());
    let mut refused = 0;
    for head in ["logit", "mu", "raw_sigma"] {
        let far: fn(&mut serde_json::Value) = match head {
            "logit" => |text| text["weights"]["logit"]["intercept"] = 1e300.into(),
            "mu" => |text| text["weights"]["mu"]["intercept"] = 1e300.into(),
            _ => |text| text["weights"]["raw_sigma"]["intercept"] = 1e300.into(),
        };
        match tampered(far) {
            Ok(model) => assert!(Model::from_json(&model.unwrap().to_json()).is_ok(), "{head}"),
            Err(error) => {
                let expected =
                    "option `init`: expected a model from which training comes to finite numbers";
                assert!(error.to_string().starts_with(expected), "{head}: {error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0);
}

#[test]
fn init_must_have_the_same_features() {
    let model = simulated(100, 3, 1).fit(&[]).unwrap();
    let init = [("init", OptionValue::Text(model.to_json()))];
    let fewer = simulated(100, 2, 1).try_fit(&init).unwrap_err().to_string();
    assert!(fewer.contains("`init`") && fewer.contains("`x2`"), "{fewer}");
    let more = simulated(100, 4, 1).try_fit(&init).unwrap_err().to_string();
    assert!(more.contains("without the feature `x3`"), "{more}");
    let bad = [("init", OptionValue::Text("{}".to_owned()))];
    assert!(simulated(100, 3, 1).try_fit(&bad).unwrap_err().to_string().contains("`init`"));
}

#[test]
fn early_stopping_keeps_the_best_weights() {
    // Forty features that say nothing of eighty rows: without a penalty training only fits noise.
    let mut random = Random(4);
    let mut data = simulated(160, 40, 11);
    data.features = (0..40).map(|_| Feature::Numbers(random.normals(160))).collect();
    let options = [
        ("validation_fraction", OptionValue::Number(0.5)),
        ("patience", OptionValue::Integer(7)),
        ("l2", OptionValue::Integer(0)),
        ("epochs", OptionValue::Integer(400)),
        ("learning_rate", OptionValue::Number(0.005)),
    ];
    let model = data.fit(&options).unwrap();
    let training = model.training();
    assert_eq!(training.stop_reason, StopReason::Patience);
    assert_eq!(training.epochs_run, training.best_epoch + 7);
    assert!((40..120).contains(&training.validation_rows));
    let best = training.validation_loss.unwrap();
    assert!(training.history.validation.iter().all(|&loss| best <= loss));
    // The kept weights are those of the best epoch, not of the last.
    let mut shorter = options.to_vec();
    shorter[3].1 = OptionValue::Integer(training.best_epoch as i64);
    shorter.push(("schedule", OptionValue::Text("constant".to_owned())));
    let mut longer = options.to_vec();
    longer.push(("schedule", OptionValue::Text("constant".to_owned())));
    let longer = data.fit(&longer).unwrap();
    shorter[3].1 = OptionValue::Integer(longer.training().best_epoch as i64);
    assert_eq!(data.fit(&shorter).unwrap().head_weights(), longer.head_weights());
}

#[test]
fn labels_are_counted_and_unusable_groups_have_no_model() {
    let label = vec![0.0, 5.0, f64::NAN, -3.0, f64::INFINITY, 7.0];
    let model = Data::numbers(label, vec![vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]).fit(&[]).unwrap();
    let training = model.training();
    assert_eq!(
        (training.rows, training.payers, training.skipped_labels, training.negative_labels),
        (4, 2, 2, 1)
    );
    for label in [vec![], vec![0.0, 0.0], vec![f64::NAN], vec![-1.0, 0.0]] {
        let column = vec![1.0; label.len()];
        assert!(Data::numbers(label, vec![column]).fit(&[]).is_none());
    }
}

#[test]
fn a_weight_of_two_is_the_row_twice() {
    let data = simulated(400, 2, 21);
    let doubled = |column: &[f64]| column.iter().chain(column).copied().collect::<Vec<f64>>();
    let columns = data.features.iter().map(|feature| match feature {
        Feature::Numbers(values) => doubled(values),
        Feature::Levels(..) => unreachable!(),
    });
    let twice = Data::numbers(doubled(&data.label), columns.collect()).fit(&[]).unwrap();
    let weighted = Data { weight: Some(vec![2.0; 400]), ..data }.fit(&[]).unwrap();
    assert_eq!(weighted.training().weight_sum, 800.0);
    let pairs = weighted.weights().into_iter().zip(twice.weights());
    for (a, b) in pairs {
        assert!((a.weight - b.weight).abs() < 1e-4, "{a:?} {b:?}");
    }
}

#[test]
fn a_row_of_weight_close_to_nothing_has_no_say() {
    let mut data = simulated(300, 2, 22);
    let plain = data.fit(&[]).unwrap();
    data.label.push(1e9);
    for feature in &mut data.features {
        if let Feature::Numbers(values) = feature {
            values.push(0.0);
        }
    }
    let mut weight = vec![1.0; 300];
    weight.push(1e-12);
    data.weight = Some(weight);
    let with = data.fit(&[]).unwrap();
    for (a, b) in plain.weights().into_iter().zip(with.weights()) {
        assert!((a.weight - b.weight).abs() < 2e-2, "{a:?} {b:?}");
    }
}

/// Every weight finite, every prediction on the training rows finite and within reason.
fn assert_sensible(name: &str, data: &Data, options: &[(&str, OptionValue)]) -> Model {
    let model = data.fit(options).unwrap_or_else(|| panic!("{name}: no model"));
    let read = Model::from_json(&model.to_json()).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(read, model, "{name}");
    let [logit, mu, sigma] = data.predict(&model);
    let payers = || data.label.iter().filter(|&&label| label > 0.0);
    let (least, most) =
        payers().fold((f64::MAX, 0.0_f64), |(a, b), &label| (a.min(label), b.max(label)));
    for row in 0..data.label.len() {
        assert!(logit[row].is_finite() && sigma[row] > 0.0 && sigma[row] <= 5.0, "{name} {row}");
        let median = mu[row];
        let margin = 1.0 + (most.ln() - least.ln());
        assert!(
            median > least.ln() - margin && median < most.ln() + margin,
            "{name} {row}: {median}"
        );
    }
    assert!(model.training().objective.is_finite(), "{name}");
    model
}

#[test]
fn degenerate_data_give_sensible_models() {
    let zeros_but = |rows: usize, payers: &[(usize, f64)]| {
        let mut label = vec![0.0; rows];
        for &(row, amount) in payers {
            label[row] = amount;
        }
        label
    };
    let ramp = |rows: usize| (0..rows).map(|row| row as f64).collect::<Vec<f64>>();
    let check = |name: &str, label: Vec<f64>, columns: Vec<Vec<f64>>| {
        assert_sensible(name, &Data::numbers(label, columns), &[])
    };
    check("one row", vec![3.0], vec![vec![1.0]]);
    check("one payer", zeros_but(50, &[(7, 20.0)]), vec![ramp(50)]);
    check("two payers", zeros_but(50, &[(7, 20.0), (9, 25.0)]), vec![ramp(50), ramp(50)]);
    check("all pay", (1..60).map(f64::from).collect(), vec![ramp(59)]);
    check("all pay the same", vec![9.99; 40], vec![ramp(40)]);
    check("no features", zeros_but(40, &[(1, 2.0), (5, 9.0)]), vec![]);
    check("constant", zeros_but(40, &[(1, 2.0), (5, 9.0)]), vec![vec![7.0; 40]]);
    check("all missing", zeros_but(40, &[(1, 2.0), (5, 9.0)]), vec![vec![f64::NAN; 40]]);
    let separable = (0..100).map(|row| if row < 50 { 0.0 } else { f64::from(row) }).collect();
    check("separable", separable, vec![ramp(100)]);
    check("rare", zeros_but(20_000, &[(5, 10.0), (17_000, 12.0)]), vec![ramp(20_000)]);
    let wide = (0..200).map(|row| if row % 2 == 0 { 0.0 } else { 10f64.powi(row / 10 - 9) });
    check("amounts from 1e-9 to 1e11", wide.collect(), vec![ramp(200)]);
    let tiny = (0..200).map(|row| if row % 3 == 0 { 1e-9 * (1.0 + f64::from(row)) } else { 0.0 });
    check("tiny amounts", tiny.collect(), vec![ramp(200)]);
    let huge = [1e300, -1e300, 5.0, 1e-300].repeat(10);
    check("huge numbers", zeros_but(40, &[(1, 2.0), (5, 9.0)]), vec![huge]);
    let mut outlier = ramp(60);
    outlier[3] = 1e18;
    check("outlier", zeros_but(60, &[(1, 2.0), (3, 5.0), (40, 9.0)]), vec![outlier]);
    // More features than payers: the amounts must not be fitted exactly.
    let mut random = Random(3);
    let noise: Vec<Vec<f64>> = (0..30).map(|_| random.normals(50)).collect();
    let model =
        check("more features than payers", zeros_but(50, &[(1, 2.0), (5, 9.0), (9, 4.0)]), noise);
    assert!(model.head_weights().raw_sigma.intercept > -3.0);
}

#[test]
fn duplicated_features_share_the_weight() {
    let data = simulated(2000, 2, 31);
    let Feature::Numbers(first) = &data.features[0] else { unreachable!() };
    let shifted = first.iter().map(|x| 1e6 - 3.0 * x).collect();
    let copies = Data::numbers(data.label.clone(), vec![first.clone(), first.clone(), shifted]);
    let model = assert_sensible("duplicated", &copies, &[]);
    let weights = &model.head_weights().logit.weights;
    assert!((weights[0] - weights[1]).abs() < 1e-3 && (weights[0] + weights[2]).abs() < 1e-3);
}

#[test]
fn an_offset_and_a_unit_change_nothing() {
    let data = simulated(1500, 1, 41);
    let Feature::Numbers(x) = &data.features[0] else { unreachable!() };
    // Nanoseconds since 1970, a second apart at least: far beyond what single precision could tell apart.
    let times: Vec<f64> = x.iter().map(|x| 1.7e18 + (x * 1e4).round() * 1e9).collect();
    let plain: Vec<f64> = x.iter().map(|x| (x * 1e4).round()).collect();
    let of_times = Data::numbers(data.label.clone(), vec![times]).fit(&[]).unwrap();
    let of_plain = Data::numbers(data.label.clone(), vec![plain]).fit(&[]).unwrap();
    for (a, b) in of_times.weights().into_iter().zip(of_plain.weights()) {
        assert!((a.weight - b.weight).abs() < 1e-3, "{a:?} {b:?}");
    }
}

/// Differences of such numbers overflow, and inverses of their scales are hardly numbers any more.
#[test]
fn numbers_near_the_greatest_train_like_others() {
    let mut data = simulated(800, 2, 43);
    for feature in &mut data.features {
        if let Feature::Numbers(values) = feature {
            for value in values.iter_mut() {
                *value = (*value * 64.0).round() / 64.0;
            }
            values[17] = f64::NAN;
        }
    }
    // One batch, since the order of the rows depends on what they hold.
    let options = [("batch_size", OptionValue::Integer(800))];
    let plain = data.predict(&data.fit(&options).unwrap());
    let spread = |head: &[f64]| head.iter().fold(0.0_f64, |most, x| most.max((x - head[0]).abs()));
    assert!(spread(&plain[0]) > 1.0, "the logits say nothing");
    for factor in [1e150, 1e300, 1e306, 1e307, 2_f64.powi(1021)] {
        let features = data.features.iter().map(|feature| match feature {
            Feature::Numbers(values) => values.iter().map(|value| value * factor).collect(),
            Feature::Levels(..) => unreachable!(),
        });
        let far = Data::numbers(data.label.clone(), features.collect());
        let model = assert_sensible("far", &far, &options);
        for (head, (plain, far)) in plain.iter().zip(far.predict(&model)).enumerate() {
            for (plain, far) in plain.iter().zip(far) {
                let error = (plain - far).abs() / plain.abs().max(1.0);
                assert!(error < 1e-6, "{factor} {head}: {far} is not {plain}");
            }
        }
    }
}

/// The difference of the two ends of the scale is twice the greatest number.
#[test]
fn numbers_at_both_ends_of_the_scale_train_like_others() {
    let label = (0..400).map(|row| if row % 3 == 0 || row % 10 == 1 { 5.0 } else { 0.0 });
    let label: Vec<f64> = label.collect();
    let logits = |size: f64| {
        let ends = (0..400).map(|row| if row % 3 == 0 { size } else { -size }).collect();
        let data = Data::numbers(label.clone(), vec![ends]);
        let options = [("batch_size", OptionValue::Integer(400))];
        let [logit, ..] = data.predict(&assert_sensible("ends", &data, &options));
        [logit[0], logit[2]]
    };
    let (near, far) = (logits(1.0), logits(f64::MAX));
    assert!(near[0] - near[1] > 2.0, "{near:?}");
    assert!((near[0] - far[0]).abs() + (near[1] - far[1]).abs() < 1e-6, "{near:?} {far:?}");
}

#[test]
fn a_hundred_thousand_levels_train() {
    let rows = 300_000_u32;
    let mut random = Random(51);
    let codes: Vec<u32> = (0..rows).map(|_| (random.next() * 100_000.0) as u32).collect();
    let label = codes.iter().map(|code| {
        let pays = random.next() < if code % 2 == 0 { 0.7 } else { 0.2 };
        if pays { (1.0 + random.normal() + f64::from(code % 3)).exp() } else { 0.0 }
    });
    let label: Vec<f64> = label.collect();
    let levels: Vec<String> = (0..100_000).map(|code| format!("merchant {code:06}")).collect();
    let data = Data { label, weight: None, features: vec![Feature::Levels(codes, levels)] };
    let model = data
        .fit(&[("epochs", OptionValue::Integer(10)), ("min_count", OptionValue::Integer(2))])
        .unwrap();
    let Encoding::Categorical { levels, rows } = &model.features()[0].encoding else { panic!() };
    assert!(levels.len() > 70_000 && rows.iter().all(|&rows| rows >= 2));
    assert!(levels.is_sorted());
    let mean = |parity: usize| {
        let weights = levels.iter().zip(&model.head_weights().logit.weights);
        let of_parity = weights.filter(|(level, _)| {
            level.as_ref().unwrap().bytes().last().unwrap() as usize % 2 == parity
        });
        let weights: Vec<f64> = of_parity.map(|(_, &weight)| weight).collect();
        weights.iter().sum::<f64>() / weights.len() as f64
    };
    assert!(mean(0) - mean(1) > 0.8, "{} {}", mean(0), mean(1));
}

#[test]
fn rare_levels_have_no_weights() {
    let mut data = simulated(200, 1, 61);
    let codes: Vec<u32> = (0..200).map(|row| u32::from(row < 3)).collect();
    let names = vec!["common".to_owned(), "rare".to_owned()];
    data.features = vec![Feature::Levels(codes, names)];
    let levels = |min_count: i64| {
        let model = data.fit(&[("min_count", OptionValue::Integer(min_count))]).unwrap();
        let Encoding::Categorical { levels, rows } = model.features()[0].encoding.clone() else {
            panic!()
        };
        (levels.into_iter().flatten().collect::<Vec<_>>(), rows)
    };
    assert_eq!(levels(3), (vec!["common".to_owned(), "rare".to_owned()], vec![197, 3]));
    assert_eq!(levels(4), (vec!["common".to_owned()], vec![197]));
}

#[test]
fn clipping_bounds_the_steps() {
    let data = simulated(300, 2, 71);
    let moved = |clip: f64| {
        let model = data
            .fit(&[
                ("optimizer", OptionValue::Text("sgd".to_owned())),
                ("schedule", OptionValue::Text("constant".to_owned())),
                ("learning_rate", OptionValue::Number(1.0)),
                ("epochs", OptionValue::Integer(1)),
                ("clip_norm", OptionValue::Number(clip)),
            ])
            .unwrap();
        model.head_weights().mu.weights.iter().map(|w| w * w).sum::<f64>().sqrt()
    };
    assert!(moved(1e-3) <= 1e-3 && moved(1e-3) > 1e-5 && moved(10.0) > 1e-2);
}

#[test]
fn no_epochs_leave_the_marginal_fit() {
    let data = simulated(400, 2, 81);
    let model = data.fit(&[("epochs", OptionValue::Integer(0))]).unwrap();
    let amounts: Vec<f64> = data.label.iter().filter(|&&y| y > 0.0).map(|y| y.ln()).collect();
    let count = amounts.len() as f64;
    let mean = amounts.iter().sum::<f64>() / count;
    // The payers, and one and a half imagined ones a distance 1 from the mean.
    let squares = amounts.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    let sd = ((squares + 1.5) / (count + 1.5)).sqrt();
    let [logit, mu, sigma] = data.predict(&model);
    assert!((logit[0] - (count / (400.0 - count)).ln()).abs() < 1e-12);
    assert!((mu[0] - mean).abs() < 1e-12 && (sigma[0] - sd).abs() < 1e-12);
    assert!(model.weights().iter().all(|row| row.feature.is_none() || row.weight == 0.0));
    assert_eq!(model.training().epochs_run, 0);
}

#[test]
fn a_learning_rate_far_too_large_does_no_harm_to_the_query() {
    let data = simulated(300, 3, 91);
    for (optimizer, rate) in [("sgd", 1000.0), ("momentum", 1000.0), ("adam", 1000.0)] {
        let model = data
            .fit(&[
                ("optimizer", OptionValue::Text(optimizer.to_owned())),
                ("learning_rate", OptionValue::Number(rate)),
                ("clip_norm", OptionValue::Number(1e300)),
                ("epochs", OptionValue::Integer(50)),
            ])
            .unwrap();
        assert!(model.weights().iter().all(|row| row.weight.is_finite()), "{optimizer}");
        assert!(Model::from_json(&model.to_json()).is_ok(), "{optimizer}");
    }
}
