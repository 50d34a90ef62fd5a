//! Prediction with a model that differs from row to row: the same bits as each model alone.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use ziln::math::Column;
use ziln::model::{FeatureInput, FeatureUse, NO_SCORER, ParamsOut, Scorer, ScorerSet};

use crate::made::{
    Columns, LEVELS, categorical, model, model_of, numeric, predict, predict_each, predict_rows,
};

/// A table of numbers `n0`, `n1`, ... and categories `c0`, `c1`, ...
struct Table {
    names: Vec<String>,
    columns: Vec<Columns>,
}

const NUMBERS: usize = 24;
const CATEGORIES: usize = 3;

impl Table {
    fn new(rows: usize) -> Self {
        let numbers = (0..NUMBERS).map(|n| format!("n{n}"));
        Self {
            names: numbers.chain((0..CATEGORIES).map(|c| format!("c{c}"))).collect(),
            // Each begins elsewhere, so that all differ.
            columns: (0..NUMBERS + CATEGORIES).map(|column| Columns::new(rows + column)).collect(),
        }
    }

    /// The column of this index, in one of the forms that numbers have.
    fn input(&self, column: usize) -> FeatureInput<'_> {
        let Columns { a, codes, b } = &self.columns[column];
        match column {
            NUMBERS.. => FeatureInput::Codes { codes: &codes[column..], levels: &LEVELS },
            0 => FeatureInput::Number(Column::Scalar(0.25)),
            _ if column % 3 == 1 => FeatureInput::Number(Column::F32(&b[column..])),
            _ => FeatureInput::Number(Column::F64(&a[column..])),
        }
    }
}

/// A model of some of the table's columns, in any order, and which they are.
fn draw_model(random: &mut StdRng, table: &Table) -> (Arc<Scorer>, Vec<usize>) {
    let mut columns: Vec<usize> = (0..NUMBERS + CATEGORIES).collect();
    columns.shuffle(random);
    columns.truncate(random.random_range(0..=columns.len()));
    if random.random_bool(0.3) {
        columns.retain(|&column| column >= NUMBERS);
    }
    let features: Vec<_> = columns
        .iter()
        .map(|&column| match table.names[column].as_str() {
            name if column >= NUMBERS => categorical(name),
            name if random.random_bool(0.1) => numeric(name, 1e150, 1e151),
            name => numeric(name, random.random_range(-2.0..2.0), 1.5),
        })
        .collect();
    let model = model_of(random.random_range(0.0..6.0), &features);
    (Arc::new(Scorer::new(&model)), columns)
}

/// Models of no, of few and of many features, in sets that are kept while the rows, the names and the order of the
/// columns change.
#[test]
fn every_row_has_the_bits_of_its_model_alone() {
    for seed in 0..60 {
        let random = &mut StdRng::seed_from_u64(seed);
        let mut set = ScorerSet::default();
        let mut models = Vec::new();
        for _ in 0..5 {
            let rows = [0, 1, 3, 4, 5, 127, 128, 129, 300][random.random_range(0..9)];
            let table = Table::new(rows);
            for _ in 0..random.random_range(1..4) {
                let (scorer, columns) = draw_model(random, &table);
                assert_eq!(set.add(Arc::clone(&scorer)), models.len() as u32);
                models.push((scorer, columns));
            }
            let mut order: Vec<usize> = (0..NUMBERS + CATEGORIES).collect();
            if random.random_bool(0.5) {
                order.shuffle(random);
            }
            let names: Vec<&str> =
                order.iter().map(|&column| table.names[column].as_str()).collect();
            let inputs: Vec<_> = order.iter().map(|&column| table.input(column)).collect();
            let most = random.random_range(1..=models.len() as u32);
            // Runs of several lengths, rows without a model, and indices that no model has.
            let (run, none) = (random.random_range(1..6), random.random_range(0.0..0.4));
            let mut which: Vec<u32> = (0..rows.div_ceil(run))
                .flat_map(|_| vec![random.random_range(0..most); run])
                .collect();
            which.truncate(rows);
            for index in &mut which {
                if random.random_bool(none) {
                    *index = [NO_SCORER, 1_000][random.random_range(0..2)];
                }
            }
            let mixed = predict_rows(&mut set, &which, &names, &inputs);
            for (index, (scorer, columns)) in models.iter().enumerate() {
                let inputs: Vec<_> = columns.iter().map(|&column| table.input(column)).collect();
                let alone = predict(scorer, &inputs, rows);
                for row in (0..rows).filter(|&row| which[row] == index as u32) {
                    for (mixed, alone) in mixed.iter().zip(&alone) {
                        assert_eq!(mixed[row].to_bits(), alone[row].to_bits(), "{seed} {row}");
                    }
                }
            }
            for row in (0..rows).filter(|&row| which[row] >= models.len() as u32) {
                assert!(mixed.iter().all(|head| head[row].is_nan()), "{seed} {row}");
            }
        }
    }
}

/// A number that is far from others in one model and not in another, under one name.
#[test]
fn models_that_differ_in_the_kind_of_a_feature() {
    let near = Scorer::new(&model_of(0.5, &[numeric("a", 1.0, 2.0), numeric("b", 0.5, 1.0)]));
    let far = Scorer::new(&model_of(0.5, &[numeric("a", 1.0, 1e151), numeric("b", 0.5, 1.0)]));
    let level = Scorer::new(&model_of(0.5, &[categorical("a"), numeric("b", 0.5, 1.0)]));
    let rows = 70;
    let columns = Columns::new(rows);
    let [a, c, b] = columns.inputs();
    let which: Vec<u32> = (0..rows as u32).map(|row| row / 3 % 2).collect();
    let mixed = predict_each(&[&near, &far], &which, &["a", "b"], &[a, b]);
    let alone = [&near, &far].map(|scorer| predict(scorer, &[a, b], rows));
    for row in 0..rows {
        assert_eq!(mixed[1][row].to_bits(), alone[which[row] as usize][1][row].to_bits());
    }
    assert_ne!(alone[0][1], alone[1][1]);

    let mut set = ScorerSet::default();
    let which = [near, level].map(|scorer| set.add(Arc::new(scorer)));
    let rows = set.bind(&["a", "b"], &which).unwrap();
    let error = |a| {
        let [mut logit, mut mu, mut sigma] = [[0.0; 2]; 3];
        let out = ParamsOut { logit: &mut logit, mu: &mut mu, sigma: &mut sigma };
        rows.predict(&[a, b], out).unwrap_err().to_string()
    };
    assert!(error(a).contains("`a` is a category in the model"), "{}", error(a));
    assert!(error(c).contains("`a` is a number in the model"), "{}", error(c));
}

/// The models read their own columns, of those names alone that they were bound to last.
#[test]
fn uses_are_those_of_the_rows_models() {
    let mut set = ScorerSet::default();
    let whole = Arc::new(Scorer::new(&model(0.0)));
    let part = Arc::new(Scorer::new(&model_of(1.0, &[numeric("b", 0.0, 1.0)])));
    let [whole, part] = [&whole, &part].map(|scorer| set.add(Arc::clone(scorer)));
    assert_eq!(set.most_features(&[part, NO_SCORER]), 1);
    assert_eq!(set.most_features(&[part, whole]), 3);
    let error = set.bind(&["a", "b"], &[NO_SCORER, whole]).unwrap_err().to_string();
    assert!(error.contains("needs a feature `c`"), "{error}");

    let use_of = |position, is_category| FeatureUse { position, is_category, is_date: false };
    let all = |[a, c, b]: [usize; 3]| vec![use_of(a, false), use_of(c, true), use_of(b, false)];
    let tables: [(&[&str], &[u32], Vec<FeatureUse>); 5] = [
        (&["a", "b"], &[part], vec![use_of(1, false)]),
        (&["a", "c", "b"], &[whole, NO_SCORER], all([0, 1, 2])),
        (&["b", "c", "a"], &[whole, whole], all([2, 1, 0])),
        (&["x", "b", "c", "a"], &[whole], all([3, 2, 1])),
        (&[], &[NO_SCORER], vec![]),
    ];
    for (names, which, expected) in tables {
        let rows = set.bind(names, which).unwrap();
        assert_eq!(rows.uses(), expected);
    }
    let which = [part, whole, NO_SCORER, 7];
    let rows = set.bind(&["a", "b", "c"], &which).unwrap();
    assert_eq!([0, 1, 2, 3, 4].map(|row| rows.feature_count(row)), [1, 3, 0, 0, 0]);
}

#[test]
fn columns_that_are_not_enough_are_refused() {
    let mut set = ScorerSet::default();
    let index = set.add(Arc::new(Scorer::new(&model(0.0))));
    let other = set.add(Arc::new(Scorer::new(&model(1.0))));
    let columns = Columns::new(20);
    let [a, c, b] = columns.inputs();
    let short = FeatureInput::Number(Column::F64(&columns.a[..5]));
    let strided = Column::Strided { values: &columns.a, offset: usize::MAX, stride: usize::MAX };
    let which: Vec<u32> = (0..20).map(|row| if row % 2 == 0 { index } else { other }).collect();
    let rows = set.bind(&["a", "c", "b", "unused"], &which).unwrap();
    let predict = |inputs: &[FeatureInput<'_>]| {
        let mut out = [[0.0; 20]; 3];
        let [logit, mu, sigma] = &mut out;
        rows.predict(inputs, ParamsOut { logit, mu, sigma }).map(|()| out)
    };
    for (inputs, says) in [
        (&[short, c, b, a][..], "`a` has fewer rows"),
        (&[FeatureInput::Number(strided), c, b, a], "`a` has fewer rows"),
        (&[a, c], "needs 3 features, and 2 came"),
        (&[a, a, b, a], "`c` is a category in the model"),
    ] {
        let error = predict(inputs).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    // What no model reads may be anything.
    assert_eq!(predict(&[a, c, b, short]).unwrap(), predict(&[a, c, b]).unwrap());
}
