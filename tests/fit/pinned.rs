//! Model texts, predictions and metrics, bit for bit as they were: `tests/data/pinned.json` has a hash of each.
//!
//! Where a change alters them on purpose, `ZILN_PIN=1 cargo test --test fit pinned` writes the file anew.

use std::collections::BTreeMap;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;
use ziln::fit::{
    Chunk, FeatureColumn, FeatureValues, NewtonOptions, OptionValue, Options, RowId, Table, fit,
    fit_newton, fit_prior,
};
use ziln::math::{Column, Params, Spread, crps, expected_ltv, loss};
use ziln::metrics::{Scored, decile_stats, evaluate, gini, spearman};
use ziln::model::{ErrorScorer, Explainer, FeatureInput, Model, ParamsOut, Scorer};

use super::data::Random;

/// Names of options with their values.
type Pairs<'a> = &'a [(&'a str, OptionValue)];

/// A column of a data set.
enum Feature {
    Doubles(Vec<f64>),
    Singles(Vec<f32>),
    Levels(Vec<u32>, Vec<Option<String>>),
}

/// Rows to train on, in one chunk. All of it is made by sums and products, which are the same everywhere.
struct Rows {
    label: Vec<f64>,
    weight: Option<Vec<f64>>,
    features: Vec<Feature>,
}

impl Rows {
    /// Numbers of many scales, in single and double precision, some missing; categories of 3 and of many levels, one of
    /// which is NULL; payers whose amounts depend on both.
    fn mixed(rows: usize, numbers: usize, levels: u32, seed: u64) -> Self {
        let mut random = Random(seed);
        let mut features = Vec::new();
        let mut score = vec![0.0; rows];
        for index in 0..numbers {
            let scale = [1.0, 1000.0, 0.001, 50.0][index % 4];
            let share = [0.5, -0.25, 0.0, 0.125][index / 2 % 4];
            let mut column = random.normals(rows);
            for (value, score) in column.iter_mut().zip(&mut score) {
                *score += share * *value;
                *value = scale * (*value + 3.0);
                if random.next() < 0.02 {
                    *value = f64::NAN;
                }
            }
            features.push(match index % 3 {
                0 => Feature::Singles(column.iter().map(|&value| value as f32).collect()),
                _ => Feature::Doubles(column),
            });
        }
        for levels in [3, levels].into_iter().filter(|&levels| levels > 0) {
            let codes: Vec<u32> = (0..rows)
                .map(|_| (random.next() * random.next() * f64::from(levels)) as u32)
                .collect();
            for (code, score) in codes.iter().zip(&mut score) {
                *score += 0.25 * f64::from(code % 3) - 0.25;
            }
            let names = (0..levels).map(|level| (level != 1).then(|| format!("level {level}")));
            features.push(Feature::Levels(codes, names.collect()));
        }
        let label = score.iter().map(|&score| {
            let pays = random.next() < 0.3 + 0.1 * score;
            let amount = (4.0 + score + random.normal()).abs();
            if pays { 0.5 + amount * amount * amount } else { 0.0 }
        });
        Self { label: label.collect(), weight: None, features }
    }

    fn weighted(mut self, seed: u64) -> Self {
        let mut random = Random(seed);
        self.weight =
            Some(self.label.iter().map(|_| 0.5 + (4.0 * random.next()).floor()).collect());
        self
    }

    /// With one value of the first numbers in double precision that is far from all others.
    fn with_outlier(mut self, value: f64) -> Self {
        for feature in &mut self.features {
            if let Feature::Doubles(values) = feature {
                values[7] = value;
                break;
            }
        }
        self
    }

    /// With labels that depend on the first two numbers in double precision as no linear head does.
    fn bent(mut self) -> Self {
        let numbers = self.features.iter().filter_map(|feature| match feature {
            Feature::Doubles(values) => Some(values),
            _ => None,
        });
        let [a, b, ..] = numbers.collect::<Vec<_>>()[..] else { panic!("too few numbers") };
        // By their scales in `mixed`.
        let product = a.iter().zip(b).map(|(a, b)| (a / 1000.0 - 3.0) * (b / 0.001 - 3.0));
        for (label, product) in self.label.iter_mut().zip(product) {
            match product {
                p if p < -0.25 => *label = 0.0,
                p if p > 0.25 => *label = 2.0 * *label + 1.0,
                _ => {}
            }
        }
        self
    }

    /// The campaign of each row, after which there are more payers and greater amounts in some than in others.
    fn make_campaigns(&mut self, count: u32) -> Vec<u32> {
        let of_row = |row: usize| (row * row % 9973) as u32 % count;
        let campaigns: Vec<u32> = (0..self.label.len()).map(of_row).collect();
        for (row, (label, campaign)) in self.label.iter_mut().zip(&campaigns).enumerate() {
            let pays = campaign % 3 > 0 || row % 2 == 0;
            *label *= if pays { f64::from(1 + campaign % 5) } else { 0.0 };
        }
        campaigns
    }

    fn fit(&self, options: Pairs<'_>) -> Option<Model> {
        let options = Options::from_pairs(owned(options)).unwrap();
        self.with_table(|table, rows| fit(table, rows, &options)).unwrap()
    }

    fn newton(&self, options: Pairs<'_>) -> Model {
        let options = NewtonOptions::from_pairs(owned(options)).unwrap();
        self.with_table(|table, rows| fit_newton(table, rows, &options)).unwrap().unwrap()
    }

    fn prior(&self, campaigns: &[u32]) -> Model {
        let options = NewtonOptions::default();
        self.with_table(|table, rows| fit_prior(table, rows, campaigns, &options)).unwrap().unwrap()
    }

    /// Calls with all rows.
    fn with_table<R>(&self, call: impl FnOnce(&Table<'_>, &[RowId]) -> R) -> R {
        let names: Vec<String> =
            (0..self.features.len()).map(|index| format!("x{index}")).collect();
        let columns = names.iter().zip(&self.features).map(|(name, feature)| FeatureColumn {
            name,
            levels: match feature {
                Feature::Levels(_, levels) => {
                    Some(levels.iter().map(|level| level.as_deref()).collect())
                }
                _ => None,
            },
        });
        let features = columns.collect();
        let values = self.features.iter().map(|feature| match feature {
            Feature::Doubles(values) => FeatureValues::Numbers(values),
            Feature::Singles(values) => FeatureValues::Singles(values),
            Feature::Levels(codes, _) => FeatureValues::Codes(codes),
        });
        let chunk = Chunk {
            label: &self.label,
            weight: self.weight.as_deref(),
            features: values.collect(),
        };
        let table = Table { features, chunks: vec![chunk] };
        let rows: Vec<RowId> =
            (0..self.label.len() as u32).map(|row| RowId { chunk: 0, row }).collect();
        call(&table, &rows)
    }

    /// Logit, mu and sigma of every row.
    fn predict(&self, model: &Model) -> [Vec<f64>; 3] {
        let rows = self.label.len();
        let mut out = [vec![0.0; rows], vec![0.0; rows], vec![0.0; rows]];
        let [logit, mu, sigma] = &mut out;
        let scorer = Scorer::new(model);
        self.with_inputs(|inputs| scorer.predict(inputs, ParamsOut { logit, mu, sigma }).unwrap());
        out
    }

    /// Calls with the columns that a model predicts from.
    fn with_inputs<R>(&self, call: impl FnOnce(&[FeatureInput<'_>]) -> R) -> R {
        let levels: Vec<Vec<Option<&str>>> = self
            .features
            .iter()
            .map(|feature| match feature {
                Feature::Levels(_, levels) => levels.iter().map(|level| level.as_deref()).collect(),
                _ => Vec::new(),
            })
            .collect();
        let inputs: Vec<FeatureInput<'_>> = self
            .features
            .iter()
            .zip(&levels)
            .map(|(feature, levels)| match feature {
                Feature::Doubles(values) => FeatureInput::Number(Column::F64(values)),
                Feature::Singles(values) => FeatureInput::Number(Column::F32(values)),
                Feature::Levels(codes, _) => FeatureInput::Codes { codes, levels },
            })
            .collect();
        call(&inputs)
    }
}

/// The hashes of everything that is computed, by name.
#[derive(Default)]
struct Hashes(BTreeMap<String, String>);

impl Hashes {
    fn add(&mut self, name: &str, content: &[u8]) {
        let hash = format!("{:016x}", xxh3_64(content));
        assert!(self.0.insert(name.to_owned(), hash).is_none(), "{name} twice");
    }

    fn add_numbers(&mut self, name: &str, columns: &[&[f64]]) {
        let bytes = columns.iter().flat_map(|column| column.iter()).flat_map(|x| x.to_le_bytes());
        self.add(name, &bytes.collect::<Vec<u8>>());
    }

    /// The model, its predictions for its own rows, and their metrics.
    fn add_fit(&mut self, name: &str, rows: &Rows, options: Pairs<'_>) -> Option<Model> {
        let Some(model) = rows.fit(options) else {
            self.add(name, b"no model");
            return None;
        };
        self.add_model(name, rows, &model);
        Some(model)
    }

    fn add_model(&mut self, name: &str, rows: &Rows, model: &Model) {
        self.add(&format!("{name}: text"), model.to_json().as_bytes());
        let [logit, mu, sigma] = rows.predict(model);
        self.add_numbers(&format!("{name}: params"), &[&logit, &mu, &sigma]);
        let params = Params {
            logit: Column::F64(&logit),
            mu: Column::F64(&mu),
            spread: Spread::Sigma(Column::F64(&sigma)),
        };
        let label = &rows.label;
        let weight = rows.weight.as_deref();
        let mut columns = [vec![0.0; label.len()], vec![0.0; label.len()], vec![0.0; label.len()]];
        let [ltv, losses, scores] = &mut columns;
        expected_ltv(&params, ltv);
        loss(Column::F64(label), &params, losses);
        crps(Column::F64(label), &params, scores);
        self.add_numbers(&format!("{name}: rows"), &[ltv, losses, scores]);
        // All rows are no sample, of which the fields that came later tell.
        let evaluation = format!("{:?}", evaluate(&[Scored { label, params, weight }]));
        let evaluation = evaluation.replace(", rows_seen: None, effective_rows: None", "");
        let metrics = format!(
            "{evaluation} {:?} {:?} {:?}",
            gini(label, ltv, weight),
            spearman(label, ltv),
            decile_stats(label, ltv, 10),
        );
        self.add(&format!("{name}: metrics"), metrics.as_bytes());
    }

    /// What each feature adds, of the first rows, in the order in which it is said.
    fn add_explanations(&mut self, name: &str, rows: &Rows, model: &Model) {
        let explainer = Explainer::new(model);
        let mut bytes: Vec<u8> = Vec::new();
        let mut add = |numbers: &[f64]| {
            bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        };
        add(&explainer.average());
        let mut features = String::new();
        rows.with_inputs(|inputs| {
            for row in 0..200 {
                for one in explainer.explain(inputs, row).unwrap() {
                    features += &one.feature;
                    add(&[one.logit, one.mu, one.raw_sigma, one.ltv_ratio]);
                }
            }
        });
        bytes.extend(features.as_bytes());
        self.add(&format!("{name}: explanations"), &bytes);
    }

    /// The standard errors of the heads and of the expected lifetime value of every row.
    fn add_errors(&mut self, name: &str, rows: &Rows, model: &Model) {
        let scorer = ErrorScorer::new(model).unwrap();
        let errors = rows.with_inputs(|inputs| scorer.errors(inputs, rows.label.len()).unwrap());
        let numbers = errors.iter().flat_map(|of| [of.logit, of.mu, of.raw_sigma, of.expected_ltv]);
        self.add_numbers(&format!("{name}: errors"), &[&numbers.collect::<Vec<f64>>()]);
    }
}

fn owned(options: Pairs<'_>) -> impl Iterator<Item = (String, OptionValue)> {
    options.iter().map(|(name, value)| ((*name).to_owned(), value.clone()))
}

fn text(value: &str) -> OptionValue {
    OptionValue::Text(value.to_owned())
}

/// Every way of training, on a few thousand rows.
fn add_options(hashes: &mut Hashes) {
    use OptionValue::{Bool, Integer, Number};

    let rows = Rows::mixed(3000, 6, 40, 1);
    let weighted = Rows::mixed(3000, 5, 12, 2).weighted(3);
    for optimizer in ["adam", "adamw", "sgd", "momentum", "nesterov", "adagrad"] {
        for schedule in ["constant", "linear", "cosine", "inverse_sqrt"] {
            let options = [
                ("optimizer", text(optimizer)),
                ("schedule", text(schedule)),
                ("epochs", Integer(7)),
                ("keep_state", Bool(true)),
            ];
            let name = format!("{optimizer}, {schedule}");
            let model = hashes.add_fit(&name, &weighted, &options);
            let mut more = options.to_vec();
            more.push(("init", text(&model.unwrap().to_json())));
            hashes.add_fit(&format!("{name}, continued"), &weighted, &more);
        }
    }
    let one = |name: &'static str, value: OptionValue| vec![(name, value)];
    let sets = [
        Vec::new(),
        one("epochs", Integer(0)),
        one("batch_size", Integer(37)),
        one("learning_rate", Number(0.05)),
        one("l2", Number(0.0)),
        one("l2", Number(0.3)),
        one("clip_norm", Number(0.01)),
        one("seed", Integer(9)),
        one("max_sigma", Number(0.75)),
        one("min_payment", Number(2.0)),
        one("min_count", Integer(100)),
        one("validation_fraction", Number(0.25)),
        vec![
            ("validation_fraction", Number(0.5)),
            ("patience", Integer(1)),
            ("keep_state", Bool(true)),
        ],
    ];
    for (index, options) in sets.iter().enumerate() {
        hashes.add_fit(&format!("options {index}"), &rows, options);
        hashes.add_fit(&format!("options {index}, weighted"), &weighted, options);
    }
}

/// Data of many kinds with the default options.
fn add_data(hashes: &mut Hashes) {
    for rows in [1, 2, 3, 5, 10, 20, 50, 130, 700] {
        for seed in [1, 2, 3] {
            let data = Rows::mixed(rows, 3, 4, seed);
            hashes.add_fit(&format!("{rows} rows, seed {seed}"), &data, &[]);
        }
    }
    hashes.add_fit("no features", &Rows::mixed(500, 0, 0, 4), &[]);
    hashes.add_fit("many numbers", &Rows::mixed(1500, 48, 0, 5), &[]);
    hashes.add_fit("many levels", &Rows::mixed(4000, 2, 1500, 6).weighted(7), &[]);
    for outlier in [5000.0, 1e12, 1e308, f64::INFINITY] {
        let data = Rows::mixed(1000, 4, 6, 8).with_outlier(outlier);
        hashes.add_fit(&format!("outlier {outlier:e}"), &data, &[]);
    }
    let mut all_pay = Rows::mixed(400, 3, 5, 9);
    all_pay.label.iter_mut().for_each(|label| *label += 1.0);
    hashes.add_fit("all pay", &all_pay, &[]);
    let mut dirty = Rows::mixed(400, 3, 5, 10);
    for (row, label) in dirty.label.iter_mut().enumerate() {
        *label = [*label, 1e-15, -3.0, f64::NAN, *label, *label][row % 6];
    }
    hashes.add_fit("dirty labels", &dirty, &[]);
    let few_epochs = [("epochs", OptionValue::Integer(2))];
    hashes.add_fit("many rows", &Rows::mixed(300_000, 6, 30, 11), &few_epochs);
}

/// Networks, with and without rows held out, weights, the optimiser's state and a model to continue from.
fn add_networks(hashes: &mut Hashes) {
    use OptionValue::{Bool, Integer, Number};

    let rows = Rows::mixed(3000, 5, 12, 12).bent();
    let weighted = Rows::mixed(3000, 5, 12, 13).bent().weighted(14);
    let hidden = ("hidden", OptionValue::List(vec![Integer(8), Integer(4)]));
    let all = [hidden.clone(), ("validation_fraction", Number(0.0)), ("epochs", Integer(5))];
    for (name, rows) in [("network", &rows), ("network, weighted", &weighted)] {
        let model = hashes.add_fit(name, rows, std::slice::from_ref(&hidden)).unwrap();
        assert!(
            model.network().unwrap().training.unwrap().best_epoch > 0,
            "it is the linear model"
        );
        hashes.add_explanations(name, rows, &model);
        let name = format!("{name}, all rows");
        let mut options = all.to_vec();
        options.push(("keep_state", Bool(true)));
        let model = hashes.add_fit(&name, rows, &options).unwrap();
        options.push(("init", text(&model.to_json())));
        hashes.add_fit(&format!("{name}, continued"), rows, &options);
    }
}

/// The exact solver with its errors, a prior of campaigns, and a campaign that is drawn to it.
fn add_exact(hashes: &mut Hashes) {
    let mut rows = Rows::mixed(3000, 5, 12, 15);
    let mut weighted = Rows::mixed(3000, 5, 12, 16).weighted(17);
    for (name, rows) in [("newton", &mut rows), ("newton, weighted", &mut weighted)] {
        let campaigns = rows.make_campaigns(40);
        for errors in ["model", "robust"] {
            let name = format!("{name}, {errors}");
            let options = [("covariance", OptionValue::Bool(true)), ("errors", text(errors))];
            let model = rows.newton(&options);
            hashes.add_model(&name, rows, &model);
            hashes.add_errors(&name, rows, &model);
            hashes.add_explanations(&name, rows, &model);
        }
        let name = name.replace("newton", "prior");
        let prior = rows.prior(&campaigns);
        let between = prior.between().unwrap();
        assert!(between.mu.intercept > 0.0, "{between:?}");
        hashes.add_model(&name, rows, &prior);
        let init = [("init", text(&prior.to_json()))];
        let campaign = Rows::mixed(60, 5, 12, 18);
        hashes.add_model(&format!("{name}, drawn"), &campaign, &campaign.newton(&init));
        hashes.add_fit(&format!("{name}, drawn by steps"), &campaign, &init);
    }
    let model = rows.fit(&[]).unwrap();
    hashes.add_explanations("linear", &rows, &model);
}

#[test]
fn bits_are_as_they_were() {
    let mut hashes = Hashes::default();
    add_options(&mut hashes);
    add_data(&mut hashes);
    add_networks(&mut hashes);
    add_exact(&mut hashes);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pinned.json");
    if std::env::var_os("ZILN_PIN").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&hashes.0).unwrap() + "\n").unwrap();
        return;
    }
    let pinned: BTreeMap<String, String> =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let names = |map: &BTreeMap<String, String>| map.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&hashes.0), names(&pinned));
    let other: Vec<&String> = hashes
        .0
        .iter()
        .filter_map(|(name, hash)| (pinned[name] != *hash).then_some(name))
        .collect();
    assert!(other.is_empty(), "{} of {} are other bits: {other:#?}", other.len(), pinned.len());
}
