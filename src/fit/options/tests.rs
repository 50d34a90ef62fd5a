use super::*;
use crate::Result;

fn one(name: &str, value: OptionValue) -> Result<Options> {
    Options::from_pairs([(name.to_owned(), value)])
}

#[test]
fn every_option_takes_what_its_range_says() {
    for TrainingOption { name, range, .. } in OPTIONS {
        assert!(one(name, OptionValue::Null).is_ok(), "{name}");
        let error = one(name, "?".into()).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(&range.to_string()), "{error}");
        let (inside, outside): (Vec<OptionValue>, Vec<OptionValue>) = match *range {
            OptionRange::Integer { least, most } => {
                (vec![least.into(), most.into()], vec![(most + 1).into(), 0.5.into()])
            }
            OptionRange::Number { least, most } => {
                (vec![least.into(), most.into()], vec![(-1.0).into(), (most * 1.1).into()])
            }
            OptionRange::Positive { most } => (vec![most.into()], vec![0.0.into()]),
            OptionRange::OneOf(names) => (names.iter().map(|&n| n.into()).collect(), vec![]),
            OptionRange::Boolean => (vec![true.into(), false.into()], vec![1.0.into()]),
            OptionRange::Model => (vec![], vec!["{}".into(), 1.0.into()]),
            OptionRange::Layers { layers, units } => {
                let most = vec![units; layers];
                let more = vec![1; layers + 1];
                (vec![units.into(), (&*most).into()], vec![0.into(), (&*more).into()])
            }
        };
        for value in inside {
            assert!(one(name, value.clone()).is_ok(), "{name}: {value}");
        }
        for value in outside {
            assert!(one(name, value.clone()).is_err(), "{name}: {value}");
        }
    }
}

#[test]
fn defaults_are_shown_as_they_are() {
    let shown = |name| OPTIONS.iter().find(|option| option.name == name).unwrap().default();
    assert_eq!(["epochs", "optimizer", "seed"].map(shown), ["auto", "adam", "0"]);
    assert_eq!(["init", "max_rows", "keep_state"].map(shown), ["none", "none", "false"]);
}

#[test]
fn the_builder_keeps_what_was_said_last() {
    let options = Options::builder().epochs(1).seed(7).epochs(2).build().unwrap();
    assert_eq!((options.epochs, options.seed, options.patience()), (Some(2), 7, 5));
    let error = Options::builder().seed(u64::MAX).build().unwrap_err().to_string();
    assert!(error.contains("from 0 to 9223372036854775807, got 18446744073709552000"), "{error}");
}

#[test]
fn numbers_out_of_range_are_shown_short() {
    let got = |name: &str, value: f64| one(name, value.into()).unwrap_err().to_string();
    assert!(got("learning_rate", 5e-324).ends_with("at most 1000, got 5e-324"));
    assert!(got("epochs", 1e308).ends_with("an integer from 0 to 1000000, got 1e308"));
    assert!(got("min_payment", f64::MAX).ends_with("to 1e300, got 1.7976931348623157e308"));
    let hidden = OptionValue::List(vec![1e300.into()]);
    assert!(one("hidden", hidden).unwrap_err().to_string().ends_with("or one, got [1e300]"));
}

#[test]
fn unknown_names_list_what_is_allowed() {
    let error = one("learning-rate", OptionValue::Number(0.1)).unwrap_err().to_string();
    assert!(error.contains("did you mean `learning_rate`?"), "{error}");
    for doc in OPTIONS {
        assert!(error.contains(doc.name), "{error}");
    }
    let error = one("zzzzzz", OptionValue::Null).unwrap_err().to_string();
    assert!(!error.contains("did you mean"), "{error}");
}

#[test]
fn ranges_are_kept() {
    assert!(one("epochs", OptionValue::Integer(-1)).is_err());
    assert!(one("epochs", OptionValue::Number(2.5)).is_err());
    assert_eq!(one("epochs", OptionValue::Number(20.0)).unwrap().epochs, Some(20));
    assert!(one("learning_rate", OptionValue::Number(0.0)).is_err());
    assert!(one("learning_rate", OptionValue::Number(f64::NAN)).is_err());
    assert!(one("l2", OptionValue::Number(f64::INFINITY)).is_err());
    assert_eq!(one("l2", OptionValue::Integer(0)).unwrap().l2, Some(0.0));
    assert!(one("validation_fraction", OptionValue::Number(0.95)).is_err());
    assert!(one("keep_state", OptionValue::Integer(1)).is_err());
    assert!(one("optimizer", OptionValue::Text("Adam".to_owned())).is_err());
}

#[test]
fn a_name_that_stands_twice_is_refused() {
    let pair = || ("seed".to_owned(), OptionValue::Integer(1));
    assert!(Options::from_pairs([pair(), pair()]).is_err());
}
