//! Campaigns that share a prior: what is estimated, and what it does to thin and to large campaigns.

use std::sync::Arc;

use ziln::fit::{NewtonOptions, OptionValue, Options, RowId, fit, fit_newton, fit_prior};
use ziln::math::loss_row;
use ziln::model::{Head, Model, StopReason};

use super::data::{Data, Feature, Random};

/// The standard deviations of the campaigns' logit, mu and raw sigma weights.
const SPREADS: [f64; 3] = [0.4, 0.3, 0.0];

/// Rows of campaigns, each with heads of its own around common ones; two numbers.
struct Campaigns {
    data: Data,
    of_row: Vec<u32>,
    /// Rows of the same campaigns that are not trained on.
    test: Data,
}

fn campaigns(sizes: impl Iterator<Item = usize>, spread: f64, seed: u64) -> Campaigns {
    let mut random = Random(seed);
    let common = [[-0.4, 2.5, 0.3], [0.6, 0.3, 0.0], [-0.5, 0.4, 0.1]];
    let new = || (Vec::new(), vec![Vec::new(), Vec::new()]);
    let (mut train, mut test, mut of_row) = (new(), new(), Vec::new());
    for (campaign, size) in sizes.enumerate() {
        let heads = common.map(|weights| {
            let mut own = [0.0; 3];
            for ((own, weight), spread_of) in own.iter_mut().zip(weights).zip(SPREADS) {
                *own = weight + spread * spread_of * random.normal();
            }
            own
        });
        for row in 0..size + 50 {
            let x = [random.normal(), random.normal()];
            let head = |head: usize| heads[0][head] + x[0] * heads[1][head] + x[1] * heads[2][head];
            let sigma = (1.0 + head(2).exp()).ln();
            let pays = random.next() < 1.0 / (1.0 + (-head(0)).exp());
            let label = if pays { (head(1) + sigma * random.normal()).exp() } else { 0.0 };
            let (labels, columns) = if row < size { &mut train } else { &mut test };
            labels.push(label);
            columns.iter_mut().zip(x).for_each(|(column, x)| column.push(x));
            if row < size {
                of_row.push(campaign as u32);
            }
        }
    }
    let data = |(label, columns)| Data::numbers(label, columns);
    Campaigns { data: data(train), of_row, test: data(test) }
}

impl Campaigns {
    fn prior(&self) -> Model {
        self.data.prior(&self.of_row)
    }

    fn rows(&self, campaign: u32) -> Vec<RowId> {
        let rows = (0..).zip(&self.of_row).filter(|(_, of_row)| **of_row == campaign);
        rows.map(|(row, _)| RowId { chunk: 0, row }).collect()
    }

    /// A model of each campaign.
    fn each(&self, options: &NewtonOptions) -> Vec<Option<Model>> {
        let count = self.of_row.last().map_or(0, |last| last + 1);
        self.data.with_table(|table, _| {
            (0..count).map(|c| fit_newton(table, &self.rows(c), options).unwrap()).collect()
        })
    }

    /// The mean loss of the rows that were not trained on.
    fn test_loss<'a>(&self, models: impl Iterator<Item = &'a Model>) -> f64 {
        let mut total = 0.0;
        for (campaign, model) in models.enumerate() {
            let [logit, mu, sigma] = self.test.predict(model);
            for row in 50 * campaign..50 * campaign + 50 {
                total += loss_row(self.test.label[row], logit[row], mu[row], sigma[row]);
            }
        }
        total / self.test.label.len() as f64
    }
}

fn drawn_to(prior: Model) -> NewtonOptions {
    NewtonOptions::default().with_init(Arc::new(prior))
}

#[test]
fn pooling_is_better_than_each_alone_and_than_one_for_all() {
    for seed in [1, 2, 3] {
        let sizes = (0..80).map(|index| [20, 40, 150, 600][index % 4]);
        let campaigns = campaigns(sizes, 1.0, seed);
        let prior = campaigns.prior();
        let between = prior.between().unwrap();
        assert_eq!(between.campaigns, 80);
        for (head, truth) in Head::ALL.into_iter().zip(SPREADS) {
            let of_head = between.head(head);
            for variance in of_head.features.iter().chain([&of_head.intercept]) {
                let found = variance.sqrt();
                assert!((found - truth).abs() < 0.13, "{seed} {head:?} {found} {truth}");
            }
        }
        let global = campaigns.test_loss(std::iter::repeat_n(&prior, 80));
        let own = campaigns.each(&NewtonOptions::default());
        let own = campaigns.test_loss(own.iter().map(|model| model.as_ref().unwrap_or(&prior)));
        let drawn = campaigns.each(&drawn_to(prior));
        let drawn = campaigns.test_loss(drawn.iter().flatten());
        assert!(drawn < global - 0.02 && drawn < own - 0.02, "{drawn} {global} {own}");
    }
}

/// Of few campaigns, however large, a variance is little sure of itself; that there is one may be sure all the same.
#[test]
fn few_large_campaigns_are_told_apart() {
    for seed in [21, 22, 23] {
        let different = campaigns(std::iter::repeat_n(4000, 5), 1.0, seed);
        let prior = different.prior();
        let intercept = prior.between().unwrap().logit.intercept;
        assert!((0.01..1.0).contains(&intercept), "{seed} {intercept}");
        let global = different.test_loss(std::iter::repeat_n(&prior, 5));
        let drawn = different.each(&drawn_to(prior));
        assert!(different.test_loss(drawn.iter().flatten()) < global - 0.01, "{seed}");
        let equal = campaigns(std::iter::repeat_n(4000, 5), 0.0, seed).prior();
        assert!(equal.weights().iter().all(|row| row.between == Some(0.0)), "{seed}");
    }
}

#[test]
fn names_of_campaigns_and_the_order_of_rows_mean_nothing() {
    let Campaigns { data, of_row, .. } = campaigns((0..60).map(|index| 5 + index), 1.0, 4);
    let expected = data.prior(&of_row).to_json();
    let rows = of_row.len();
    let order: Vec<usize> = (0..rows).rev().collect();
    let features = data.features.iter().map(|feature| match feature {
        Feature::Numbers(values) => Feature::Numbers(order.iter().map(|&r| values[r]).collect()),
        Feature::Levels(..) => panic!("numbers only"),
    });
    let shuffled = Data {
        label: order.iter().map(|&row| data.label[row]).collect(),
        weight: None,
        features: features.collect(),
    };
    let renamed: Vec<u32> = order.iter().map(|&row| of_row[row] * 7919 % 1000 + 5).collect();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(pool.install(|| shuffled.prior(&renamed)).to_json() == expected);
    }
    let model = Model::from_json(&expected).unwrap();
    assert_eq!(model.to_json(), expected);
    assert!(model.weights().iter().all(|row| row.between.is_some()));
}

/// Asserts that the heads are the prior's own, up to the tolerance of the solver.
fn has_heads_of(model: &Model, prior: &Model) {
    for (a, b) in model.weights().iter().zip(prior.weights()) {
        assert!((a.weight - b.weight).abs() < 1e-3, "{a:?} {b:?}");
    }
}

#[test]
fn equal_campaigns_have_the_common_heads() {
    let one = campaigns(std::iter::once(300), 1.0, 5);
    let prior = one.prior();
    let none = |model: &Model| {
        let rows = model.weights();
        rows.iter().all(|row| row.between == Some(0.0))
    };
    assert!(none(&prior), "{:?}", prior.between());
    let drawn = one.each(&drawn_to(prior.clone())).remove(0).unwrap();
    has_heads_of(&drawn, &prior);
    assert!(drawn.weights().iter().all(|row| row.standard_error == Some(0.0)));
    // The same rows in each.
    let copies = |values: &[f64]| values.repeat(20);
    let features = one.data.features.iter().map(|feature| match feature {
        Feature::Numbers(values) => Feature::Numbers(copies(values)),
        Feature::Levels(..) => panic!("numbers only"),
    });
    let data = Data { label: copies(&one.data.label), weight: None, features: features.collect() };
    let of_row: Vec<u32> = (0..6000).map(|row| row / 300).collect();
    assert!(none(&data.prior(&of_row)), "{:?}", data.prior(&of_row).between());
}

#[test]
fn heavy_tails_are_no_difference_between_campaigns() {
    for seed in [12, 13, 14] {
        let mut random = Random(seed);
        let rows = 40 * 150;
        let x = random.normals(rows);
        // One payer in ten lies three times as far from mu: the same in every campaign.
        let labels = x.iter().map(|x| {
            let spread = if random.next() < 0.1 { 2.1 } else { 0.7 };
            let pays = random.next() < 0.7;
            if pays { (3.0 + 0.3 * x + spread * random.normal()).exp() } else { 0.0 }
        });
        let label = labels.collect();
        let of_row: Vec<u32> = (0..rows as u32).map(|row| row / 150).collect();
        let prior = Data::numbers(label, vec![x]).prior(&of_row);
        let between = prior.between().unwrap().head(Head::RawSigma);
        assert!(between.intercept == 0.0 && between.features == [0.0], "{seed} {between:?}");
    }
}

#[test]
fn rows_without_a_payer_have_the_heads_of_the_prior() {
    let campaigns = campaigns([40, 60, 30].into_iter().cycle().take(30), 1.0, 6);
    let prior = campaigns.prior();
    let options = drawn_to(prior.clone());
    let unpaid: Vec<RowId> = (0..)
        .zip(&campaigns.data.label)
        .filter(|(_, label)| **label == 0.0)
        .map(|(row, _)| RowId { chunk: 0, row })
        .take(8)
        .collect();
    campaigns.data.with_table(|table, _| {
        for rows in [unpaid.as_slice(), &[]] {
            let model = fit_newton(table, rows, &options).unwrap().unwrap();
            assert_eq!(model.head_weights(), prior.head_weights());
            assert_eq!(model.training().rows, rows.len() as u64);
            assert!(model.training().payers == 0 && model.between().is_none());
            let said = ["no row pays: the model is its prior's own heads"];
            assert_eq!(model.training().warnings, said);
            assert_eq!(Model::from_json(&model.to_json()).unwrap(), model);
            let steps = Options::default().with_init(Arc::new(prior.clone()));
            let steps = fit(table, rows, &steps).unwrap().unwrap();
            assert_eq!(steps.head_weights(), prior.head_weights());
            assert_eq!(steps.training().warnings, said);
        }
        let paid = fit_newton(table, &campaigns.rows(1), &options).unwrap().unwrap();
        let says = |warning: &String| warning.contains("no row pays");
        assert!(paid.training().payers > 0 && !paid.training().warnings.iter().any(says));
    });
}

#[test]
fn the_prior_vanishes_where_there_are_many_rows() {
    let sizes = (0..40).map(|index| if index == 0 { 60_000 } else { 100 });
    let campaigns = campaigns(sizes, 1.0, 7);
    let drawn = campaigns.each(&drawn_to(campaigns.prior())).remove(0).unwrap();
    let plain = NewtonOptions::from_pairs([("l2".to_owned(), OptionValue::Number(0.0))]).unwrap();
    let own = campaigns
        .data
        .with_table(|table, _| fit_newton(table, &campaigns.rows(0), &plain).unwrap().unwrap());
    // Raw sigma does not differ between the campaigns, and its prior stays.
    for (a, b) in drawn.weights().iter().zip(own.weights()).take(6) {
        // On the scale of the features: the encodings are those of the prior.
        let error = b.raw_standard_error.unwrap();
        assert!((a.raw_weight.unwrap() - b.raw_weight.unwrap()).abs() < 0.3 * error, "{a:?} {b:?}");
    }
}

#[test]
fn thousands_of_tiny_campaigns_are_finite() {
    let campaigns = campaigns(std::iter::repeat_n(5, 3000), 1.0, 8);
    let prior = campaigns.prior();
    let logit = prior.between().unwrap().head(Head::Logit);
    assert!(logit.intercept > 0.02 && logit.intercept < 0.6, "{logit:?}");
    let models = campaigns.each(&drawn_to(prior));
    assert!(models.iter().flatten().count() == 3000);
}

#[test]
fn a_new_level_has_the_variance_of_its_feature() {
    let mut random = Random(9);
    let (mut label, mut codes, mut of_row) = (Vec::new(), Vec::new(), Vec::new());
    for campaign in 0..50_u32 {
        let own: Vec<f64> = (0..4).map(|_| 0.8 * random.normal()).collect();
        for _ in 0..200 {
            let level = (4.0 * random.next()) as u32;
            let pays = random.next() < 1.0 / (1.0 + (-own[level as usize]).exp());
            label.push(if pays { (2.0 + 0.5 * random.normal()).exp() } else { 0.0 });
            codes.push(level);
            of_row.push(campaign);
        }
    }
    let names = |count: u32| (0..count).map(|level| format!("level {level}")).collect();
    let data = Data { label, weight: None, features: vec![Feature::Levels(codes, names(4))] };
    let prior = data.prior(&of_row);
    let variance = prior.between().unwrap().logit.features[0];
    assert!((0.3..1.2).contains(&variance), "{variance}");
    // Level 4 is new, and all of its rows pay.
    let codes: Vec<u32> = (0..60).map(|row| row % 6).collect();
    let label = codes.iter().map(|code| if *code == 4 { 9.0 } else { f64::from(code % 2) });
    let features = vec![Feature::Levels(codes.clone(), names(6))];
    let data = Data { label: label.collect(), weight: None, features };
    let options = drawn_to(prior);
    let model = data.with_table(|table, rows| fit_newton(table, rows, &options).unwrap().unwrap());
    let row = |level: &str| {
        let mut rows = model.weights().into_iter();
        rows.find(|row| row.level.as_deref() == Some(level)).unwrap()
    };
    let new = row("level 4");
    assert!(new.weight > 0.3 && new.standard_error.unwrap() < variance.sqrt(), "{new:?}");
    assert!(row("level 5").weight > 0.0);
}

#[test]
fn training_by_steps_comes_to_the_same_heads() {
    let sizes = (0..40).map(|index| [30, 100, 400, 6000][index % 4]);
    let campaigns = campaigns(sizes, 1.0, 10);
    let prior = campaigns.prior();
    let exact = campaigns.each(&drawn_to(prior.clone()));
    let steps = Options::default().with_init(Arc::new(prior));
    campaigns.data.with_table(|table, _| {
        for (campaign, exact) in exact.iter().enumerate().take(8) {
            let exact = exact.as_ref().unwrap();
            assert_eq!(exact.training().stop_reason, StopReason::Converged);
            let rows = campaigns.rows(campaign as u32);
            let model = fit(table, &rows, &steps).unwrap().unwrap();
            let (least, other) = (exact.training().objective, model.training().objective);
            assert!(least <= other + 1e-7 && least > other - 0.003, "{least} {other}");
        }
    });
}

#[test]
fn one_campaign_a_row_is_asked_for() {
    let campaigns = campaigns([10].into_iter(), 1.0, 11);
    let options = NewtonOptions::default();
    let error = campaigns
        .data
        .with_table(|table, rows| fit_prior(table, rows, &[1, 2], &options).unwrap_err());
    assert!(error.to_string().contains("one for each of the 10 rows"), "{error}");
}
