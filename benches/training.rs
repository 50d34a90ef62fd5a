//! Training and prediction on one machine: rows a second of every stage.
//!
//! `cargo bench --bench training` for all of it. `row-epochs` are rows times epochs. `RAYON_NUM_THREADS=1` measures
//! one thread.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

use std::{hint::black_box, sync::Arc, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{Rng, SeedableRng, rngs::StdRng};
use ziln::fit::{Chunk, FeatureColumn, FeatureValues, OptionValue, Options, RowId, Table, fit};
use ziln::math::Column;
use ziln::model::{FeatureInput, Model, NO_SCORER, ParamsOut, Scorer, ScorerSet};

/// Rows a chunk, as an engine's batches have.
const CHUNK: usize = 8192;

/// Customers of whom three in ten pay.
struct Customers {
    label: Vec<f64>,
    features: Vec<Vec<f64>>,
    names: Vec<String>,
}

impl Customers {
    fn new(rows: usize, features: usize) -> Self {
        let mut random = StdRng::seed_from_u64(1);
        let mut column =
            || -> Vec<f64> { (0..rows).map(|_| random.random_range(-2.0..2.0)).collect() };
        let columns: Vec<Vec<f64>> = (0..features).map(|_| column()).collect();
        let (chance, amount) = (column(), column());
        let label = (0..rows).map(|row| {
            let pays = chance[row] + 0.3 * columns[0][row] > 0.8;
            if pays { (2.0 + amount[row]).exp() } else { 0.0 }
        });
        Self {
            label: label.collect(),
            features: columns,
            names: (0..features).map(|index| format!("x{index}")).collect(),
        }
    }

    fn table(&self) -> Table<'_> {
        let chunk = |start: usize| {
            let rows = start..(start + CHUNK).min(self.label.len());
            let values =
                self.features.iter().map(|column| FeatureValues::Numbers(&column[rows.clone()]));
            Chunk { label: &self.label[rows.clone()], weight: None, features: values.collect() }
        };
        Table {
            features: self.names.iter().map(|name| FeatureColumn { name, levels: None }).collect(),
            chunks: (0..self.label.len()).step_by(CHUNK).map(chunk).collect(),
        }
    }

    fn rows(&self) -> Vec<RowId> {
        let id = |row: usize| RowId { chunk: (row / CHUNK) as u32, row: (row % CHUNK) as u32 };
        (0..self.label.len()).map(id).collect()
    }

    fn inputs(&self) -> Vec<FeatureInput<'_>> {
        self.features.iter().map(|values| FeatureInput::Number(Column::F64(values))).collect()
    }
}

fn options(pairs: &[(&str, i64)]) -> Options {
    let pairs = pairs.iter().map(|&(name, value)| (name.to_owned(), OptionValue::Integer(value)));
    Options::from_pairs(pairs).expect("the options are right")
}

fn train(table: &Table<'_>, rows: &[RowId], options: &Options) -> Model {
    fit(table, rows, options).expect("the options fit").expect("some rows pay")
}

/// A million customers: ordering and packing alone, and with epochs.
fn one_big_model(criterion: &mut Criterion) {
    let customers = Customers::new(1_000_000, 20);
    let (table, rows) = (customers.table(), customers.rows());
    let mut group = criterion.benchmark_group("one model, 1000000 rows x 20");
    for epochs in [0, 20, 100] {
        let options = options(&[("epochs", epochs), ("batch_size", 1024), ("l2", 0)]);
        group.throughput(Throughput::Elements(rows.len() as u64 * epochs.max(1) as u64));
        let id = match epochs {
            0 => BenchmarkId::from_parameter("order and pack (rows)"),
            _ => BenchmarkId::from_parameter(format!("{epochs} epochs (row-epochs)")),
        };
        group.bench_function(id, |bencher| {
            bencher.iter(|| black_box(train(&table, &rows, &options)));
        });
    }
    group.finish();
}

/// Many small groups, each with its text; the throughput is of groups, on one thread.
fn small_models(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("small models (groups)");
    for (name, size, pairs) in
        [("50 rows x 5, 20 epochs", 50, &[("epochs", 20)][..]), ("20 rows x 5, defaults", 20, &[])]
    {
        let groups = 200;
        let customers = Customers::new(size * groups, 5);
        let (table, rows) = (customers.table(), customers.rows());
        let options = options(pairs);
        group.throughput(Throughput::Elements(groups as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for rows in rows.chunks(size) {
                    let model = fit(&table, rows, &options).expect("the options fit");
                    black_box(model.map(|model| model.to_json()));
                }
            });
        });
    }
    group.finish();
}

/// Prediction with one model, and with one of a thousand that differs from row to row.
fn prediction(criterion: &mut Criterion) {
    let customers = Customers::new(100_000, 20);
    let (table, rows) = (customers.table(), customers.rows());
    let options = options(&[("epochs", 1)]);
    let mut models = ScorerSet::default();
    let indices: Vec<u32> = rows
        .chunks(100)
        .map(|rows| models.add(Arc::new(Scorer::new(&train(&table, rows, &options)))))
        .collect();
    let mut random = StdRng::seed_from_u64(2);
    let which: Vec<u32> =
        rows.iter().map(|_| indices[random.random_range(0..indices.len())]).collect();
    let count = rows.len();
    let mut out = [vec![0.0; count], vec![0.0; count], vec![0.0; count]];
    let inputs = customers.inputs();
    let mut group = criterion.benchmark_group("prediction, 20 features (rows)");
    group.throughput(Throughput::Elements(count as u64));
    let but_a_fifth =
        which.iter().enumerate().map(|(row, &index)| if row % 5 == 0 { NO_SCORER } else { index });
    let cases = [
        ("one model", vec![indices[0]; count]),
        ("a model a row, of 1000, none for a fifth", but_a_fifth.collect()),
        ("a model a row, of 1000", which),
    ];
    for (name, which) in cases {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let [logit, mu, sigma] = &mut out;
                let rows = models.bind(&customers.names, &which).expect("they match");
                rows.predict(&inputs, ParamsOut { logit, mu, sigma }).expect("they match");
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    targets = one_big_model, small_models, prediction
}
criterion_main!(benches);
