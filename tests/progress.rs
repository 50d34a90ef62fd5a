//! Option `progress` tells an observer how far a training is, and changes no bit of the model. There is one observer in a
//! process, so this is a test of its own.

#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::sync::Mutex;

use ziln::fit::{
    Chunk, Event, FeatureColumn, FeatureValues, NewtonOptions, Observer, OptionValue, Options,
    RowId, Stage, Table, fit, fit_newton, fit_prior, observe,
};
use ziln::model::Model;

static EVENTS: Mutex<Vec<Event>> = Mutex::new(Vec::new());

struct Record;

impl Observer for Record {
    fn tell(&self, event: Event) {
        EVENTS.lock().unwrap().push(event);
    }
}

/// What was told of a call, which fits a model; without its number.
fn told(call: impl FnOnce() -> Model) -> (String, Vec<Event>) {
    EVENTS.lock().unwrap().clear();
    let text = call().to_json();
    (text, std::mem::take(&mut *EVENTS.lock().unwrap()))
}

fn pairs(pairs: &[(&str, OptionValue)], progress: bool) -> Vec<(String, OptionValue)> {
    let progress = ("progress", OptionValue::Bool(progress));
    let pairs = pairs.iter().chain(std::iter::once(&progress));
    pairs.map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// The steps of the only model of the only call, by stage.
fn steps(events: &[Event], stage: Stage) -> Vec<(u64, Option<u64>, Option<f64>)> {
    let steps = events.iter().filter_map(|event| match event {
        Event::Step { step, .. } if step.stage == stage => Some((step.done, step.most, step.loss)),
        _ => None,
    });
    steps.collect()
}

/// Whether events are those of one call that fits one model.
fn are_of_one_model(events: &[Event]) -> bool {
    let [call, Event::ModelBegun { model }, steps @ .., Event::ModelEnded { model: ended }, end] =
        events
    else {
        return false;
    };
    let is_its = |event: &Event| matches!(event, Event::Step { model: of, .. } if of == model);
    (*call, *end) == (Event::CallBegun { models: None }, Event::CallEnded)
        && model == ended
        && !steps.is_empty()
        && steps.iter().all(is_its)
}

#[test]
fn the_observer_is_told_of_every_step() {
    observe(&Record);
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
    let campaigns: Vec<u32> = (0..4000).map(|row| row % 5).collect();

    // By steps: every epoch, with the loss where it is known anyway.
    let by_steps = |options: &[(&str, OptionValue)], progress| {
        let options = Options::from_pairs(pairs(options, progress)).unwrap();
        told(|| fit(&table, &rows, &options).unwrap().unwrap())
    };
    let epochs = [("epochs", OptionValue::Integer(70))];
    let (text, events) = by_steps(&epochs, true);
    assert!(are_of_one_model(&events), "{events:?}");
    let model = Model::from_json(&text).unwrap();
    let steps_told = steps(&events, Stage::Epochs);
    let numbers: Vec<(u64, Option<u64>)> =
        steps_told.iter().map(|(done, most, _)| (*done, *most)).collect();
    assert_eq!(numbers, (1..=70).map(|epoch| (epoch, Some(70))).collect::<Vec<_>>());
    let losses: Vec<f64> = steps_told.iter().filter_map(|(_, _, loss)| *loss).collect();
    assert_eq!(losses, model.training().history.train);
    assert_eq!(by_steps(&epochs, false), (text, Vec::new()));

    // A network: first the heads below it.
    let network = [("hidden", OptionValue::Integer(4)), ("epochs", OptionValue::Integer(3))];
    let (text, events) = by_steps(&network, true);
    assert!(are_of_one_model(&events), "{events:?}");
    assert!(!steps(&events, Stage::Epochs).is_empty());
    let told_of_network = steps(&events, Stage::NetworkEpochs);
    let last = told_of_network.last().unwrap();
    assert_eq!((told_of_network.len(), last.0, last.1), (3, 3, Some(3)));
    assert!(told_of_network.iter().all(|(_, _, loss)| loss.unwrap() > 0.0));
    assert_eq!(by_steps(&network, false), (text, Vec::new()));

    // Exactly, and of campaigns.
    let options = |progress| NewtonOptions::from_pairs(pairs(&[], progress)).unwrap();
    let exact = |progress| told(|| fit_newton(&table, &rows, &options(progress)).unwrap().unwrap());
    let (text, events) = exact(true);
    assert!(are_of_one_model(&events), "{events:?}");
    let iterations = Model::from_json(&text).unwrap().training().epochs_run;
    assert!(steps(&events, Stage::Iterations).iter().any(|(done, ..)| *done == iterations));
    assert_eq!(exact(false), (text, Vec::new()));
    let prior = |progress| {
        let options = options(progress);
        told(|| fit_prior(&table, &rows, &campaigns, &options).unwrap().unwrap())
    };
    let (text, events) = prior(true);
    assert!(are_of_one_model(&events), "{events:?}");
    assert!(!steps(&events, Stage::Iterations).is_empty());
    assert!(!steps(&events, Stage::Rounds).is_empty());
    assert_eq!(prior(false), (text, Vec::new()));
}
