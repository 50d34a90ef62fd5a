//! Metrics against other implementations: the reference code's 60 rows (pandas, scikit-learn), and data with many
//! ties whose metrics scikit-learn, `SciPy`, `NumPy` and pandas computed (`tests/data/make_metrics_ties.py`).

use crate::evaluate;
use serde_json::Value;
use ziln::metrics::{average_precision, decile_stats, gini, raw_gini, roc_auc, spearman};

const TOLERANCE: f64 = 1e-12;

#[track_caller]
fn assert_close(got: Option<f64>, expected: f64, what: &str) {
    let got = got.unwrap_or(f64::NAN);
    let error = (got - expected).abs() / expected.abs().max(1.0);
    assert!(error <= TOLERANCE, "{what}: {got} is not {expected}");
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn number(value: &Value, path: &str) -> f64 {
    value.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("no number at {path}"))
}

fn column(value: &Value, name: &str) -> Vec<f64> {
    value[name].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// Label and prediction of the 60 rows.
fn small() -> (Vec<f64>, Vec<f64>) {
    let rows = include_str!("../data/metrics_small.csv").lines().skip(1);
    let rows = rows.map(|row| row.split_once(',').unwrap());
    rows.map(|(label, prediction)| -> (f64, f64) {
        (label.parse().unwrap(), prediction.parse().unwrap())
    })
    .unzip()
}

#[test]
fn the_reference_decile_table() {
    let (label, prediction) = small();
    let reference = parse(include_str!("../data/metrics_small.json"));
    let stats = decile_stats(&label, &prediction, 10);
    assert_eq!(stats.len(), 10);
    for (decile, stats) in stats.into_iter().enumerate() {
        assert_eq!((stats.bucket, stats.rows), (decile as u64 + 1, 6));
        let values = [
            ("label_mean", Some(stats.label_mean)),
            ("pred_mean", Some(stats.prediction_mean)),
            ("normalized_rmse", stats.normalized_rmse),
            ("normalized_mae", stats.normalized_mae),
            ("decile_mape", stats.absolute_percentage_error),
        ];
        for (name, value) in values {
            let expected = number(&reference, &format!("/decile/{name}/{decile}"));
            assert_close(value, expected, &format!("{name} of decile {decile}"));
        }
    }
}

/// The reference code sums where we use trapezoids, which adds 1/n to both coefficients.
#[test]
fn the_reference_gini() {
    let (label, prediction) = small();
    let reference = parse(include_str!("../data/metrics_small.json"));
    let extra = 1.0 / label.len() as f64;
    let (of_labels, of_prediction) =
        (number(&reference, "/gini_manual/raw/0"), number(&reference, "/gini_manual/raw/1"));
    assert_close(raw_gini(&label, &label, None).map(|gini| gini + extra), of_labels, "labels' own");
    assert_close(
        raw_gini(&label, &prediction, None).map(|gini| gini + extra),
        of_prediction,
        "prediction's",
    );
    assert_close(
        gini(&label, &prediction, None),
        (of_prediction - extra) / (of_labels - extra),
        "normalised",
    );
}

#[test]
fn the_reference_rankings() {
    let (label, prediction) = small();
    let reference = parse(include_str!("../data/metrics_small.json"));
    assert_close(spearman(&label, &prediction), number(&reference, "/spearman"), "spearman");
    assert_close(roc_auc(&label, &prediction, None), number(&reference, "/auc"), "auc");
    let precision = average_precision(&label, &prediction, None);
    assert_close(precision, number(&reference, "/ap"), "average precision");
}

#[test]
fn many_ties() {
    let reference = parse(include_str!("../data/metrics_ties.json"));
    for case in reference["cases"].as_array().unwrap() {
        let [label, prediction, weight] =
            ["label", "prediction", "weight"].map(|name| column(case, name));
        let weight = Some(weight.as_slice());
        let check = |got: Option<f64>, name: &str| {
            let expected = number(case, &format!("/expected/{name}"));
            assert_close(got, expected, &format!("{name} of {}", case["name"]));
        };
        check(spearman(&label, &prediction), "spearman");
        check(raw_gini(&label, &prediction, None), "gini");
        check(gini(&label, &prediction, None), "normalized_gini");
        check(roc_auc(&label, &prediction, None), "roc_auc");
        check(average_precision(&label, &prediction, None), "average_precision");
        check(raw_gini(&label, &prediction, weight), "weighted_gini");
        check(gini(&label, &prediction, weight), "weighted_normalized_gini");
        check(roc_auc(&label, &prediction, weight), "weighted_roc_auc");
        check(average_precision(&label, &prediction, weight), "weighted_average_precision");
    }
}

/// With mu and sigma constant, the expected value ranks as the logit does.
#[test]
fn evaluation_ranks_alike() {
    let reference = parse(include_str!("../data/metrics_ties.json"));
    for case in reference["cases"].as_array().unwrap() {
        let [label, logit, weight] =
            ["label", "prediction", "weight"].map(|name| column(case, name));
        let (mu, sigma) = (vec![1.0; label.len()], vec![0.5; label.len()]);
        let check = |got: Option<f64>, name: &str| {
            let expected = number(case, &format!("/expected/{name}"));
            assert_close(got, expected, &format!("{name} of {}", case["name"]));
        };
        let plain = evaluate(&label, &logit, &mu, &sigma, None);
        check(plain.spearman, "spearman");
        check(plain.gini, "gini");
        check(plain.normalized_gini, "normalized_gini");
        check(plain.roc_auc, "roc_auc");
        check(plain.average_precision, "average_precision");
        let weighted = evaluate(&label, &logit, &mu, &sigma, Some(&weight));
        check(weighted.spearman, "spearman_of_repeated");
        check(weighted.gini, "weighted_gini");
        check(weighted.normalized_gini, "weighted_normalized_gini");
        check(weighted.roc_auc, "weighted_roc_auc");
        check(weighted.average_precision, "weighted_average_precision");
    }
}

/// Rows that do not divide evenly into buckets go where `pandas.qcut` puts them.
#[test]
fn uneven_buckets() {
    let reference = parse(include_str!("../data/metrics_ties.json"));
    for case in reference["buckets"].as_array().unwrap() {
        let buckets = case["buckets"].as_u64().unwrap() as usize;
        let stats = decile_stats(&column(case, "label"), &column(case, "prediction"), buckets);
        let expected = case["expected"].as_array().unwrap();
        assert_eq!(stats.len(), expected.len());
        for (stats, expected) in stats.iter().zip(expected) {
            assert_eq!(Some(stats.bucket), expected["bucket"].as_u64());
            assert_eq!(Some(stats.rows), expected["rows"].as_u64());
            assert_close(
                Some(stats.label_mean),
                number(expected, "/label_mean"),
                &format!("bucket {}", stats.bucket),
            );
        }
    }
}
