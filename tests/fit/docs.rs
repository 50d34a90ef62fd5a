//! The documentation of the options is the one table of them.

use ziln::fit::{NEWTON_OPTIONS, OPTIONS, Optimizer, OptionRange, OptionValue, Options, Schedule};

#[test]
fn the_table_of_options_is_in_the_documentation() {
    let page = std::fs::read_to_string("docs/training.md").unwrap();
    for doc in OPTIONS {
        let (name, default) = (doc.name, doc.default());
        let row = format!("| `{name}` | {default} | {} | {} |", doc.range, doc.purpose);
        assert!(page.contains(&row), "docs/training.md lacks: {row}");
    }
    for doc in NEWTON_OPTIONS {
        let (name, default) = (doc.name, doc.default());
        let row = format!("| `{name}` | {default} | {} | {} |", doc.range, doc.purpose);
        assert!(page.contains(&row), "docs/training.md lacks: {row}");
    }
    let rows = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, OPTIONS.len() + NEWTON_OPTIONS.len());
}

#[test]
fn every_name_in_a_range_is_accepted() {
    for (option, known) in [
        ("optimizer", (|name| Optimizer::from_name(name).is_some()) as fn(&str) -> bool),
        ("schedule", |name| Schedule::from_name(name).is_some()),
    ] {
        let doc = OPTIONS.iter().find(|doc| doc.name == option).unwrap();
        let OptionRange::OneOf(names) = doc.range else { panic!("{option} is {}", doc.range) };
        for &name in names {
            assert!(known(name), "{option}: {name}");
            let pair = (option.to_owned(), OptionValue::Text(name.to_owned()));
            assert!(Options::from_pairs([pair]).is_ok());
        }
    }
}
