//! Prediction: the formula, matching by name, missing values, and a model a row with the same bits.

use std::sync::Arc;

use ziln::math::{Column, sigma_from_raw};
use ziln::model::{FeatureInput, FeatureUse, Model, NO_SCORER, ParamsOut, Scorer, ScorerSet};

/// A model of a number `a`, a category `c` (levels NULL, "x", "y") and a number `b`, with weights made of `seed`.
fn model(seed: f64) -> Model {
    let heads = ["logit", "mu", "raw_sigma"].map(|head| {
        let weights: Vec<f64> =
            (0..5).map(|i| (seed + f64::from(i) * 0.7 + head.len() as f64).sin()).collect();
        (head.to_owned(), serde_json::json!({"intercept": seed * 0.1, "weights": weights}))
    });
    let text = serde_json::json!({
        "format_version": 1,
        "features": [
            {"name": "a", "encoding": {"numeric": {"mean": 2.0 + seed, "scale": 4.0}}},
            {"name": "c", "encoding": {"categorical": {"levels": [null, "x", "y"], "rows": [1, 2, 3]}}},
            {"name": "b", "encoding": {"numeric": {"mean": -1.0, "scale": 0.5}}},
        ],
        "weights": heads.into_iter().collect::<serde_json::Map<_, _>>(),
        "max_sigma": 2.0,
        "options": {
            "epochs": 1, "batch_size": 1, "learning_rate": 1.0, "optimizer": "adam", "schedule": "cosine",
            "l2": {"logit": 0.0, "mu": 0.0, "raw_sigma": 0.0}, "seed": 0, "validation_fraction": 0.0,
            "patience": 1, "min_count": 1, "init": false
        },
        "training": {
            "rows": 6, "payers": 1, "validation_rows": 0, "skipped_labels": 0, "negative_labels": 0,
            "weight_sum": 6.0, "epochs_run": 1, "best_epoch": 1, "stop_reason": "epochs",
            "train_loss": 1.0, "objective": 1.0, "history": {"epoch": [1], "train": [1.0]}
        }
    });
    Model::from_json(&text.to_string()).unwrap()
}

const LEVELS: [Option<&str>; 4] = [Some("y"), None, Some("never seen"), Some("x")];

/// Columns of any length, with missing values among them.
struct Columns {
    a: Vec<f64>,
    codes: Vec<u32>,
    b: Vec<f32>,
}

impl Columns {
    fn new(rows: usize) -> Self {
        let odd = |row: usize, x: f64| match row % 11 {
            3 => f64::NAN,
            7 => f64::INFINITY,
            _ => x,
        };
        Self {
            a: (0..rows).map(|row| odd(row, row as f64 * 0.37 - 3.0)).collect(),
            codes: (0..rows as u32).map(|row| row * 5 % 4).collect(),
            b: (0..rows).map(|row| odd(row + 1, (row as f64).cos()) as f32).collect(),
        }
    }

    fn inputs(&self) -> [FeatureInput<'_>; 3] {
        [
            FeatureInput::Number(Column::F64(&self.a)),
            FeatureInput::Codes { codes: &self.codes, levels: &LEVELS },
            FeatureInput::Number(Column::F32(&self.b)),
        ]
    }
}

fn predict(scorer: &Scorer, inputs: &[FeatureInput<'_>], rows: usize) -> [Vec<f64>; 3] {
    let mut out = [vec![0.0; rows], vec![0.0; rows], vec![0.0; rows]];
    let [logit, mu, sigma] = &mut out;
    scorer.predict(inputs, ParamsOut { logit, mu, sigma }).unwrap();
    out
}

/// What a set of models predicts, each row with the model of its place.
fn predict_each(
    scorers: &[&Scorer],
    which: &[u32],
    names: &[&str],
    inputs: &[FeatureInput<'_>],
) -> [Vec<f64>; 3] {
    let mut set = ScorerSet::default();
    for (place, scorer) in scorers.iter().enumerate() {
        assert_eq!(set.add(Arc::new((*scorer).clone())), place as u32);
    }
    let rows = which.len();
    let mut out = [vec![0.0; rows], vec![0.0; rows], vec![0.0; rows]];
    let [logit, mu, sigma] = &mut out;
    let rows = set.bind(names, which).unwrap();
    rows.predict(inputs, ParamsOut { logit, mu, sigma }).unwrap();
    out
}

/// The heads of one row, from the list of coefficients.
fn by_hand(model: &Model, a: f64, level: Option<&str>, b: f64) -> [f64; 3] {
    let mut heads = [0.0; 3];
    for row in model.weights() {
        let encoded = match row.feature.as_deref() {
            None => 1.0,
            Some("c") => f64::from(u8::from(row.level.as_deref() == level)),
            Some(name) => {
                let (x, mean, scale) =
                    if name == "a" { (a, means(model), 4.0) } else { (b, -1.0, 0.5) };
                if x.is_finite() { (x - mean) / scale } else { 0.0 }
            }
        };
        heads[row.head as usize] += row.weight * encoded;
    }
    heads[2] = sigma_from_raw(heads[2]).min(2.0);
    heads
}

fn means(model: &Model) -> f64 {
    match model.features()[0].encoding {
        ziln::model::Encoding::Numeric { mean, .. } => mean,
        ziln::model::Encoding::Categorical { .. } => unreachable!(),
    }
}

#[test]
fn predictions_are_those_of_the_coefficients() {
    let model = model(0.3);
    let scorer = Scorer::new(&model);
    for rows in [0, 1, 15, 16, 17, 100, 513] {
        let columns = Columns::new(rows);
        let out = predict(&scorer, &columns.inputs(), rows);
        for row in 0..rows {
            let level = LEVELS[columns.codes[row] as usize];
            let expected = by_hand(&model, columns.a[row], level, f64::from(columns.b[row]));
            for (head, expected) in out.iter().zip(expected) {
                assert!((head[row] - expected).abs() < 1e-12 * (1.0 + expected.abs()), "{row}");
            }
        }
    }
}

/// Every row's prediction has the bits that its model gives alone, and is NaN where it has none.
fn assert_as_alone(
    scorers: &[&Scorer],
    which: &[u32],
    mixed: &[Vec<f64>; 3],
    inputs: impl Fn(&Scorer) -> Vec<FeatureInput<'static>>,
) {
    let alone: Vec<_> =
        scorers.iter().map(|scorer| predict(scorer, &inputs(scorer), which.len())).collect();
    for (row, &place) in which.iter().enumerate() {
        for (head, mixed) in mixed.iter().enumerate() {
            match alone.get(place as usize) {
                Some(alone) => {
                    assert_eq!(mixed[row].to_bits(), alone[head][row].to_bits(), "{row}")
                }
                None => assert!(mixed[row].is_nan(), "{row}"),
            }
        }
    }
}

#[test]
fn a_model_a_row_gives_the_same_bits() {
    let scorers: Vec<Scorer> = (0..5).map(|seed| Scorer::new(&model(f64::from(seed)))).collect();
    let references: Vec<&Scorer> = scorers.iter().collect();
    let rows = 1_111;
    let columns: &'static Columns = Box::leak(Box::new(Columns::new(rows)));
    let [a, c, b] = columns.inputs();
    let other = FeatureInput::Number(Column::Scalar(1.0));
    let names = ["other", "b", "c", "a"];
    let whichs: [fn(u32) -> u32; 5] = [
        |row| if row % 17 == 4 { NO_SCORER } else { row * 3 % 5 },
        |row| row % 5,
        |row| if row < 1_000 { 2 } else { 3 },
        // One model alone, in all rows and in some.
        |_| 4,
        |row| if row % 3 == 0 { NO_SCORER } else { 1 },
    ];
    for which in whichs {
        let which: Vec<u32> = (0..rows as u32).map(which).collect();
        let mixed = predict_each(&references, &which, &names, &[other, b, c, a]);
        assert_as_alone(&references, &which, &mixed, |_| vec![a, c, b]);
    }
}

/// A model without the feature `c`, and one whose features stand in another order.
#[test]
fn models_of_different_features_share_a_table() {
    let whole = model(0.2);
    let mut text: serde_json::Value = serde_json::from_str(&whole.to_json()).unwrap();
    let features = text["features"].as_array_mut().unwrap();
    features.remove(1);
    for head in ["logit", "mu", "raw_sigma"] {
        text["weights"][head]["weights"] = serde_json::json!([0.25, -0.5]);
    }
    let few = Scorer::new(&Model::from_json(&text.to_string()).unwrap());
    text["features"].as_array_mut().unwrap().reverse();
    let reversed = Scorer::new(&Model::from_json(&text.to_string()).unwrap());
    let whole = Scorer::new(&whole);
    let scorers = [&whole, &few, &reversed];
    let rows = 777;
    let columns: &'static Columns = Box::leak(Box::new(Columns::new(rows)));
    let [a, c, b] = columns.inputs();
    for change in [1, 4, 5, 64] {
        let which: Vec<u32> = (0..rows as u32).map(|row| row / change % 3).collect();
        let mixed = predict_each(&scorers, &which, &["a", "b", "c"], &[a, b, c]);
        assert_as_alone(&scorers, &which, &mixed, |scorer| {
            let inputs = [a, b, c];
            let positions = scorer.match_features(&["a", "b", "c"]).unwrap();
            positions.iter().map(|&position| inputs[position]).collect()
        });
    }
}

/// What a set found out of columns of one list of names does not reach into those of another.
#[test]
fn a_set_serves_tables_of_other_names() {
    let mut set = ScorerSet::default();
    let scorers: Vec<Arc<Scorer>> =
        (0..3).map(|seed| Arc::new(Scorer::new(&model(f64::from(seed))))).collect();
    for scorer in &scorers {
        set.add(Arc::clone(scorer));
    }
    assert_eq!(set.add(Arc::clone(&scorers[1])), 1);
    assert_eq!(set.most_features(), 3);
    let rows = 40;
    let columns = Columns::new(rows);
    let [a, c, b] = columns.inputs();
    let error = set.bind(&["a", "b"], &[NO_SCORER, 2]).unwrap_err().to_string();
    assert!(error.contains("needs a feature `c`"), "{error}");
    let use_of = |position, is_category| FeatureUse { position, is_category };
    let tables: [(&[&str], Vec<FeatureInput<'_>>, [usize; 3]); 3] = [
        (&["a", "c", "b"], vec![a, c, b], [0, 1, 2]),
        (&["b", "c", "a"], vec![b, c, a], [2, 1, 0]),
        (&["x", "b", "c", "a"], vec![a, b, c, a], [3, 2, 1]),
    ];
    for (names, inputs, positions) in tables {
        // Models that rows use one after the other, in a set that is kept.
        for which in [0, 2, 1] {
            let places = vec![which; rows];
            let bound = set.bind(names, &places).unwrap();
            let [a, c, b] = positions;
            let uses: Vec<FeatureUse> = bound.uses().collect();
            assert_eq!(uses, [use_of(a, false), use_of(c, true), use_of(b, false)]);
            assert_eq!((bound.feature_count(0), bound.feature_count(rows)), (3, 0));
            let mut out = [vec![0.0; rows], vec![0.0; rows], vec![0.0; rows]];
            let [logit, mu, sigma] = &mut out;
            bound.predict(&inputs, ParamsOut { logit, mu, sigma }).unwrap();
            assert_eq!(out[0], predict(&scorers[which as usize], &columns.inputs(), rows)[0]);
        }
    }
    let places = [0, 1];
    let bound = set.bind(&["a", "c", "b"], &places).unwrap();
    let mut out = [[0.0; 2]; 3];
    let [logit, mu, sigma] = &mut out;
    let error = bound.predict(&[a, b, b], ParamsOut { logit, mu, sigma }).unwrap_err().to_string();
    assert!(error.contains("`c` is a category in the model"), "{error}");
}

/// A model of nine numbers with a category among them, and its rows: more numbers than are added at once, more rows than
/// are predicted at once.
#[test]
fn many_numbers_and_rows_predict_like_few() {
    const NUMBERS: usize = 9;
    const CATEGORY: usize = 5;
    let weight = |head: usize, place: usize| ((head * 31 + place * 7) as f64).sin();
    let mean = |number: usize| number as f64 - 3.0;
    let mut text: serde_json::Value = serde_json::from_str(&model(0.4).to_json()).unwrap();
    let mut features: Vec<serde_json::Value> = (0..NUMBERS)
        .map(|n| {
            let encoding = serde_json::json!({"numeric": {"mean": mean(n), "scale": 2.0}});
            serde_json::json!({"name": format!("x{n}"), "encoding": encoding})
        })
        .collect();
    features.insert(CATEGORY, text["features"][1].clone());
    text["features"] = features.into();
    for (head, name) in ["logit", "mu", "raw_sigma"].iter().enumerate() {
        let weights: Vec<f64> = (0..NUMBERS + 3).map(|place| weight(head, place)).collect();
        text["weights"][name] = serde_json::json!({"intercept": 0.5, "weights": weights});
    }
    let scorer = Scorer::new(&Model::from_json(&text.to_string()).unwrap());

    let rows = 1_100;
    let columns: Vec<Columns> = (0..NUMBERS).map(|n| Columns::new(rows + n)).collect();
    let number = |n: usize| &columns[n].a[n..];
    let mut inputs: Vec<FeatureInput<'_>> =
        (0..NUMBERS).map(|n| FeatureInput::Number(Column::F64(number(n)))).collect();
    let codes = &columns[0].codes;
    inputs.insert(CATEGORY, FeatureInput::Codes { codes, levels: &LEVELS });
    let alone = predict(&scorer, &inputs, rows);
    let names: Vec<String> = (0..NUMBERS).map(|n| format!("x{n}")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.insert(CATEGORY, "c");
    let which: Vec<u32> = (0..rows as u32).map(|row| row % 2).collect();
    let mixed = predict_each(&[&scorer, &scorer], &which, &names, &inputs);

    for row in 0..rows {
        // Levels NULL, "x" and "y" have the places after the numbers before them.
        let level =
            [None, Some("x"), Some("y")].iter().position(|l| *l == LEVELS[codes[row] as usize]);
        for head in 0..3 {
            let mut sum = 0.5 + level.map_or(0.0, |level| weight(head, CATEGORY + level));
            for n in 0..NUMBERS {
                let place = if n < CATEGORY { n } else { n + 3 };
                let x = number(n)[row];
                sum += if x.is_finite() { weight(head, place) * (x - mean(n)) / 2.0 } else { 0.0 };
            }
            let expected = if head == 2 { sigma_from_raw(sum).min(2.0) } else { sum };
            let got = alone[head][row];
            assert!((got - expected).abs() < 1e-10 * (1.0 + expected.abs()), "{head} {row}");
            assert_eq!(got.to_bits(), mixed[head][row].to_bits(), "{head} {row}");
        }
    }
}

/// The numbers of the model and of the rows times `factor`.
fn far_predictions(factor: f64) -> ([Vec<f64>; 3], [Vec<f64>; 3]) {
    let mut text: serde_json::Value = serde_json::from_str(&model(0.6).to_json()).unwrap();
    for (feature, mean, scale) in [(0, 0.5, 0.75), (2, -0.25, 0.5)] {
        text["features"][feature]["encoding"]["numeric"] =
            serde_json::json!({"mean": mean * factor, "scale": scale * factor});
    }
    let scorer = Scorer::new(&Model::from_json(&text.to_string()).unwrap());
    let rows = 101;
    let mut columns = Columns::new(rows);
    let number = |row: usize| (row as f64 * 0.7).sin() * factor;
    columns.a = (0..rows).map(|row| if row % 11 == 3 { f64::NAN } else { number(row) }).collect();
    // Every other number of a longer column.
    let strided: Vec<f64> =
        (0..2 * rows).map(|place| number(place / 2 + 5 * (place % 2))).collect();
    let mut inputs = columns.inputs();
    inputs[2] = FeatureInput::Number(Column::Strided { values: &strided, offset: 0, stride: 2 });
    let alone = predict(&scorer, &inputs, rows);
    let which: Vec<u32> = (0..rows as u32).map(|row| row % 2).collect();
    (alone, predict_each(&[&scorer, &scorer], &which, &["a", "c", "b"], &inputs))
}

/// Numbers near the greatest have differences that are none, and scales whose inverses are hardly any.
#[test]
fn numbers_near_the_greatest_predict_like_others() {
    let (plain, _) = far_predictions(1.0);
    for factor in [1e149, 1e151, 1e300, 1.7e308, 2_f64.powi(1023)] {
        let (alone, mixed) = far_predictions(factor);
        assert_eq!(alone, mixed, "{factor}");
        for (plain, far) in plain.iter().flatten().zip(alone.iter().flatten()) {
            assert!((plain - far).abs() < 1e-12 * (1.0 + plain.abs()), "{factor}: {plain} {far}");
        }
    }
}

#[test]
fn where_a_row_stands_does_not_change_its_bits() {
    let scorer = Scorer::new(&model(1.7));
    let columns = Columns::new(100);
    let whole = predict(&scorer, &columns.inputs(), 100);
    for start in 0..100 {
        let inputs = [
            FeatureInput::Number(Column::F64(&columns.a[start..])),
            // More levels than rows: looked up row by row.
            FeatureInput::Codes { codes: &columns.codes[start..], levels: &LEVELS },
            FeatureInput::Number(Column::F32(&columns.b[start..])),
        ];
        let part = predict(&scorer, &inputs, 100 - start);
        for (whole, part) in whole.iter().zip(&part) {
            assert!(whole[start..].iter().zip(part).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
    }
}

#[test]
fn features_are_matched_by_name() {
    let scorer = Scorer::new(&model(0.0));
    assert_eq!(scorer.match_features(&["b", "extra", "c", "a"]).unwrap(), [3, 2, 0]);
    let error = scorer.match_features(&["a", "b"]).unwrap_err().to_string();
    assert!(error.contains("`c`") && error.contains("a, b"), "{error}");
}

#[test]
fn the_wrong_kind_of_column_is_refused() {
    let scorer = Scorer::new(&model(0.0));
    let columns = Columns::new(20);
    let [a, c, b] = columns.inputs();
    let refuse = |inputs: &[FeatureInput<'_>], says: &str| {
        let mut out = [vec![0.0; 20], vec![0.0; 20], vec![0.0; 20]];
        let [logit, mu, sigma] = &mut out;
        let error = scorer.predict(inputs, ParamsOut { logit, mu, sigma }).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    };
    refuse(&[a, a, b], "`c` is a category in the model");
    refuse(&[c, c, b], "`a` is a number in the model");
    refuse(&[a, c], "needs 3 features, and 2 came");
    refuse(&[FeatureInput::Number(Column::F64(&columns.a[..5])), c, b], "`a` has fewer rows");
}
