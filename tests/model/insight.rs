//! Contributions of features, and standard errors of predictions.

use ziln::fit::{
    Chunk, FeatureColumn, FeatureValues, NewtonOptions, OptionValue, RowId, Table, fit_newton,
};
use ziln::math::{Column, expected_ltv_row};
use ziln::model::{ErrorScorer, Explainer, FeatureInput, Model, ParamsOut, Scorer};

/// Rows with a number, a category and labels that depend on both.
struct Rows {
    label: Vec<f64>,
    number: Vec<f64>,
    codes: Vec<u32>,
}

const LEVELS: [Option<&str>; 4] = [None, Some("a"), Some("b"), Some("rare")];

fn rows() -> Rows {
    let mut state = 3_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((state >> 33) as f64 + 0.5) / (1_u64 << 31) as f64
    };
    let mut rows = Rows { label: Vec::new(), number: Vec::new(), codes: Vec::new() };
    for row in 0..600 {
        let number = 10.0 + 3.0 * (random() + random() + random() - 1.5);
        let code = if row == 0 { 3 } else { (3.0 * random()) as u32 };
        let pays = random() < 0.3 + 0.05 * (number - 10.0) + 0.1 * f64::from(code % 2);
        let noise = random() + random() - 1.0;
        rows.label.push(if pays { (2.0 + 0.1 * number + noise).exp() } else { 0.0 });
        rows.number.push(if row % 50 == 7 { f64::NAN } else { number });
        rows.codes.push(code);
    }
    rows
}

impl Rows {
    fn fit(&self, options: &[(&str, OptionValue)]) -> Model {
        let features = vec![
            FeatureColumn { name: "number", levels: None },
            FeatureColumn { name: "level", levels: Some(LEVELS.to_vec()) },
        ];
        let values = vec![FeatureValues::Numbers(&self.number), FeatureValues::Codes(&self.codes)];
        let table = Table {
            features,
            chunks: vec![Chunk { label: &self.label, weight: None, features: values }],
        };
        let ids: Vec<RowId> =
            (0..self.label.len() as u32).map(|row| RowId { chunk: 0, row }).collect();
        let pairs = options.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let options = NewtonOptions::from_pairs(pairs).unwrap();
        fit_newton(&table, &ids, &options).unwrap().unwrap()
    }

    fn inputs(&self) -> [FeatureInput<'_>; 2] {
        [
            FeatureInput::Number(Column::F64(&self.number)),
            FeatureInput::Codes { codes: &self.codes, levels: &LEVELS },
        ]
    }

    fn predict(&self, model: &Model) -> [Vec<f64>; 3] {
        let mut out = [(); 3].map(|()| vec![0.0; self.label.len()]);
        let [logit, mu, sigma] = &mut out;
        Scorer::new(model).predict(&self.inputs(), ParamsOut { logit, mu, sigma }).unwrap();
        out
    }
}

#[test]
fn contributions_sum_to_the_heads() {
    let rows = rows();
    let model = rows.fit(&[]);
    let explainer = Explainer::new(&model);
    assert_eq!(explainer.match_features(&["level", "x", "number"]).unwrap(), [2, 0]);
    let [logit, mu, sigma] = rows.predict(&model);
    let mut sums = [0.0; 2];
    for row in 0..rows.label.len() {
        let all = explainer.explain(&rows.inputs(), row).unwrap();
        let [mut a, mut b, mut c] = explainer.average();
        for contribution in &all {
            a += contribution.logit;
            b += contribution.mu;
            c += contribution.raw_sigma;
            sums[usize::from(contribution.feature == "level")] += contribution.logit;
            if contribution.feature == "number" && rows.number[row].is_nan() {
                assert_eq!((contribution.logit, contribution.ltv_ratio), (0.0, 1.0));
            }
        }
        assert!((a - logit[row]).abs() < 1e-12);
        assert!((b - mu[row]).abs() < 1e-12 || model.mu_range().unwrap().least == mu[row]);
        let spread = (1.0 + c.exp()).ln();
        assert!((spread - sigma[row]).abs() < 1e-12 || sigma[row] == model.max_sigma());
        assert!(all[0].ltv_ratio.ln().abs() >= all[1].ltv_ratio.ln().abs());
        let product: f64 = all.iter().map(|contribution| contribution.ltv_ratio.ln()).sum();
        assert!(product.is_finite());
    }
    // The average of the training rows is the average customer; the level that is too rare to have weights included.
    assert!(sums.iter().all(|sum| sum.abs() < 1e-5 * rows.label.len() as f64), "{sums:?}");
    let short = FeatureInput::Number(Column::F64(&rows.number[..1]));
    assert!(explainer.explain(&[short, rows.inputs()[1]], 1).is_err());
}

#[test]
fn errors_of_predictions_are_those_of_moved_weights() {
    let rows = rows();
    let model = rows.fit(&[("covariance", OptionValue::Bool(true))]);
    let errors = ErrorScorer::new(&model).unwrap().errors(&rows.inputs(), 600).unwrap();
    let [logit, mu, sigma] = rows.predict(&model);
    // The average customer without a level: the errors of the intercepts.
    let level = FeatureInput::Codes { codes: &[9], levels: &LEVELS };
    let average = [FeatureInput::Number(Column::Scalar(f64::NAN)), level];
    let at_average = ErrorScorer::new(&model).unwrap().errors(&average, 1).unwrap()[0];
    let weights = model.weights();
    let intercept = |head: usize| weights[head * weights.len() / 3].standard_error.unwrap();
    for (found, head) in [at_average.logit, at_average.mu, at_average.raw_sigma].iter().zip(0..) {
        assert!((found / intercept(head) - 1.0).abs() < 1e-9, "{at_average:?}");
    }
    for (row, error) in errors.iter().enumerate().take(50) {
        // With only the logit unsure, or only mu, the delta method is a difference quotient.
        let ltv = |a: f64, b: f64| expected_ltv_row(logit[row] + a, mu[row] + b, sigma[row]);
        let step = 1e-5;
        let by_logit = (ltv(step, 0.0) - ltv(-step, 0.0)) / (2.0 * step) * error.logit;
        let by_mu = (ltv(0.0, step) - ltv(0.0, -step)) / (2.0 * step) * error.mu;
        let least = (by_logit * by_logit).max(by_mu * by_mu).sqrt();
        assert!(
            error.expected_ltv > 0.5 * least && error.expected_ltv < ltv(0.0, 0.0),
            "{error:?}"
        );
    }
    let text = model.to_json();
    assert_eq!(Model::from_json(&text).unwrap(), model);
    let error = ErrorScorer::new(&rows.fit(&[])).unwrap_err().to_string();
    assert!(error.contains("option covariance"), "{error}");
}
