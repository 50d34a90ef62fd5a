//! Counts of steps, epochs and passes in texts that were tampered with: what training returns can be read.

use serde_json::{Value, json};
use ziln::fit::{
    Chunk, FeatureColumn, FeatureValues, OptionValue, Options, Pass, PassColumns, PassOptions,
    RowId, Table, fit, newton_start,
};
use ziln::math::Column;
use ziln::model::{FeatureInput, Model};

/// The most that a count may be, and the same of the steps of a level in a network.
const MOST: u64 = 1 << 53;
const MOST_OF_LEVEL: u64 = 1 << 31;

const LEVELS: [Option<&str>; 3] = [Some("web"), None, Some("shop")];

/// Rows with a number and a category.
struct Rows {
    label: Vec<f64>,
    visits: Vec<f64>,
    codes: Vec<u32>,
}

impl Rows {
    fn new(rows: u32) -> Self {
        let pays = |row: u32| row * 7 % 5 < 2;
        let label = |row| if pays(row) { 1.0 + f64::from(row * 13 % 17) } else { 0.0 };
        Self {
            label: (0..rows).map(label).collect(),
            visits: (0..rows).map(|row| f64::from(row * 11 % 23)).collect(),
            codes: (0..rows).map(|row| row % 3).collect(),
        }
    }

    fn with_table<R>(&self, run: impl FnOnce(&Table<'_>, &[RowId]) -> R) -> R {
        let features = vec![
            FeatureColumn { name: "visits", levels: None },
            FeatureColumn { name: "channel", levels: Some(LEVELS.to_vec()) },
        ];
        let values = vec![FeatureValues::Numbers(&self.visits), FeatureValues::Codes(&self.codes)];
        let chunks = vec![Chunk { label: &self.label, weight: None, features: values }];
        let rows: Vec<RowId> =
            (0..self.label.len() as u32).map(|row| RowId { chunk: 0, row }).collect();
        run(&Table { features, chunks }, &rows)
    }

    /// A model with its state, of a network or without one, anew or from the text of another.
    fn fit(&self, hidden: bool, init: Option<String>) -> ziln::Result<Model> {
        let mut options = vec![
            ("epochs".to_owned(), OptionValue::Integer(2)),
            ("keep_state".to_owned(), OptionValue::Bool(true)),
            ("validation_fraction".to_owned(), OptionValue::Number(0.0)),
        ];
        options.extend(hidden.then(|| ("hidden".to_owned(), OptionValue::Integer(3))));
        options.extend(init.map(|text| ("init".to_owned(), OptionValue::Text(text))));
        let options = Options::from_pairs(options)?;
        self.with_table(|table, rows| fit(table, rows, &options)).map(Option::unwrap)
    }

    /// The model after a pass over the rows.
    fn step(&self, text: &str) -> ziln::Result<Model> {
        let pass = Pass::of_text(text)?;
        let features = [
            FeatureInput::Number(Column::F64(&self.visits)),
            FeatureInput::Codes { codes: &self.codes, levels: &LEVELS },
        ];
        let columns = PassColumns { label: &self.label, weight: None, features: &features };
        let mut sums = pass.sums();
        let rows: Vec<u32> = (0..self.label.len() as u32).collect();
        pass.add(&columns, &rows, &mut sums);
        Ok(pass.finish(&sums))
    }
}

fn value_of(model: &Model) -> Value {
    serde_json::from_str(&model.to_json()).unwrap()
}

/// The text with other values at some paths; what is not there yet is added.
fn with(text: &Value, changes: &[(&str, Value)]) -> String {
    let mut text = text.clone();
    for (path, value) in changes {
        let (parent, name) = path.rsplit_once('/').unwrap();
        text.pointer_mut(parent).unwrap()[name] = value.clone();
    }
    text.to_string()
}

fn is_model(model: &Model) -> bool {
    Model::from_json(&model.to_json()).is_ok_and(|read| read == *model)
}

#[test]
fn a_count_beyond_the_most_is_refused() {
    let rows = Rows::new(90);
    let linear = value_of(&rows.fit(false, None).unwrap());
    let network = value_of(&rows.fit(true, None).unwrap());
    let levels = |count: u64| json!([count, 0, 0]);
    let refused = |text: &Value, path: &str, value: Value| {
        let error = Model::from_json(&with(text, &[(path, value)])).unwrap_err().to_string();
        assert!(error.contains("state"), "{path}: {error}");
    };
    for count in [MOST + 1, u64::MAX] {
        for name in ["epochs", "steps", "steps_logit", "steps_amount"] {
            refused(&linear, &format!("/optimizer_state/{name}"), count.into());
        }
        for name in ["level_steps_logit", "level_steps_amount"] {
            refused(&linear, &format!("/optimizer_state/{name}"), levels(count));
        }
        for name in ["epochs", "steps"] {
            refused(&network, &format!("/network/state/{name}"), count.into());
        }
    }
    for count in [MOST_OF_LEVEL + 1, u32::MAX.into()] {
        refused(&network, "/network/state/level_steps", json!([levels(count)]));
    }
}

#[test]
fn training_from_the_most_counts_returns_a_model() {
    let rows = Rows::new(90);
    let levels = json!([MOST, MOST, MOST]);
    let state = [
        ("/optimizer_state/epochs", MOST.into()),
        ("/optimizer_state/steps", MOST.into()),
        ("/optimizer_state/steps_logit", MOST.into()),
        ("/optimizer_state/steps_amount", (MOST - 1).into()),
        ("/optimizer_state/level_steps_logit", levels.clone()),
        ("/optimizer_state/level_steps_amount", levels),
    ];
    let text = with(&value_of(&rows.fit(false, None).unwrap()), &state);
    let more = rows.fit(false, Some(text)).unwrap();
    let state = more.optimizer_state().unwrap();
    assert_eq!((state.epochs, state.steps, state.steps_logit), (MOST, MOST, None));
    assert!(is_model(&more));
    assert!(is_model(&rows.fit(false, Some(more.to_json())).unwrap()));
}

#[test]
fn a_network_from_the_most_counts_is_a_model() {
    let rows = Rows::new(90);
    let state = [
        ("/network/state/epochs", MOST.into()),
        ("/network/state/steps", MOST.into()),
        ("/network/state/level_steps", json!([[MOST_OF_LEVEL, MOST_OF_LEVEL, MOST_OF_LEVEL]])),
    ];
    let text = with(&value_of(&rows.fit(true, None).unwrap()), &state);
    let more = rows.fit(true, Some(text)).unwrap();
    assert!(is_model(&more));
    let state = more.network().unwrap().state.as_ref().unwrap();
    assert_eq!((state.epochs, state.steps), (MOST, MOST));
    assert!(state.level_steps.iter().flatten().all(|&steps| u64::from(steps) == MOST_OF_LEVEL));
}

#[test]
fn a_pass_beyond_the_most_is_a_model() {
    let rows = Rows::new(400);
    let max_rows = ("max_rows".to_owned(), OptionValue::Integer(100));
    let options = PassOptions::from_pairs([max_rows]).unwrap();
    let model = rows.with_table(|table, ids| newton_start(table, ids, &options)).unwrap().unwrap();
    let text = value_of(&model);
    let at = |count: u64| with(&text, &[("/passes/count", count.into())]);
    for count in [MOST + 1, u64::MAX] {
        assert!(rows.step(&at(count)).is_err());
    }
    let next = rows.step(&at(MOST)).unwrap();
    assert_eq!(next.passes().unwrap().count, MOST);
    assert!(is_model(&next));
}
