//! Training beside its estimate.

use ziln::fit::{
    Chunk, DataShape, FeatureColumn, FeatureValues, HeadSolver, NewtonOptions, OptionValue,
    Options, RowId, Table, fit, fit_newton, model_bytes, training_bytes,
};

use crate::allocator::peak_of;

/// Rows as an adapter owns them, a third of them payers.
struct Rows {
    shape: DataShape<'static>,
    label: Vec<f64>,
    weight: Vec<f64>,
    numbers: Vec<Vec<f64>>,
    codes: Vec<Vec<u32>>,
    names: Vec<String>,
    levels: Vec<String>,
}

impl Rows {
    fn of(shape: DataShape<'static>) -> Self {
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as f64 / (1_u64 << 31) as f64
        };
        let mut column = |from: f64, to: f64| -> Vec<f64> {
            (0..shape.rows).map(|_| from + (to - from) * random()).collect()
        };
        let label = column(-2.0, 1.0).into_iter().map(|y| y.max(0.0) * 100.0).collect();
        let levels = shape.levels / shape.categories.max(1);
        let codes = (0..shape.categories)
            .map(|_| column(0.0, levels as f64).into_iter().map(|level| level as u32).collect());
        let codes = codes.collect();
        Self {
            shape,
            label,
            weight: column(0.5, 2.0),
            numbers: (0..shape.numbers).map(|_| column(-1.0, 3.0)).collect(),
            codes,
            names: (0..shape.numbers + shape.categories).map(|i| format!("x{i}")).collect(),
            levels: (0..levels).map(|level| format!("level {level}")).collect(),
        }
    }

    fn table(&self) -> Table<'_> {
        let levels: Vec<Option<&str>> = self.levels.iter().map(|l| Some(l.as_str())).collect();
        let is_number = |index: usize| index < self.shape.numbers;
        let numbers = self.numbers.iter().map(|column| FeatureValues::Numbers(column));
        Table {
            features: (self.names.iter().enumerate())
                .map(|(index, name)| FeatureColumn {
                    name,
                    levels: (!is_number(index)).then(|| levels.clone()),
                })
                .collect(),
            chunks: vec![Chunk {
                label: &self.label,
                weight: self.shape.weighted.then_some(self.weight.as_slice()),
                features: numbers
                    .chain(self.codes.iter().map(|c| FeatureValues::Codes(c)))
                    .collect(),
            }],
        }
    }

    /// The text of the model of these rows, and the most memory on the way.
    fn train(&self, threads: usize) -> (String, usize) {
        let table = self.table();
        let ids: Vec<RowId> =
            (0..self.label.len() as u32).map(|row| RowId { chunk: 0, row }).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let model = || match self.shape.solver {
            HeadSolver::Steps => fit(&table, &ids, &self.steps()),
            HeadSolver::Exact { robust, covariance } => {
                fit_newton(&table, &ids, &exact(robust, covariance))
            }
        };
        pool.install(|| peak_of(|| model().unwrap().unwrap().to_json()))
    }

    fn steps(&self) -> Options {
        let hidden = self.shape.hidden.iter().map(|&units| OptionValue::Integer(units as i64));
        let pairs = [
            ("epochs".to_owned(), OptionValue::Integer(1)),
            ("hidden".to_owned(), OptionValue::List(hidden.collect())),
        ];
        Options::from_pairs(pairs).unwrap()
    }
}

fn exact(robust: bool, covariance: bool) -> NewtonOptions {
    let errors = if robust { "robust" } else { "model" };
    let pairs = [
        ("max_iterations".to_owned(), OptionValue::Integer(2)),
        ("errors".to_owned(), OptionValue::Text(errors.to_owned())),
        ("covariance".to_owned(), OptionValue::Bool(covariance)),
    ];
    NewtonOptions::from_pairs(pairs).unwrap()
}

const EXACT: HeadSolver = HeadSolver::Exact { robust: false, covariance: false };
const ROBUST: HeadSolver = HeadSolver::Exact { robust: true, covariance: false };
const COVARIANCE: HeadSolver = HeadSolver::Exact { robust: false, covariance: true };

pub(crate) fn the_estimate_is_what_training_takes() {
    let shape = |rows, numbers, categories, levels, weighted| DataShape {
        rows,
        numbers,
        categories,
        levels,
        weighted,
        hidden: &[],
        solver: HeadSolver::Steps,
    };
    let network = |shape, hidden| DataShape { hidden, ..shape };
    let by = |solver, shape| DataShape { solver, ..shape };
    for shape in [
        shape(100_000, 1, 0, 0, false),
        shape(270_000, 4, 0, 0, true),
        shape(300_000, 20, 0, 0, false),
        shape(200_000, 10, 2, 100, true),
        shape(150_000, 0, 3, 30_000, false),
        shape(70_000, 60, 1, 10, false),
        shape(1000, 5, 1, 10, false),
        shape(50, 3, 0, 0, false),
        network(shape(100_000, 4, 0, 0, true), &[16]),
        network(shape(60_000, 20, 1, 10, false), &[64, 32]),
        network(shape(40_000, 2, 2, 20_000, false), &[8]),
        network(shape(3000, 10, 0, 0, false), &[256, 256]),
        network(shape(2000, 4, 1, 5, false), &[1024, 1024]),
        network(shape(200, 3, 0, 0, false), &[4]),
        by(EXACT, shape(100_000, 4, 0, 0, false)),
        by(EXACT, shape(30_000, 3, 1, 600, false)),
        by(EXACT, shape(60_000, 3, 1, 500, true)),
        by(EXACT, shape(300_000, 100, 0, 0, false)),
        by(ROBUST, shape(30_000, 3, 2, 800, false)),
        by(COVARIANCE, shape(3000, 150, 0, 0, false)),
    ] {
        let rows = Rows::of(shape);
        for threads in [1, 2] {
            let (_, peak) = rows.train(threads);
            let estimate = training_bytes(&shape, threads);
            println!(
                "{shape:?} {threads}: {peak} of {estimate}, {:.2}",
                estimate as f64 / peak as f64
            );
            let is_near = peak <= estimate + estimate / 10 && estimate <= 2 * peak + (64 << 10);
            assert!(is_near, "{peak} bytes, not {estimate}: {shape:?}, {threads} threads");
        }
    }
}

pub(crate) fn the_estimate_is_what_a_model_takes() {
    for (numbers, categories, levels, hidden, solver) in [
        (1, 0, 0, &[][..], HeadSolver::Steps),
        (50, 0, 0, &[], HeadSolver::Steps),
        (3, 1, 1000, &[], HeadSolver::Steps),
        (3, 0, 0, &[64, 32], HeadSolver::Steps),
        (3, 1, 1000, &[16], HeadSolver::Steps),
        (50, 0, 0, &[], EXACT),
        (50, 0, 0, &[], COVARIANCE),
        (3, 1, 150, &[], COVARIANCE),
    ] {
        let rows = 20_000;
        let weighted = false;
        let shape = DataShape { rows, numbers, categories, levels, weighted, hidden, solver };
        let (text, _) = Rows::of(shape).train(1);
        let estimate = model_bytes(&shape);
        println!("{numbers} {levels}: {} of {estimate}", text.len());
        let is_near = text.len() <= estimate + estimate / 5 && estimate <= 2 * text.len();
        assert!(is_near, "{} bytes, not {estimate}: {shape:?}", text.len());
    }
}
