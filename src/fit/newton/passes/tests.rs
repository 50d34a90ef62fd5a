//! A training by passes beside the exact solver over the same rows.

use super::*;
use crate::fit::{
    Chunk, FeatureColumn, FeatureValues, NewtonOptions, OptionValue, RowId, Table, fit_newton,
};
use crate::math::Column;
use crate::model::{FeatureInput, Model, StopReason};

/// Rows with three numbers, one of which is missing at times, and a category of four levels.
struct Data {
    label: Vec<f64>,
    weight: Option<Vec<f64>>,
    numbers: [Vec<f64>; 3],
    codes: Vec<u32>,
}

const LEVELS: [Option<&str>; 4] = [None, Some("a"), Some("b"), Some("c")];

impl Data {
    fn new(rows: usize, seed: u64) -> Self {
        let mut state = seed;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as f64 / (1_u64 << 31) as f64
        };
        let mut data = Self {
            label: Vec::new(),
            weight: None,
            numbers: [Vec::new(), Vec::new(), Vec::new()],
            codes: Vec::new(),
        };
        for _ in 0..rows {
            // Of so few values that every sample has them all.
            let mut few = |values: f64| (random() * values).floor() / values;
            let (x, y, z) = (few(20.0), 4.0 * few(8.0) * few(2.0), few(10.0));
            let code = (random() * 4.0) as u32;
            let logit = 2.0 * x - 0.3 * y - 1.0 + 0.2 * f64::from(code);
            let pays = random() < 1.0 / (1.0 + (-logit).exp());
            let normal = (0..12).map(|_| random()).sum::<f64>() - 6.0;
            let amount = (1.0 + x + 0.1 * y + (0.5 + 0.3 * z) * normal).exp();
            data.label.push(if pays { amount } else { 0.0 });
            data.numbers[0].push(x);
            data.numbers[1].push(if random() < 0.05 { f64::NAN } else { y });
            data.numbers[2].push(1000.0 + 50.0 * z);
            data.codes.push(code);
        }
        data
    }

    /// Rows whose amounts follow the logarithm of the first number.
    fn skewed(rows: usize, seed: u64) -> Self {
        let mut data = Self::new(rows, seed);
        let mut state = seed;
        for (label, x) in data.label.iter_mut().zip(&mut data.numbers[0]) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let noise = (state >> 33) as f64 / (1_u64 << 31) as f64;
            if *label > 0.0 {
                *label = (1.0 + 4.0 * *x + 3.0 * (noise - 0.5)).exp();
            }
            *x = (8.0 * *x).exp();
        }
        data
    }

    fn len(&self) -> usize {
        self.label.len()
    }

    fn with_table<R>(&self, run: impl FnOnce(&Table<'_>, &[RowId]) -> R) -> R {
        let mut features: Vec<FeatureColumn> =
            ["x", "y", "z"].iter().map(|name| FeatureColumn { name, levels: None }).collect();
        features.push(FeatureColumn { name: "level", levels: Some(LEVELS.to_vec()) });
        let mut values: Vec<FeatureValues> =
            self.numbers.iter().map(|x| FeatureValues::Numbers(x)).collect();
        values.push(FeatureValues::Codes(&self.codes));
        let chunk = Chunk { label: &self.label, weight: self.weight.as_deref(), features: values };
        let rows: Vec<RowId> = (0..self.len() as u32).map(|row| RowId { chunk: 0, row }).collect();
        run(&Table { features, chunks: vec![chunk] }, &rows)
    }

    fn start(&self, max_rows: i64) -> Option<Model> {
        self.start_with(max_rows, OptionValue::Null)
    }

    fn start_with(&self, max_rows: i64, l2: OptionValue) -> Option<Model> {
        let max_rows = ("max_rows".to_owned(), OptionValue::Integer(max_rows));
        let max_sigma = ("max_sigma".to_owned(), OptionValue::Number(5.0));
        let options = [max_rows, max_sigma, ("l2".to_owned(), l2)];
        let options = PassOptions::from_pairs(options).unwrap();
        self.with_table(|table, rows| newton_start(table, rows, &options)).unwrap()
    }

    /// Adds some rows to the sums of a pass.
    fn add(&self, pass: &Pass, rows: &[u32], sums: &mut PassSums) {
        let mut features: Vec<FeatureInput> =
            self.numbers.iter().map(|x| FeatureInput::Number(Column::F64(x))).collect();
        features.push(FeatureInput::Codes { codes: &self.codes, levels: &LEVELS });
        let (label, weight) = (&self.label, self.weight.as_deref());
        pass.add(&PassColumns { label, weight, features: &features }, rows, sums);
    }

    fn step(&self, model: &Model) -> Model {
        let pass = Pass::of_text(&model.to_json()).unwrap();
        let mut sums = pass.sums();
        let rows: Vec<u32> = (0..self.len() as u32).collect();
        self.add(&pass, &rows, &mut sums);
        pass.finish(&sums)
    }

    /// The model when the passes are over, and how many there were.
    fn passes(&self, model: Option<Model>) -> (Model, u64) {
        let mut model = model.unwrap();
        for count in 0..30 {
            if model.training().stop_reason.name() != "unfinished" {
                return (model, count);
            }
            model = self.step(&model);
        }
        panic!("no end: {:?}", model.training());
    }
}

fn weights(model: &Model) -> Vec<f64> {
    model.weights().iter().map(|row| row.weight).collect()
}

#[test]
fn a_sample_of_all_rows_is_the_exact_fit() {
    let data = Data::new(900, 1);
    let model = data.start(1000).unwrap();
    let max_sigma = ("max_sigma".to_owned(), OptionValue::Number(5.0));
    let options = NewtonOptions::from_pairs([max_sigma]).unwrap();
    let exact = data.with_table(|table, rows| fit_newton(table, rows, &options)).unwrap().unwrap();
    assert_eq!(weights(&model), weights(&exact));
    assert_eq!(model.training().stop_reason.name(), "converged");
    assert_eq!(data.step(&model), model);
}

#[test]
fn passes_come_to_the_optimum_of_all_rows() {
    for weighted in [false, true] {
        let mut data = Data::new(6000, 2);
        // What is missing counts as the mean of the sample.
        data.numbers[1].iter_mut().filter(|y| y.is_nan()).for_each(|y| *y = 0.0);
        if weighted {
            data.weight = Some((0..6000).map(|row| 0.25 + f64::from(row % 7)).collect());
        }
        // The plain likelihood knows no penalty that a sample decides, and the sample has all values: the optimum is that of
        // all rows, however their numbers were encoded.
        let plain = |rows| data.start_with(rows, OptionValue::Number(0.0));
        let (model, count) = data.passes(plain(1500));
        assert_eq!(model.training().stop_reason.name(), "converged", "{:?}", model.training());
        assert!((2..=6).contains(&count), "{count}");
        let exact = plain(6000).unwrap();
        let (training, of_all) = (model.training(), exact.training());
        let losses = [training.train_loss, of_all.train_loss];
        assert!((losses[0] - losses[1]).abs() < 1e-9, "{losses:?}");
        assert_eq!((training.rows, training.payers), (6000, of_all.payers));
        assert!((training.weight_sum / of_all.weight_sum - 1.0).abs() < 1e-12);
        for (a, b) in model.weights().iter().zip(&exact.weights()) {
            // Of the levels one is explained by the others.
            let errors = (a.raw_standard_error, b.raw_standard_error);
            let (Some(of_a), Some(of_b)) = errors else {
                assert_eq!(errors, (None, None));
                assert_eq!(a.weight, b.weight);
                continue;
            };
            assert!((of_a / of_b - 1.0).abs() < 1e-4, "{a:?} {b:?}");
            let off = a.raw_weight.unwrap() - b.raw_weight.unwrap();
            assert!(off.abs() < 1e-4 * of_b, "{a:?} {b:?}");
        }
    }
}

#[test]
fn the_ceiling_of_the_sample_stays() {
    let data = Data::skewed(6000, 5);
    let start = data.start(2000).unwrap();
    let ceiling = start.mu_ceiling().expect("a total that is too high");
    assert!(start.training().warnings.iter().any(|warning| warning.contains("held below")));
    let (model, _) = data.passes(Some(start));
    assert_eq!(model.training().rows, 6000);
    assert_eq!(model.mu_ceiling(), Some(ceiling));
}

#[test]
fn passes_over_the_sample_confirm_the_exact_fit() {
    // The sample is all rows, and passes go over them all the same.
    let data = Data::new(3000, 3);
    let exact = data.start(3000).unwrap();
    let mut model = exact.clone();
    let mut passes = model.passes().unwrap().clone();
    for part in [&mut passes.paying, &mut passes.amount] {
        part.status = crate::model::PassStatus::Open;
        // Not from the optimum, but from nearby.
        part.values.iter_mut().for_each(|value| *value *= 0.9);
    }
    model = model.with_passes(passes).with_stop_reason(StopReason::Unfinished);
    let mut count = 0;
    while model.training().stop_reason.name() == "unfinished" && count < 20 {
        model = data.step(&model);
        count += 1;
    }
    assert_eq!(model.training().stop_reason.name(), "converged");
    for (a, b) in weights(&model).iter().zip(weights(&exact)) {
        assert!((a - b).abs() < 1e-8 * (1.0 + b.abs()), "{a} {b}");
    }
    let objectives = [&model, &exact].map(|model| model.training().objective);
    assert!((objectives[0] - objectives[1]).abs() < 1e-12, "{objectives:?}");
}

#[test]
fn however_the_rows_are_split_the_text_is_the_same() {
    let mut data = Data::new(2500, 4);
    data.weight = Some((0..2500).map(|row| 0.5 + f64::from(row % 3)).collect());
    data.label[17] = f64::NAN;
    data.label[18] = -3.0;
    data.label[19] = 1e-200;
    let model = data.step(&data.start(300).unwrap());
    let pass = Pass::of_text(&model.to_json()).unwrap();
    let all: Vec<u32> = (0..2500).collect();
    let mut sums = pass.sums();
    data.add(&pass, &all, &mut sums);
    let expected = pass.finish(&sums).to_json();
    let mut shuffled = all.clone();
    shuffled.sort_by_key(|row| row.wrapping_mul(2_654_435_761) % 2503);
    for (rows, piece) in [(&all, 1), (&all, 64), (&shuffled, 2500), (&shuffled, 777)] {
        let mut sums = pass.sums();
        for (index, rows) in rows.chunks(piece).enumerate() {
            let mut part = pass.sums();
            data.add(&pass, rows, &mut part);
            if index % 2 == 0 {
                sums.merge(&part);
            } else {
                assert!(pass.merge_bytes(&pass.sums_bytes(&part), &mut sums));
            }
        }
        assert_eq!(pass.finish(&sums).to_json(), expected, "{piece}");
    }
    // Row by row, as an engine does that skips partial aggregation.
    let mut sums = pass.sums();
    let features: Vec<FeatureInput> = data
        .numbers
        .iter()
        .map(|x| FeatureInput::Number(Column::F64(x)))
        .chain([FeatureInput::Codes { codes: &data.codes, levels: &LEVELS }])
        .collect();
    let columns =
        PassColumns { label: &data.label, weight: data.weight.as_deref(), features: &features };
    for row in all {
        assert!(pass.merge_bytes(&pass.row_bytes(&columns, row), &mut sums));
    }
    assert_eq!(pass.finish(&sums).to_json(), expected);
    assert!(!pass.merge_bytes(&[], &mut sums) && !pass.merge_bytes(&[1, 2, 3], &mut sums));
    assert!(!pass.merge_bytes(&[0; 18], &mut sums));
}

/// Rows with correlated numbers, and categories of many levels.
struct Wide {
    label: Vec<f64>,
    numbers: Vec<Vec<f64>>,
    codes: Vec<Vec<u32>>,
    levels: Vec<String>,
}

impl Wide {
    fn new(rows: usize, numbers: usize, levels: [usize; 2], seed: u64) -> Self {
        let mut state = seed;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as f64 / (1_u64 << 31) as f64
        };
        let most = levels[0].max(levels[1]);
        let effects: Vec<f64> = (0..2 * most).map(|_| random() - 0.5).collect();
        let mut data = Self {
            label: Vec::new(),
            numbers: vec![Vec::new(); numbers],
            codes: vec![Vec::new(); 2],
            levels: (0..most).map(|level| format!("level {level}")).collect(),
        };
        for _ in 0..rows {
            // What all numbers have in common, and what each has with the next.
            let common = random() - 0.5;
            let mut last = random() - 0.5;
            let mut score = 0.0;
            for (index, column) in data.numbers.iter_mut().enumerate() {
                last = 0.7 * last + 0.7 * (random() - 0.5);
                let value = common + last;
                score += if index % 3 == 0 { 0.4 * value } else { -0.1 * value };
                column.push((value * 64.0).round() / 64.0);
            }
            for (index, codes) in data.codes.iter_mut().enumerate() {
                // Of the second level by level fewer rows, and more where the numbers are great.
                let unit = if index == 0 {
                    random()
                } else {
                    (0.8 * random() + 0.2 * (common + 0.5)).powi(2)
                };
                let code = (unit * levels[index] as f64) as usize;
                score += effects[index * most + code];
                codes.push(code as u32);
            }
            let pays = random() < 1.0 / (1.0 + (0.5 - score).exp());
            let normal = (0..12).map(|_| random()).sum::<f64>() - 6.0;
            data.label.push(if pays { (2.0 + 0.6 * score + 0.8 * normal).exp() } else { 0.0 });
        }
        data
    }

    fn start(&self, max_rows: i64) -> Model {
        let options = [("max_rows".to_owned(), OptionValue::Integer(max_rows))];
        let options = PassOptions::from_pairs(options).unwrap();
        let names: Vec<String> = (0..self.numbers.len()).map(|index| format!("x{index}")).collect();
        let levels: Vec<Option<&str>> =
            self.levels.iter().map(|name| Some(name.as_str())).collect();
        let mut features: Vec<FeatureColumn> =
            names.iter().map(|name| FeatureColumn { name, levels: None }).collect();
        features.extend(
            ["a", "b"].iter().map(|name| FeatureColumn { name, levels: Some(levels.clone()) }),
        );
        let mut values: Vec<FeatureValues> =
            self.numbers.iter().map(|x| FeatureValues::Numbers(x)).collect();
        values.extend(self.codes.iter().map(|codes| FeatureValues::Codes(codes)));
        let chunk = Chunk { label: &self.label, weight: None, features: values };
        let rows = 0..self.label.len() as u32;
        let rows: Vec<RowId> = rows.map(|row| RowId { chunk: 0, row }).collect();
        let table = Table { features, chunks: vec![chunk] };
        newton_start(&table, &rows, &options).unwrap().unwrap()
    }

    fn step(&self, pass: &Pass, piece: usize) -> Model {
        let levels: Vec<Option<&str>> =
            self.levels.iter().map(|name| Some(name.as_str())).collect();
        let numbers = self.numbers.iter().map(|x| FeatureInput::Number(Column::F64(x)));
        let codes = self.codes.iter().map(|codes| FeatureInput::Codes { codes, levels: &levels });
        let features: Vec<FeatureInput> = numbers.chain(codes).collect();
        let columns = PassColumns { label: &self.label, weight: None, features: &features };
        let rows: Vec<u32> = (0..self.label.len() as u32).collect();
        let mut sums = pass.sums();
        for rows in rows.chunks(piece) {
            let mut part = pass.sums();
            pass.add(&columns, rows, &mut part);
            assert!(pass.merge_bytes(&pass.sums_bytes(&part), &mut sums));
        }
        pass.finish(&sums)
    }

    /// Passes to the end, with the second derivatives of a profile: the model, and how many there were.
    fn passes(&self, mut model: Model, profile: impl Fn(Pass) -> Pass) -> (Model, u64) {
        for count in 0..100 {
            if model.training().stop_reason.name() != "unfinished" {
                return (model, count);
            }
            model = self.step(&profile(Pass::of_text(&model.to_json()).unwrap()), self.label.len());
        }
        panic!("no end: {:?}", model.training());
    }
}

/// Of so many columns that no pass sums all pairs the optimum is the same as if one did.
#[test]
fn passes_over_many_columns_come_to_the_optimum() {
    let data = Wide::new(24_000, 40, [350, 350], 5);
    let start = data.start(6000);
    let width = start.passes().unwrap().paying.values.len();
    assert!(width > profile::MOST_DENSE, "{width}");
    let (model, _) = data.passes(start.clone(), |pass| pass);
    let dense = |pass: Pass| pass.with_profile(profile::Profile::dense(width));
    let (exact, _) = data.passes(start, dense);
    for model in [&model, &exact] {
        assert_eq!(model.training().stop_reason.name(), "converged", "{:?}", model.training());
    }
    let objectives = [&model, &exact].map(|model| model.training().objective);
    assert!((objectives[0] - objectives[1]).abs() < 1e-9, "{objectives:?}");
    assert_eq!(model.standard_errors().unwrap().logit.intercept, None);
}

#[test]
fn however_rows_of_many_columns_are_split_the_text_is_the_same() {
    let data = Wide::new(3000, 10, [300, 250], 6);
    let mut model = data.start(1500);
    for _ in 0..3 {
        let pass = Pass::of_text(&model.to_json()).unwrap();
        let next = data.step(&pass, 3000);
        assert_eq!(data.step(&pass, 701), next);
        model = next;
    }
    assert!(!model.passes().unwrap().paying.memory.is_empty());
    assert_eq!(Model::from_json(&model.to_json()).unwrap(), model);
}

/// Beside a payment absurdly far from the equal ones of the sample its row has numbers too large to be summed, wherever the
/// passes go.
#[test]
fn passes_that_come_to_no_optimum_say_so() {
    for (far, is_stuck) in [(20.0, false), (1e300, true)] {
        let mut data = Data::new(12_000, 7);
        data.label.fill(20.0);
        data.label[1] = far;
        let start = data.start_with(9000, OptionValue::Number(0.0));
        assert_eq!(start.as_ref().unwrap().training().label_max, Some(20.0), "it is in the sample");
        let mut model = start.unwrap();
        for _ in 0..100 {
            if model.training().stop_reason != StopReason::Unfinished {
                break;
            }
            model = data.step(&model);
        }
        let training = model.training();
        let reason = if is_stuck { StopReason::MaxIterations } else { StopReason::Converged };
        assert_eq!(training.stop_reason, reason, "{far}");
        let says = |what: &str| training.warnings.iter().any(|warning| warning.contains(what));
        assert_eq!(says("the passes did not come to the optimum"), is_stuck, "{training:?}");
        assert_eq!(training.label_max, Some(far));
        assert!(weights(&model).iter().all(|weight| weight.is_finite()));
    }
}
