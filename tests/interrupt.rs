//! An interrupt ends what is trained, and nothing else. It concerns all trainings of a process, so this is a test of its own.

#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::time::Duration;

use ziln::Error;
use ziln::fit::{
    Chunk, FeatureColumn, FeatureValues, NewtonOptions, OptionValue, Options, RowId, Table, fit,
    fit_newton, interrupt,
};

#[test]
fn an_interrupt_ends_what_is_trained() {
    let label: Vec<f64> = (0..4000).map(|row| f64::from(row % 3) * f64::from(row % 7)).collect();
    let x: Vec<f64> = (0..4000).map(|row| f64::from(row % 11)).collect();
    let table = Table {
        features: vec![FeatureColumn { name: "x", levels: None }],
        chunks: vec![Chunk {
            label: &label,
            weight: None,
            features: vec![FeatureValues::Numbers(&x)],
        }],
    };
    let rows: Vec<RowId> = (0..4000).map(|row| RowId { chunk: 0, row }).collect();
    let options = |pairs: &[(&str, OptionValue)]| {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Options::from_pairs(pairs).unwrap()
    };
    let few = options(&[("epochs", OptionValue::Integer(3))]);
    let before = fit(&table, &rows, &few).unwrap().unwrap().to_json();
    // Left alone, each takes hours.
    let endless = ("epochs", OptionValue::Integer(1_000_000));
    let small = ("batch_size", OptionValue::Integer(1));
    let hidden = ("hidden", OptionValue::List(vec![OptionValue::Integer(8)]));
    let whole = ("validation_fraction", OptionValue::Integer(0));
    for pairs in [&[endless.clone()][..], &[endless.clone(), small], &[endless, hidden, whole]] {
        let options = options(pairs);
        std::thread::scope(|scope| {
            let training = scope.spawn(|| fit(&table, &rows, &options).map(|_| ()));
            std::thread::sleep(Duration::from_millis(300));
            assert!(!training.is_finished(), "{pairs:?}");
            interrupt();
            assert_eq!(training.join().unwrap(), Err(Error::Interrupted), "{pairs:?}");
        });
    }
    // Those that begin later are not concerned, and have the same bits.
    assert_eq!(fit(&table, &rows, &few).unwrap().unwrap().to_json(), before);
    assert!(fit_newton(&table, &rows, &NewtonOptions::default()).unwrap().is_some());
}
