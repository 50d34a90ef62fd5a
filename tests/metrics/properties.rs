//! What holds for any rows: order, ties and threads do not matter, weight 2 is the row twice, and the ends of
//! each scale.

use crate::evaluate;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use ziln::metrics::{
    DecileStats, Evaluation, average_precision, decile_stats, gini, raw_gini, roc_auc, spearman,
};
use ziln::record::{FieldValue, Record};

/// One row; values are coarse, so that there are ties in everything.
#[derive(Debug, Clone, Copy)]
struct Row {
    label: f64,
    logit: f64,
    mu: f64,
    sigma: f64,
    weight: f64,
}

#[derive(Debug, Clone, Default)]
struct Columns {
    label: Vec<f64>,
    logit: Vec<f64>,
    mu: Vec<f64>,
    sigma: Vec<f64>,
    weight: Vec<f64>,
}

impl Columns {
    fn new(rows: &[Row]) -> Self {
        let column = |value: fn(&Row) -> f64| rows.iter().map(value).collect();
        Self {
            label: column(|row| row.label),
            logit: column(|row| row.logit),
            mu: column(|row| row.mu),
            sigma: column(|row| row.sigma),
            weight: column(|row| row.weight),
        }
    }

    fn plain(&self) -> Evaluation {
        evaluate(&self.label, &self.logit, &self.mu, &self.sigma, None)
    }

    fn weighted(&self) -> Evaluation {
        evaluate(&self.label, &self.logit, &self.mu, &self.sigma, Some(&self.weight))
    }
}

prop_compose! {
    fn row()(
        pays in prop::bool::weighted(0.4),
        amount in 1_i32..12,
        logit in -4_i32..5,
        mu in -1_i32..4,
        sigma in 1_i32..4,
        weight in 1_i32..4,
    ) -> Row {
        Row {
            label: if pays { f64::from(amount) * 0.7 } else { 0.0 },
            logit: f64::from(logit) * 0.3,
            mu: f64::from(mu) * 0.4,
            sigma: f64::from(sigma) * 0.6,
            weight: f64::from(weight),
        }
    }
}

/// Rows and the same rows in another order.
fn rows_and_shuffled() -> impl Strategy<Value = (Vec<Row>, Vec<Row>)> {
    prop::collection::vec(row(), 0..120)
        .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle()))
}

/// The values of a record, numbers by their bits.
fn bits(record: impl Record) -> Vec<String> {
    let value = |value| match value {
        FieldValue::Number(number) => format!("{:?}", number.map(f64::to_bits)),
        other => format!("{other:?}"),
    };
    record.into_values().into_iter().map(value).collect()
}

fn all_bits(stats: Vec<DecileStats>) -> Vec<Vec<String>> {
    stats.into_iter().map(bits).collect()
}

/// The metrics of an evaluation, without the counts of rows and what is said of a sample.
fn numbers(evaluation: &Evaluation) -> Vec<Option<f64>> {
    let values = Evaluation::FIELDS.iter().zip(evaluation.into_values());
    let numbers = values.filter_map(|(field, value)| match value {
        FieldValue::Number(number) if field.name != "effective_rows" => Some(number),
        _ => None,
    });
    numbers.collect()
}

/// The bits of the metrics of a ranking.
fn rankings(columns: &Columns) -> [Option<u64>; 6] {
    let (label, score, weight) = (&columns.label, &columns.mu, Some(&columns.weight[..]));
    [
        gini(label, score, None),
        gini(label, score, weight),
        raw_gini(label, score, weight),
        spearman(label, score),
        roc_auc(label, score, weight),
        average_precision(label, score, weight),
    ]
    .map(|metric| metric.map(f64::to_bits))
}

fn close(left: Option<f64>, right: Option<f64>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => (left - right).abs() <= 1e-12 * right.abs().max(1.0),
        (left, right) => left == right,
    }
}

proptest! {
    #[test]
    fn order_does_not_matter((rows, shuffled) in rows_and_shuffled(), buckets in 1_usize..15) {
        let (rows, shuffled) = (Columns::new(&rows), Columns::new(&shuffled));
        prop_assert_eq!(bits(rows.plain()), bits(shuffled.plain()));
        prop_assert_eq!(bits(rows.weighted()), bits(shuffled.weighted()));
        prop_assert_eq!(
            all_bits(decile_stats(&rows.label, &rows.mu, buckets)),
            all_bits(decile_stats(&shuffled.label, &shuffled.mu, buckets))
        );
        prop_assert_eq!(rankings(&rows), rankings(&shuffled));
    }

    /// Weights that are no whole numbers: sums of them are rounded, but not by the order of rows.
    #[test]
    fn order_does_not_matter_to_fractional_weights((rows, shuffled) in rows_and_shuffled()) {
        let scaled = |rows: &[Row]| {
            let rows: Vec<Row> =
                rows.iter().map(|row| Row { weight: row.weight * 0.1, ..*row }).collect();
            bits(Columns::new(&rows).weighted())
        };
        prop_assert_eq!(scaled(&rows), scaled(&shuffled));
    }

    #[test]
    fn weight_two_is_the_row_twice(rows in prop::collection::vec(row(), 0..120)) {
        let repeated: Vec<Row> =
            rows.iter().flat_map(|row| vec![*row; row.weight as usize]).collect();
        let weighted = numbers(&Columns::new(&rows).weighted());
        let expected = numbers(&Columns::new(&repeated).plain());
        for (got, expected) in weighted.iter().zip(&expected) {
            prop_assert!(close(*got, *expected), "{:?} is not {:?}", weighted, expected);
        }
    }

    #[test]
    fn weight_one_is_no_weight_and_weight_zero_no_row(rows in prop::collection::vec(row(), 0..120)) {
        let with = |weight: fn(&Row) -> f64| -> Vec<Row> {
            rows.iter().map(|row| Row { weight: weight(row), ..*row }).collect()
        };
        let ones = Columns::new(&with(|_| 1.0));
        prop_assert_eq!(bits(ones.weighted()), bits(ones.plain()));
        let some = with(|row| if row.weight > 1.0 { row.weight } else { 0.0 });
        let kept: Vec<Row> = some.iter().copied().filter(|row| row.weight > 0.0).collect();
        prop_assert_eq!(bits(Columns::new(&some).weighted()), bits(Columns::new(&kept).weighted()));
    }

    /// Powers of two round nothing: the metrics of all weights times one have the same bits, up to the ends of the
    /// scale. Weights that are no whole numbers, before and after: those count rows, and deciles hold whole rows.
    #[test]
    fn the_unit_of_weights_does_not_matter(
        rows in prop::collection::vec(row(), 0..80),
        fractions in prop::collection::vec(0.1_f64..4.0, 80),
        power in -1000_i32..=1000,
    ) {
        let mut columns = Columns::new(&rows);
        columns.weight = rows.iter().zip(fractions).map(|(row, f)| row.weight * f).collect();
        let mut scaled = columns.clone();
        scaled.weight = columns.weight.iter().map(|weight| weight * 2_f64.powi(power)).collect();
        let whole = |columns: &Columns| columns.weight.iter().all(|weight| weight.fract() == 0.0);
        let total: f64 = scaled.weight.iter().sum();
        prop_assume!(whole(&columns) == (whole(&scaled) && total <= 2_f64.powi(53)));
        prop_assert_eq!(bits(columns.weighted()), bits(scaled.weighted()));
        prop_assert_eq!(rankings(&columns), rankings(&scaled));
    }

    /// What counts rows may move a decile's border; nothing else knows the unit.
    #[test]
    fn the_unit_of_whole_weights_only_moves_deciles(
        rows in prop::collection::vec(row(), 0..80),
        power in -1000_i32..=1000,
    ) {
        let columns = Columns::new(&rows);
        let mut scaled = columns.clone();
        scaled.weight = columns.weight.iter().map(|weight| weight * 2_f64.powi(power)).collect();
        let but_deciles = |columns: &Columns| {
            let mut evaluation = columns.weighted();
            evaluation.decile_mape = None;
            bits(evaluation)
        };
        prop_assert_eq!(but_deciles(&columns), but_deciles(&scaled));
        prop_assert_eq!(rankings(&columns), rankings(&scaled));
    }

    #[test]
    fn unusable_labels_leave_their_rows_out(
        rows in prop::collection::vec(row(), 0..60),
        unusable in prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
    ) {
        let mut with = Vec::new();
        for row in &rows {
            with.extend([*row, Row { label: unusable, logit: f64::NAN, ..*row }]);
        }
        prop_assert_eq!(bits(Columns::new(&with).plain()), bits(Columns::new(&rows).plain()));
    }

    #[test]
    fn negative_labels_are_zero(rows in prop::collection::vec(row(), 0..60)) {
        let negative: Vec<Row> = rows
            .iter()
            .map(|row| Row { label: if row.label > 0.0 { row.label } else { -3.5 }, ..*row })
            .collect();
        let (negative, rows) = (Columns::new(&negative), Columns::new(&rows));
        prop_assert_eq!(bits(negative.plain()), bits(rows.plain()));
        prop_assert_eq!(spearman(&negative.label, &rows.mu), spearman(&rows.label, &rows.mu));
    }

    #[test]
    fn a_constant_prediction_is_worth_nothing(
        rows in prop::collection::vec(row(), 2..120),
        prediction in -1e3..1e3_f64,
    ) {
        let columns = Columns::new(&rows);
        let constant = vec![prediction; rows.len()];
        let paid = columns.label.iter().any(|&label| label > 0.0);
        let zero = paid.then_some(0.0);
        prop_assert_eq!(raw_gini(&columns.label, &constant, None), zero);
        prop_assert_eq!(raw_gini(&columns.label, &constant, Some(&columns.weight)), zero);
        prop_assert_eq!(spearman(&columns.label, &constant), None);
        let mean = columns.label.iter().sum::<f64>() / rows.len() as f64;
        for stats in decile_stats(&columns.label, &constant, 10) {
            prop_assert!(close(Some(stats.label_mean), Some(mean)));
            prop_assert!(close(Some(stats.prediction_mean), Some(prediction)));
        }
    }

    #[test]
    fn a_perfect_prediction_is_worth_one(rows in prop::collection::vec(row(), 2..120)) {
        let Columns { label, weight, .. } = Columns::new(&rows);
        prop_assume!(label.iter().any(|&other| other != label[0]));
        let (same, reverse): (Vec<f64>, Vec<f64>) =
            label.iter().map(|label| (3.0 * label - 1.0, -label)).unzip();
        prop_assert_eq!(gini(&label, &same, None), Some(1.0));
        prop_assert_eq!(gini(&label, &same, Some(&weight)), Some(1.0));
        prop_assert!(close(gini(&label, &reverse, None), Some(-1.0)));
        prop_assert!(close(spearman(&label, &same), Some(1.0)));
        prop_assert!(close(spearman(&label, &reverse), Some(-1.0)));
        if label.contains(&0.0) {
            prop_assert_eq!(roc_auc(&label, &same, None), Some(1.0));
            prop_assert_eq!(roc_auc(&label, &reverse, None), Some(0.0));
            prop_assert_eq!(average_precision(&label, &same, None), Some(1.0));
        }
    }

    #[test]
    fn buckets_hold_every_row_once(rows in prop::collection::vec(row(), 1..120), buckets in 1_usize..200) {
        let columns = Columns::new(&rows);
        let stats = decile_stats(&columns.label, &columns.mu, buckets);
        let count: u64 = stats.iter().map(|stats| stats.rows).sum();
        prop_assert_eq!(count, rows.len() as u64);
        let label: f64 = stats.iter().map(|stats| stats.label_mean * stats.rows as f64).sum();
        prop_assert!(close(Some(label), Some(columns.label.iter().sum())));
        let sizes = || stats.iter().map(|stats| stats.rows);
        if rows.len() >= buckets {
            prop_assert_eq!(stats.len(), buckets);
            prop_assert!(sizes().max().unwrap_or(0) - sizes().min().unwrap_or(0) <= 1);
        }
        let means = |stats: &DecileStats| stats.prediction_mean - 1e-12;
        prop_assert!(stats.windows(2).all(|pair| means(&pair[0]) <= pair[1].prediction_mean));
    }

    /// Overflow is infinite; NaN never comes from finite rows, whatever their weights.
    #[test]
    fn wild_rows_are_never_nan(
        rows in prop::collection::vec(
            (
                prop::num::f64::NORMAL | prop::num::f64::ZERO,
                -1e3..1e3_f64,
                -1e3..1e3_f64,
                0.0..60.0_f64,
                prop::num::f64::POSITIVE | prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL,
            ),
            1..40,
        ),
    ) {
        let column = |value: fn(&(f64, f64, f64, f64, f64)) -> f64| -> Vec<f64> {
            rows.iter().map(value).collect()
        };
        let (label, logit, mu) = (column(|row| row.0), column(|row| row.1), column(|row| row.2));
        let (sigma, weight) = (column(|row| row.3), column(|row| row.4.abs()));
        for weight in [None, Some(&weight[..])] {
            let evaluation = evaluate(&label, &logit, &mu, &sigma, weight);
            for metric in numbers(&evaluation) {
                prop_assert!(!metric.is_some_and(f64::is_nan), "{evaluation:?}");
            }
            let rankings = [
                gini(&label, &mu, None),
                raw_gini(&label, &mu, weight),
                roc_auc(&label, &mu, weight),
                average_precision(&label, &mu, weight),
                spearman(&label, &mu),
            ];
            for metric in rankings {
                prop_assert!(metric.is_none_or(|metric| metric.abs() <= 1.0 + 1e-12), "{metric:?}");
            }
            let (mean, is_any) = (evaluation.label_mean, evaluation.rows > 0);
            prop_assert_eq!(mean.map(f64::is_finite), is_any.then_some(true));
            let whole = evaluation.prediction_mean.is_none_or(|mean| !mean.is_nan());
            prop_assert!(whole && evaluation.rows + evaluation.non_finite <= rows.len() as u64);
        }
        for stats in decile_stats(&label, &mu, 3) {
            let errors = [stats.normalized_rmse, stats.normalized_mae, stats.absolute_percentage_error];
            prop_assert!(stats.label_mean.is_finite() && stats.prediction_mean.is_finite());
            prop_assert!(errors.iter().all(|error| !error.is_some_and(f64::is_nan)), "{stats:?}");
            prop_assert!(errors.iter().all(|error| error.is_some() == (stats.label_mean != 0.0)));
        }
    }
}

/// So many rows that sorting and summing are spread over threads.
fn many_rows(seed: u64) -> Vec<Row> {
    let mut random = StdRng::seed_from_u64(seed);
    let row = |_| {
        let logit: f64 = random.random_range(-3.0..2.0);
        let pays = random.random::<f64>() < 1.0 / (1.0 + (-logit).exp());
        Row {
            label: if pays { (random.random_range(-20.0..60.0_f64) / 10.0).exp() } else { 0.0 },
            logit: (logit * 500.0).round() / 500.0,
            mu: random.random_range(0.0..4.0),
            sigma: random.random_range(0.3..1.5),
            weight: random.random_range(0.1..3.0),
        }
    };
    (0..200_000).map(row).collect()
}

#[test]
fn many_rows_in_any_order_and_on_any_threads() {
    let rows = many_rows(1);
    let mut shuffled = rows.clone();
    shuffled.shuffle(&mut StdRng::seed_from_u64(2));
    let (rows, shuffled) = (Columns::new(&rows), Columns::new(&shuffled));
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| (bits(rows.plain()), bits(rows.weighted())))
    };
    let expected = on(1);
    assert_eq!(on(3), expected);
    assert_eq!((bits(shuffled.plain()), bits(shuffled.weighted())), expected);
    assert!(numbers(&rows.plain()).iter().all(|metric| metric.is_some_and(f64::is_finite)));
    assert!(numbers(&rows.weighted()).iter().all(|metric| metric.is_some_and(f64::is_finite)));
}

/// The parts of an evaluation are the functions of the same names.
#[test]
fn evaluation_has_the_values_of_the_functions() {
    let columns = Columns::new(&many_rows(3)[..3_000]);
    let Columns { label, logit, mu, sigma, weight } = &columns;
    let prediction: Vec<f64> = (0..label.len())
        .map(|row| ziln::math::expected_ltv_row(logit[row], mu[row], sigma[row]))
        .collect();
    let plain = columns.plain();
    assert_eq!(plain.gini, raw_gini(label, &prediction, None));
    assert_eq!(plain.normalized_gini, gini(label, &prediction, None));
    assert_eq!(plain.spearman, spearman(label, &prediction));
    assert_eq!(plain.roc_auc, roc_auc(label, logit, None));
    assert_eq!(plain.average_precision, average_precision(label, logit, None));
    let deciles = decile_stats(label, &prediction, 10);
    let errors: Vec<f64> =
        deciles.iter().filter_map(|decile| decile.absolute_percentage_error).collect();
    assert_eq!(plain.decile_mape, Some(errors.iter().sum::<f64>() / errors.len() as f64));
    let weighted = columns.weighted();
    assert_eq!(weighted.normalized_gini, gini(label, &prediction, Some(weight)));
    assert_eq!(weighted.roc_auc, roc_auc(label, logit, Some(weight)));
}

const FOUR_LABELS: [f64; 4] = [0.0, 3.0, 5.0, 0.0];

fn evaluate_four(label: &[f64; 4], weight: Option<&[f64]>) -> Evaluation {
    evaluate(label, &[-1.0, 0.5, 2.0, -0.5], &[1.0; 4], &[0.5; 4], weight)
}

/// Weights near the greatest and the smallest number, and both at once.
#[test]
fn weights_at_the_ends_of_the_scale() {
    for weight in [[f64::MAX; 4], [5e-324; 4], [f64::MAX, 5e-324, 1.0, 1e-300]] {
        let evaluation = evaluate_four(&FOUR_LABELS, Some(&weight));
        assert_eq!((evaluation.rows, evaluation.payers), (4, 2));
        let numbers = numbers(&evaluation);
        assert!(numbers.iter().all(|number| number.is_some_and(f64::is_finite)), "{evaluation:?}");
    }
    let equal = |weight: f64| bits(evaluate_four(&FOUR_LABELS, Some(&[weight; 4])));
    assert_eq!(equal(2_f64.powi(1023)), equal(0.5));
    assert_eq!(equal(5e-324), equal(0.5));
    // A row that does not count has no say in the unit that the weights are counted in.
    let mut label = FOUR_LABELS;
    label[3] = f64::NAN;
    let with = |last: f64| bits(evaluate_four(&label, Some(&[1e-310, 3e-310, 2e-310, last])));
    assert_eq!(with(f64::MAX), with(0.0));
}

/// Totals of labels, and products of a label and a weight, are beyond the largest number; means are not.
#[test]
fn labels_at_the_end_of_the_scale() {
    let label = [0.0, f64::MAX, f64::MAX, f64::MAX / 2.0];
    let half = label.map(|label| label / 4.0);
    for weight in [None, Some(&[1.75, 1.0, 1.5, 1.25][..]), Some(&[f64::MAX; 4][..])] {
        let (all, smaller) = (evaluate_four(&label, weight), evaluate_four(&half, weight));
        assert!(numbers(&all).iter().all(|number| number.is_some_and(f64::is_finite)), "{all:?}");
        assert_eq!(all.label_mean, smaller.label_mean.map(|mean| 4.0 * mean));
        let ratios = all.prediction_ratio.zip(smaller.prediction_ratio).unwrap();
        assert!((ratios.0 / ratios.1 - 0.25).abs() < 1e-12, "{ratios:?}");
        assert_eq!((all.gini, all.normalized_gini), (smaller.gini, smaller.normalized_gini));
    }
    let stats = decile_stats(&label, &[f64::MAX; 4], 2);
    for stats in &stats {
        assert_eq!((stats.label_mean, stats.prediction_mean), (0.625 * f64::MAX, f64::MAX));
        assert!(close(stats.absolute_percentage_error, Some(0.6)), "{stats:?}");
        assert!(close(stats.normalized_mae, Some(0.6)), "{stats:?}");
        assert!(close(stats.normalized_rmse, Some(0.3125_f64.sqrt() / 0.625)), "{stats:?}");
    }
}
