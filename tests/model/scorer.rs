//! Prediction with one model: the formula, matching by name, missing values.

use ziln::math::{Column, sigma_from_raw};
use ziln::model::{FeatureInput, Model, ParamsOut, Scorer};

use crate::made::{Columns, LEVELS, model, predict, predict_each};

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
        heads[row.head.unwrap() as usize] += row.weight * encoded;
    }
    heads[2] = sigma_from_raw(heads[2]).min(2.0);
    heads
}

fn means(model: &Model) -> f64 {
    match model.features()[0].encoding {
        ziln::model::Encoding::Numeric { mean, .. } => mean,
        _ => unreachable!(),
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

/// More numbers than are added at once, more rows than are predicted at once.
#[test]
fn many_numbers_and_rows_predict_like_few() {
    for numbers in [5, 9, 16, 17, 35] {
        predictions_of_numbers_and_a_category(numbers, 1_100);
    }
}

fn predictions_of_numbers_and_a_category(numbers: usize, rows: usize) {
    const CATEGORY: usize = 5;
    let weight = |head: usize, index: usize| ((head * 31 + index * 7) as f64).sin();
    let mean = |number: usize| number as f64 - 3.0;
    let mut text: serde_json::Value = serde_json::from_str(&model(0.4).to_json()).unwrap();
    let mut features: Vec<serde_json::Value> = (0..numbers)
        .map(|n| {
            let encoding = serde_json::json!({"numeric": {"mean": mean(n), "scale": 2.0}});
            serde_json::json!({"name": format!("x{n}"), "encoding": encoding})
        })
        .collect();
    features.insert(CATEGORY, text["features"][1].clone());
    text["features"] = features.into();
    for (head, name) in ["logit", "mu", "raw_sigma"].iter().enumerate() {
        let weights: Vec<f64> = (0..numbers + 3).map(|index| weight(head, index)).collect();
        text["weights"][name] = serde_json::json!({"intercept": 0.5, "weights": weights});
    }
    let scorer = Scorer::new(&Model::from_json(&text.to_string()).unwrap());

    let columns: Vec<Columns> = (0..numbers).map(|n| Columns::new(rows + n)).collect();
    let number = |n: usize| &columns[n].a[n..];
    let mut inputs: Vec<FeatureInput<'_>> =
        (0..numbers).map(|n| FeatureInput::Number(Column::F64(number(n)))).collect();
    let codes = &columns[0].codes;
    inputs.insert(CATEGORY, FeatureInput::Codes { codes, levels: &LEVELS });
    let alone = predict(&scorer, &inputs, rows);
    let names: Vec<String> = (0..numbers).map(|n| format!("x{n}")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.insert(CATEGORY, "c");
    let which: Vec<u32> = (0..rows as u32).map(|row| row % 2).collect();
    let mixed = predict_each(&[&scorer, &scorer], &which, &names, &inputs);

    for row in 0..rows {
        // Levels NULL, "x" and "y" have the indices after the numbers before them.
        let level =
            [None, Some("x"), Some("y")].iter().position(|l| *l == LEVELS[codes[row] as usize]);
        for head in 0..3 {
            let mut sum = 0.5 + level.map_or(0.0, |level| weight(head, CATEGORY + level));
            for n in 0..numbers {
                let index = if n < CATEGORY { n } else { n + 3 };
                let x = number(n)[row];
                sum += if x.is_finite() { weight(head, index) * (x - mean(n)) / 2.0 } else { 0.0 };
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
        (0..2 * rows).map(|index| number(index / 2 + 5 * (index % 2))).collect();
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
