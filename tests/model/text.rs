//! The model's text: exact round trips, clear refusals, nothing that hostile text can break.

use ziln::fit::{Chunk, FeatureColumn, FeatureValues, OptionValue, Options, RowId, Table, fit};
use ziln::math::Column;
use ziln::model::{FORMAT_VERSION, FeatureInput, Model, Scorer};
use ziln::record::Record;

use super::made::predict;

/// A model with a number and a category, with its optimiser's state.
pub(crate) fn model() -> Model {
    let label: Vec<f64> =
        (0..60).map(|i| if i % 3 == 0 { f64::from(i) + 0.1 } else { 0.0 }).collect();
    let number: Vec<f64> = (0..60).map(|i| f64::from(i * 7 % 11) / 3.0).collect();
    let codes: Vec<u32> = (0..60).map(|i| i % 3).collect();
    let table = Table {
        features: vec![
            FeatureColumn { name: "visits", levels: None },
            FeatureColumn {
                name: "channel", levels: Some(vec![Some("web"), None, Some("\"ü\\")])
            },
        ],
        chunks: vec![Chunk {
            label: &label,
            weight: None,
            features: vec![FeatureValues::Numbers(&number), FeatureValues::Codes(&codes)],
        }],
    };
    let rows: Vec<RowId> = (0..60).map(|row| RowId { chunk: 0, row }).collect();
    let options = [
        ("epochs".to_owned(), OptionValue::Integer(3)),
        ("keep_state".to_owned(), OptionValue::Bool(true)),
    ];
    fit(&table, &rows, &Options::from_pairs(options).unwrap()).unwrap().unwrap()
}

fn problem(text: &str) -> String {
    Model::from_json(text).unwrap_err().to_string()
}

/// What serde says of a text, and of the same text once it is parsed.
fn problems_of_serde(text: &str) -> [String; 2] {
    let parsed: serde_json::Value = serde_json::from_str(text).unwrap();
    let read = [serde_json::from_str::<Model>(text), serde_json::from_value(parsed)];
    read.map(|read| read.unwrap_err().to_string())
}

/// The text with one value replaced.
fn with(path: &str, value: serde_json::Value) -> String {
    let mut text: serde_json::Value = serde_json::from_str(&model().to_json()).unwrap();
    *text.pointer_mut(path).unwrap_or_else(|| panic!("no {path}")) = value;
    text.to_string()
}

#[test]
fn the_text_leads_back_to_the_model() {
    let model = model();
    let text = model.to_json();
    let read = Model::from_json(&text).unwrap();
    assert_eq!(read, model);
    assert_eq!(read.to_json(), text);
    assert!(text.starts_with(&format!("{{\"format_version\":{FORMAT_VERSION},")));
}

/// A text of before there were ranges, with the bits that its own build predicted: amounts explode, as they did then.
#[test]
fn the_first_texts_predict_what_they_did() {
    let file = include_str!("../data/first_text.json");
    let first: serde_json::Value = serde_json::from_str(file).unwrap();
    let model = Model::from_json(first["text"].as_str().unwrap()).unwrap();
    assert_eq!(model.mu_range(), None);
    let x = [0.0, 1.5, -2.75, 3e9, f64::NAN, 2.9];
    let n = [0.0, 10.0, 5.0, -1.0, 3.0, 1e300];
    let levels = [Some("a"), Some("b"), None, Some("new")];
    let inputs = [
        FeatureInput::Number(Column::F64(&x)),
        FeatureInput::Number(Column::F64(&n)),
        FeatureInput::Codes { codes: &[0, 1, 2, 3, 0, 1], levels: &levels },
    ];
    let found = predict(&Scorer::new(&model), &inputs, 6);
    for (values, name) in found.iter().zip(["logit", "mu", "sigma"]) {
        let bits: Vec<String> =
            values.iter().map(|value| format!("{:016x}", value.to_bits())).collect();
        assert_eq!(serde_json::json!(bits), first["params"][name], "{name}");
    }
}

#[test]
fn unknown_fields_are_ignored() {
    let mut text: serde_json::Value = serde_json::from_str(&model().to_json()).unwrap();
    text["of_tomorrow"] = serde_json::json!({"a": [1, 2, {"b": null}]});
    text["training"]["of_tomorrow"] = 1.into();
    assert_eq!(Model::from_json(&text.to_string()).unwrap(), model());
}

#[test]
fn other_versions_are_named() {
    let message = problem(&with("/format_version", 99.into()));
    assert!(
        message.contains("format_version 99") && message.contains("reads versions 1 and 2"),
        "{message}"
    );
    let message = problem("{\"format_version\": 3, \"everything\": \"is different\"}");
    assert!(message.contains("format_version 3"), "{message}");
}

#[test]
fn a_truncated_text_is_refused_wherever_it_ends() {
    let text = model().to_json();
    for end in (0..text.len()).filter(|&end| text.is_char_boundary(end)) {
        assert!(problem(&text[..end]).contains("one of the ziln_fit functions"));
    }
}

#[test]
fn what_is_not_a_model_is_refused() {
    for text in ["", "null", "[]", "{}", "not json", "\u{0}", "{\"format_version\":1}", "1e999"] {
        assert!(problem(text).contains("argument `model`"), "{text}");
    }
    for (path, value, says) in [
        ("/weights/mu/weights/0", serde_json::Value::Null, "null"),
        ("/weights/mu/weights", serde_json::json!([1.0]), "`mu` has 1 weights"),
        ("/weights/logit/intercept", serde_json::json!("NaN"), "string"),
        ("/features/0/encoding/numeric/scale", 0.0.into(), "scale"),
        ("/features/0/encoding/numeric/scale", (-1.0).into(), "scale"),
        ("/features/1/name", "visits".into(), "`visits` stands twice"),
        ("/features/1/encoding/categorical/levels/1", "web".into(), "stands twice"),
        ("/features/1/encoding/categorical/rows", serde_json::json!([1]), "rows of 1"),
        ("/features/1/encoding/categorical/rows/0", (-1).into(), "integer"),
        ("/max_sigma", 0.0.into(), "max_sigma"),
        ("/optimizer_state/mu/first", serde_json::json!([1.0]), "optimizer_state"),
        ("/optimizer_state/mu/second/0", (-1.0).into(), "`second` of the optimizer_state is -1"),
        ("/optimizer_state/amount_scale", 0.0.into(), "optimizer_state"),
        ("/training/stop_reason", "boredom".into(), "boredom"),
    ] {
        let message = problem(&with(path, value));
        assert!(message.contains(says), "{path}: {message}");
    }
    let infinite = model().to_json().replacen("\"intercept\":", "\"intercept\":1e999,\"was\":", 1);
    assert!(problem(&infinite).contains("number"), "{}", problem(&infinite));
}

#[test]
fn hostile_text_is_an_error() {
    let deep = "[".repeat(1_000_000);
    assert!(problem(&deep).contains("argument `model`"));
    let nested = format!("{{\"format_version\":1,\"x\":{}", "{\"a\":".repeat(100_000));
    assert!(problem(&nested).contains("argument `model`"));
    // Skipped without recursion, so however deep it does no harm.
    let extra = format!("{{\"x\":{}{},", "[".repeat(100_000), "]".repeat(100_000));
    let text = model().to_json().replacen('{', &extra, 1);
    assert_eq!(Model::from_json(&text).unwrap(), model());
}

#[test]
fn a_message_quotes_the_start_of_a_name() {
    let long = "N\u{0}".repeat(1 << 20);
    for (path, says) in [
        ("/features/1/name", "needs"),
        ("/training/stop_reason", "unknown variant"),
        ("/weights/mu/intercept", "invalid type"),
        ("/format_version", "invalid type"),
    ] {
        let text = with(path, long.clone().into());
        let message = match Model::from_json(&text) {
            Ok(model) => {
                Scorer::new(&model).match_features(&["visits", &long]).unwrap_or_default();
                Scorer::new(&model).match_features(&["a"; 3]).unwrap_err().to_string()
            }
            Err(error) => error.to_string(),
        };
        assert!(message.contains(says), "{path}: {message}");
        assert!(message.len() < 350 && !message.contains('\u{0}'), "{path}: {message}");
        // What was expected still stands behind it.
        let ends = message.contains("expected ") || message.ends_with("given are: a, a, a");
        assert!(ends, "{path}: {message}");
    }
    let twice = with("/features/0/name", long.clone().into());
    let mut twice: serde_json::Value = serde_json::from_str(&twice).unwrap();
    twice["features"][1]["name"] = long.into();
    let message = problem(&twice.to_string());
    assert!(message.len() < 300 && message.contains("stands twice"), "{message}");
}

#[test]
fn the_record_of_a_model_has_a_value_a_field() {
    fn check<R: Record>(record: R) {
        assert_eq!(record.into_values().len(), R::FIELDS.len());
        let mut names: Vec<&str> = R::FIELDS.iter().map(|field| field.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), R::FIELDS.len());
    }
    let model = model();
    check(model.info());
    let weights = model.weights();
    // An intercept, a number and three levels, for each of three heads.
    assert_eq!(weights.len(), 15);
    weights.into_iter().for_each(check);
}

#[test]
fn raw_weights_give_the_same_head() {
    let model = model();
    let rows = model.weights();
    let (intercept, visits) = (&rows[0], &rows[1]);
    assert_eq!((intercept.feature.as_deref(), visits.feature.as_deref()), (None, Some("visits")));
    let ziln::model::Encoding::Numeric { mean, scale, .. } = model.features()[0].encoding else {
        panic!()
    };
    for x in [0.0, 1.5, -20.0] {
        let standard = intercept.weight + visits.weight * (x - mean) / scale;
        let raw = intercept.raw_weight.unwrap() + visits.raw_weight.unwrap() * x;
        assert!((standard - raw).abs() < 1e-12 * (1.0 + standard.abs()), "{x}");
    }
    // NULL comes first among the levels.
    assert_eq!(rows[2].level, None);
    assert_eq!(rows[4].level.as_deref(), Some("web"));
}

/// serde reads a struct also from a list of its fields.
#[test]
fn lists_are_no_objects() {
    let text: serde_json::Value = serde_json::from_str(&model().to_json()).unwrap();
    let names = [
        "format_version",
        "features",
        "weights",
        "max_sigma",
        "options",
        "training",
        "optimizer_state",
    ];
    let list: Vec<&serde_json::Value> = names.iter().map(|name| &text[name]).collect();
    let list = serde_json::json!(list).to_string();
    for message in [problem(&list)].iter().chain(&problems_of_serde(&list)) {
        assert!(message.contains("invalid type: a list, expected an object"), "{message}");
    }
    let mut objects = 0;
    let mut open = vec![String::new()];
    while let Some(path) = open.pop() {
        match text.pointer(&path).unwrap() {
            serde_json::Value::Object(fields) => {
                open.extend(fields.keys().map(|name| format!("{path}/{name}")));
                // What is named after its variant is not read from a list anyway.
                if path.is_empty() || path.ends_with("encoding") {
                    continue;
                }
                objects += 1;
                let list: Vec<serde_json::Value> = fields.values().cloned().collect();
                let text = with(&path, list.into());
                let [of_text, of_parsed] = problems_of_serde(&text);
                for message in [problem(&text), of_text] {
                    assert!(message.contains("a list, expected an object"), "{path}: {message}");
                }
                // serde_json itself reads no list as the fields of a variant.
                let says = ["a list, expected an object", "sequence, expected struct variant"];
                assert!(says.iter().any(|says| of_parsed.contains(says)), "{path}: {of_parsed}");
            }
            serde_json::Value::Array(items) => {
                open.extend((0..items.len()).map(|index| format!("{path}/{index}")));
            }
            _ => {}
        }
    }
    assert_eq!(objects, 20);
}

#[test]
fn what_a_message_quotes_is_short_and_printable() {
    let endless = "\u{0}é".repeat(1_000_000);
    let quoting = [
        with("/features/1/name", "visits".into())
            .replace("visits", &endless.replace('\0', "\\u0000")),
        with("/training/stop_reason", endless.clone().into()),
        with("/max_sigma", endless.clone().into()),
        with("/features/0/encoding", serde_json::json!({ endless.clone(): {} })),
    ];
    for text in quoting {
        let message = problem(&text);
        assert!(message.chars().count() < 400, "{} characters", message.chars().count());
    }
    let name = "x".repeat(100);
    let names: serde_json::Value =
        serde_json::from_str(&with("/features/1/name", name.clone().into())).unwrap();
    let twice = names.to_string().replace("\"visits\"", &format!("\"{name}\""));
    let message = problem(&twice);
    assert!(message.contains(&format!("feature `{}...` stands twice", &name[..40])), "{message}");
}

#[test]
fn serde_reads_no_model_past_the_checks() {
    let text = model().to_json();
    assert_eq!(serde_json::from_str::<Model>(&text).unwrap(), model());
    let parsed = serde_json::to_value(model()).unwrap();
    assert_eq!(serde_json::from_value::<Model>(parsed).unwrap(), model());
    // As a part of something else, and behind a name.
    let several: Vec<(String, Model)> =
        serde_json::from_str(&format!("[[\"a\",{text}],[\"b\",{text}]]")).unwrap();
    assert!(several.iter().all(|(_, read)| *read == model()));
    for (path, value, says) in [
        ("/weights/mu/weights", serde_json::json!([1.0]), "`mu` has 1 weights"),
        ("/format_version", 2.into(), "format_version 2"),
    ] {
        for error in problems_of_serde(&with(path, value)) {
            assert!(error.contains(says), "{path}: {error}");
        }
    }
}
