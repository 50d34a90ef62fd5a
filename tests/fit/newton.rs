//! The exact solver: against statsmodels and `NumPy` (`tests/data/make_newton.py`), against training by steps, and on data
//! that have no optimum.

use serde_json::Value;
use ziln::fit::OptionValue;
use ziln::model::{Model, StopReason, WeightRow};

use super::data::{Data, Feature, Random};

fn golden() -> (Value, Data) {
    let text = std::fs::read_to_string("tests/data/newton.json").unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    let numbers = |name: &str| numbers(&golden[name]);
    let levels = ["level 0", "level 1", "level 2"].map(str::to_owned).to_vec();
    let codes = numbers("level").iter().map(|code| *code as u32).collect();
    let features = vec![
        Feature::Numbers(numbers("a")),
        Feature::Numbers(numbers("b")),
        Feature::Levels(codes, levels),
    ];
    let data = Data { label: numbers("label"), weight: None, features };
    (golden, data)
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn text(value: &str) -> OptionValue {
    OptionValue::Text(value.to_owned())
}

const PLAIN: (&str, OptionValue) = ("l2", OptionValue::Number(0.0));

/// Asserts that numbers agree to a share of the second.
fn close(got: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (got - expected).abs() <= tolerance * expected.abs(),
        "{what}: {got} beside {expected}, off by {:e}",
        (got / expected - 1.0).abs()
    );
}

#[test]
fn weights_and_errors_are_those_of_statsmodels() {
    let (golden, data) = golden();
    for kind in ["model", "robust"] {
        let model = data.newton(&[PLAIN, ("errors", text(kind))]);
        assert_eq!(model.training().stop_reason, StopReason::Converged);
        let rows = model.weights();
        for (head, rows) in ["logit", "mu", "raw_sigma"].iter().zip(rows.chunks(6)) {
            let expected = &golden["heads"][head];
            let (weights, errors) = (numbers(&expected["weights"]), numbers(&expected[kind]));
            for (row, (weight, error)) in rows.iter().zip(weights.iter().zip(&errors)) {
                let what = format!("{head}, {kind}, {:?} {:?}", row.feature, row.level);
                // The features are held in single precision.
                let scale = weight.abs().max(*error);
                assert!(
                    (row.raw_weight.unwrap() - weight).abs() < 2e-7 * scale,
                    "{what}: {row:?} {weight}"
                );
                close(row.raw_standard_error.unwrap(), *error, 1e-6, &what);
                if row.level.is_some() {
                    assert_eq!(row.raw_standard_error, row.standard_error);
                }
            }
            // The last level is what the intercept and the others explain.
            let WeightRow { weight, standard_error, z, p_value, .. } = rows[5].clone();
            assert_eq!((weight, standard_error, z, p_value), (0.0, None, None, None));
        }
        if kind == "model" {
            for (row, p) in rows[1..5].iter().zip(numbers(&golden["p_values"])) {
                close(row.p_value.unwrap(), p, 1e-5, "p value");
            }
        }
    }
}

/// Rows of a ziln model of which the second half of the features means nothing.
fn simulated(rows: usize, features: usize, seed: u64) -> Data {
    let mut random = Random(seed);
    let columns: Vec<Vec<f64>> = (0..features).map(|_| random.normals(rows)).collect();
    let label = (0..rows).map(|row| {
        let (a, b) = (columns[0][row], columns[1 % features][row]);
        let pays = random.next() < 1.0 / (1.0 + (0.5 - 0.8 * a).exp());
        let spread = (0.2 * b - 0.3).exp();
        if pays { (3.0 + 0.4 * a - 0.3 * b + spread * random.normal()).exp() } else { 0.0 }
    });
    Data::numbers(label.collect(), columns)
}

/// With a category, some missing numbers and weights.
fn mixed(rows: usize, seed: u64) -> Data {
    let mut data = simulated(rows, 4, seed);
    let mut random = Random(seed + 1);
    let codes: Vec<u32> =
        (0..rows).map(|_| (random.next() * random.next() * 30.0) as u32).collect();
    let names = (0..30).map(|level| format!("level {level}"));
    data.features.push(Feature::Levels(codes, names.collect()));
    if let Feature::Numbers(values) = &mut data.features[2] {
        values.iter_mut().filter(|_| random.next() < 0.1).for_each(|value| *value = f64::NAN);
    }
    data.weight = Some((0..rows).map(|_| 0.5 + (3.0 * random.next()).floor()).collect());
    data
}

#[test]
fn the_objective_is_that_of_training_by_steps_and_no_greater() {
    for (data, options) in [
        (simulated(3000, 6, 1), vec![]),
        (simulated(200, 10, 2), vec![]),
        (simulated(30, 3, 3), vec![]),
        (mixed(4000, 4), vec![]),
        (mixed(500, 5), vec![]),
        (mixed(2000, 6), vec![("l2", OptionValue::Number(0.05))]),
        (simulated(2000, 4, 7), vec![PLAIN]),
    ] {
        let mut longer = options.clone();
        longer.push(("epochs", OptionValue::Integer(600)));
        let steps = data.fit(&longer).unwrap();
        let exact = data.newton(&options);
        close(exact.options().l2.logit, steps.options().l2.logit, 1e-12, "l2");
        close(exact.options().l2.mu, steps.options().l2.mu, 1e-12, "l2");
        close(exact.options().l2.raw_sigma, steps.options().l2.raw_sigma, 1e-12, "l2");
        assert_eq!(exact.options().sigma_prior, steps.options().sigma_prior);
        assert_eq!(exact.max_sigma(), steps.max_sigma());
        assert_eq!(exact.mu_range(), steps.mu_range());
        assert_eq!(exact.training().stop_reason, StopReason::Converged, "{:?}", exact.training());
        assert!((1..=30).contains(&exact.training().epochs_run), "{:?}", exact.training());
        let (least, other) = (exact.training().objective, steps.training().objective);
        // Training by steps sums its heads in single precision.
        assert!(least <= other + 1e-8 && least > other - 0.01, "{least} {other}");
    }
}

#[test]
fn a_row_of_weight_two_is_the_row_twice() {
    let data = simulated(300, 3, 8);
    let twice = |values: &[f64]| -> Vec<f64> { values.iter().flat_map(|v| [*v, *v]).collect() };
    let features = data.features.iter().map(|feature| match feature {
        Feature::Numbers(values) => Feature::Numbers(twice(values)),
        Feature::Levels(..) => panic!("numbers only"),
    });
    let copies = Data { label: twice(&data.label), weight: None, features: features.collect() };
    let weighted = Data { weight: Some(vec![2.0; 300]), ..data };
    for kind in ["model", "robust"] {
        let options = [PLAIN, ("errors", text(kind))];
        let (copies, weighted) = (copies.newton(&options), weighted.newton(&options));
        for (a, b) in copies.weights().iter().zip(weighted.weights()) {
            assert!((a.weight - b.weight).abs() < 1e-6, "{a:?} {b:?}");
            close(b.standard_error.unwrap(), a.standard_error.unwrap(), 1e-5, "error");
        }
    }
}

#[test]
fn the_bits_do_not_depend_on_the_order_of_the_rows_or_on_threads() {
    let data = mixed(40_000, 9);
    let expected = data.newton(&[("covariance", OptionValue::Bool(true))]).to_json();
    let order: Vec<usize> = (0..40_000).map(|row| row * 7919 % 40_000).collect();
    let features = data.features.iter().map(|feature| match feature {
        Feature::Numbers(values) => Feature::Numbers(order.iter().map(|&r| values[r]).collect()),
        Feature::Levels(codes, names) => {
            Feature::Levels(order.iter().map(|&row| codes[row]).collect(), names.clone())
        }
    });
    let shuffled = Data {
        label: order.iter().map(|&row| data.label[row]).collect(),
        weight: data.weight.as_ref().map(|w| order.iter().map(|&row| w[row]).collect()),
        features: features.collect(),
    };
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let options = [("covariance", OptionValue::Bool(true))];
        let model = pool.install(|| shuffled.newton(&options));
        assert!(model.to_json() == expected, "{threads} threads");
        assert_eq!(Model::from_json(&expected).unwrap(), model);
    }
}

#[test]
fn degenerate_data_have_a_finite_model() {
    let mut random = Random(11);
    let x = random.normals(60);
    let y = random.normals(60);
    let sum: Vec<f64> = x.iter().zip(&y).map(|(x, y)| x + y).collect();
    let separated: Vec<f64> =
        x.iter().map(|x| if *x > 0.3 { (2.0 + x).exp() } else { 0.0 }).collect();
    let noisy: Vec<f64> =
        x.iter().map(|x| if random.next() < 0.4 { (2.0 + x).exp() } else { 0.0 }).collect();
    let all_pay: Vec<f64> = x.iter().map(|x| (1.0 + x).exp()).collect();
    let equal: Vec<f64> = x.iter().map(|x| f64::from(u8::from(*x > 0.0)) * 5.0).collect();
    let one: Vec<f64> = (0..60).map(|row| if row == 7 { 3.0 } else { 0.0 }).collect();
    let columns = || vec![x.clone(), x.clone(), sum.clone(), y.clone(), vec![4.0; 60]];
    for (name, label) in [
        ("separated", separated),
        ("noisy", noisy),
        ("all pay", all_pay),
        ("equal amounts", equal),
        ("one payer", one),
    ] {
        for options in [vec![], vec![PLAIN], vec![PLAIN, ("errors", text("robust"))]] {
            let model = Data::numbers(label.clone(), columns()).newton(&options);
            let text = model.to_json();
            assert_eq!(Model::from_json(&text).unwrap(), model, "{name}");
            assert!(model.training().train_loss.is_finite());
            let is_plain = !options.is_empty();
            if is_plain {
                // The copy and the constant; the sum stands before what it explains.
                let left_out: Vec<bool> =
                    model.weights()[..6].iter().map(|row| row.standard_error.is_none()).collect();
                assert_eq!(left_out, [false, false, true, false, true, true], "{name}");
            }
            let says = |what: &str| model.training().warnings.iter().any(|w| w.contains(what));
            let is_separated = is_plain && ["separated", "equal amounts"].contains(&name);
            if name != "one payer" {
                assert_eq!(says("without an error"), is_separated, "{name}");
            }
        }
    }
}

#[test]
fn too_many_columns_are_refused() {
    // The intercept is one more.
    let codes = (0..6000).map(|row| row % 2000).collect();
    let names = (0..2000).map(|level| format!("level {level}")).collect();
    let label = (0..6000).map(|row| f64::from(row % 3)).collect();
    let data = Data { label, weight: None, features: vec![Feature::Levels(codes, names)] };
    let error = data.try_newton(&[]).unwrap_err().to_string();
    assert!(error.contains("ziln_fit_sgd") && error.contains("2001"), "{error}");
    let codes = (0..600).map(|row| row % 250).collect();
    let names = (0..250).map(|level| format!("level {level}")).collect();
    let label = (0..600).map(|row| f64::from(row % 3)).collect();
    let data = Data { label, weight: None, features: vec![Feature::Levels(codes, names)] };
    assert!(data.try_newton(&[]).is_ok());
    let error =
        data.try_newton(&[("covariance", OptionValue::Bool(true))]).unwrap_err().to_string();
    assert!(error.contains("covariance") && error.contains("251"), "{error}");
}

/// 49 numbers, up to 250 levels and the intercept.
#[test]
fn many_columns_are_solved() {
    let mut data = simulated(2000, 49, 21);
    let mut random = Random(22);
    let codes = (0..2000).map(|_| (250.0 * random.next().powi(2)) as u32).collect();
    let names = (0..250).map(|level| format!("level {level}")).collect();
    data.features.push(Feature::Levels(codes, names));
    let exact = data.newton(&[]);
    let by_steps = data.fit(&[]).unwrap();
    assert_eq!(exact.training().stop_reason, StopReason::Converged);
    // Training by steps sums its heads in single precision.
    assert!(exact.training().objective <= by_steps.training().objective + 1e-8);
    let rows = exact.weights();
    assert!(rows.len() > 3 * 200);
    let is_sound = |row: &WeightRow| {
        row.weight.is_finite() && row.standard_error.is_some_and(|error| error > 0.0)
    };
    assert!(rows.iter().all(is_sound));
    assert!(data.predict(&exact).iter().flatten().all(|value| value.is_finite()));
}

#[test]
fn a_fit_goes_on_from_a_model() {
    let data = simulated(2000, 4, 12);
    let model = data.newton(&[]);
    let again = data.newton(&[("init", text(&model.to_json()))]);
    assert!(again.training().epochs_run <= 1, "{:?}", again.training());
    for (a, b) in model.weights().iter().zip(again.weights()) {
        assert!((a.weight - b.weight).abs() < 1e-8);
    }
    let stopped = data.newton(&[("max_iterations", OptionValue::Integer(1))]);
    assert_eq!(stopped.training().stop_reason, StopReason::MaxIterations);
}

#[test]
fn a_solver_that_comes_to_no_optimum_says_so() {
    let says = |model: &Model| {
        let warnings = &model.training().warnings;
        warnings.iter().any(|warning| warning.contains("the solver did not come to the optimum"))
    };
    let data = simulated(2000, 4, 13);
    // To stop at once is what was asked for.
    for (iterations, is_said) in [(0, false), (1, true), (50, false)] {
        let model = data.newton(&[("max_iterations", OptionValue::Integer(iterations))]);
        assert_eq!(says(&model), is_said, "{iterations}: {:?}", model.training());
    }
    // All payments but one are equal: the plain likelihood is the greater, the less the others are said to spread.
    let mut data = simulated(3000, 3, 14);
    data.label.fill(20.0);
    data.label[17] = 1e6;
    for (options, is_said) in [(&[PLAIN][..], true), (&[], false)] {
        let model = data.newton(options);
        assert_eq!(says(&model), is_said, "{options:?}: {:?}", model.training());
        let reason = if is_said { StopReason::MaxIterations } else { StopReason::Converged };
        assert_eq!(model.training().stop_reason, reason);
    }
}
