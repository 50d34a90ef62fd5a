//! What both engines say of the row, the text or the group that a call fails for.
//!
//! An engine does not tell a function the values that a query groups by, nor the number of a row in its table: rows are
//! counted in the batch that the function sees.

use std::collections::HashSet;

use crate::Error;
use crate::error::{MODEL_TEXT, quoted};
use crate::model::{Models, NO_SCORER, ScorerSet};

/// Characters before the one at which two texts begin to differ, where they are quoted from there.
const CONTEXT: usize = 10;

/// The most characters that two texts have in common and are quoted from their start all the same.
const SAME: usize = 24;

/// A row of a batch, by its index.
pub(crate) fn row_of_batch(row: usize) -> String {
    format!("row {} of the batch, counted from 1", row + 1)
}

/// Where a value is: in a row of a batch, unless it is a constant.
pub(crate) fn in_row(row: Option<usize>) -> String {
    row.map(|row| format!(" in {}", row_of_batch(row))).unwrap_or_default()
}

/// A text in a row that is no model; without a row it is a constant.
pub(crate) fn no_model(argument: &str, text: &str, row: Option<usize>, why: &Error) -> Error {
    no_model_at(argument, text, &in_row(row), why)
}

/// A text that is no model, in a group of so many rows.
pub(crate) fn no_model_of_group(argument: &str, text: &str, rows: usize, why: &Error) -> Error {
    no_model_at(argument, text, &format!(" in a group of {}", rows_of(rows)), why)
}

fn no_model_at(argument: &str, text: &str, at: &str, why: &Error) -> Error {
    let why = match why {
        Error::Model { problem } => problem.clone(),
        other => other.to_string(),
    };
    Error::Argument {
        argument: argument.to_owned(),
        expected: MODEL_TEXT.to_owned(),
        got: format!("'{}'{at} ({why})", quoted(text)),
    }
}

/// The error of a group of so many rows that has a model to continue from as an argument: the core knows it as an
/// option.
pub(crate) fn of_init(error: Error, rows: usize) -> Error {
    match error {
        Error::Option { option, expected, got } if option == "init" => {
            let got = format!("{got}, in a group of {}", rows_of(rows));
            Error::Argument { argument: option, expected, got }
        }
        other => other,
    }
}

/// A group of so many rows with several models in the argument `argument`, two of which are these.
pub(crate) fn several_models(
    argument: &str,
    codes: impl Iterator<Item = u32>,
    [first, second]: [Option<&str>; 2],
    rows: usize,
) -> Error {
    let models = codes.collect::<HashSet<u32>>().len();
    let (first, second) = quoted_apart(first, second);
    let such_as = if models > 2 { ", such as" } else { ":" };
    Error::Argument {
        argument: argument.to_owned(),
        expected: "the same model in all rows of a group".to_owned(),
        got: format!("{models} in a group of {}{such_as} {first} and {second}", rows_of(rows)),
    }
}

fn rows_of(rows: usize) -> String {
    format!("{rows} row{}", if rows == 1 { "" } else { "s" })
}

/// Two texts that differ, quoted so that it shows: models begin alike.
fn quoted_apart(first: Option<&str>, second: Option<&str>) -> (String, String) {
    let mut start = 0;
    if let (Some(first), Some(second)) = (first, second) {
        let same = first.chars().zip(second.chars()).take_while(|(a, b)| a == b).count();
        start = if same > SAME { same - CONTEXT } else { 0 };
    }
    let quoted = |text: Option<&str>| {
        let Some(text) = text else { return "NULL".to_owned() };
        let from = text.char_indices().nth(start).map_or(text.len(), |(from, _)| from);
        let dots = if start > 0 { "..." } else { "" };
        format!("'{dots}{}'", quoted(&text[from..]))
    };
    (quoted(first), quoted(second))
}

/// The error of a call in which a model failed, with the first row whose model fails alone. One model of all rows needs no
/// row.
pub(crate) fn of_model_in_row(
    error: Error,
    models: &mut Models<'_>,
    mut attempt: impl FnMut(&mut ScorerSet, u32) -> crate::Result<()>,
) -> Error {
    let Models::Each(set, scorer_of_row) = models else { return error };
    let mut tried = HashSet::from([NO_SCORER]);
    let new = scorer_of_row.iter().enumerate().filter(|&(_, index)| tried.insert(*index));
    let mut failures = new.filter_map(|(row, &index)| Some((row, attempt(set, index).err()?)));
    match failures.next() {
        Some((row, Error::Feature { problem })) => Error::Feature {
            problem: format!("{problem}; the model is that of {}", row_of_batch(row)),
        },
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted_with_its_row() {
        let why = Error::Model { problem: "not JSON".to_owned() };
        let long = "x".repeat(50);
        assert_eq!(
            no_model("model", &long, Some(6), &why).to_string(),
            format!(
                "argument `model`: expected the text of a model made by one of the ziln_fit functions, got '{}...' in row 7 of the \
                 batch, counted from 1 (not JSON)",
                "x".repeat(40)
            )
        );
        let message = no_model("model", "a\0", None, &why).to_string();
        assert!(message.ends_with(r"got 'a\u{0}' (not JSON)"), "{message}");
        let message = no_model_of_group("init", "", 1, &why).to_string();
        assert!(message.ends_with("got '' in a group of 1 row (not JSON)"), "{message}");
    }

    #[test]
    fn texts_that_begin_alike_are_quoted_where_they_differ() {
        let text = |end: &str| format!("{}{end}", "0123456789".repeat(5));
        let apart = |first: Option<&str>, second: Option<&str>| {
            let (first, second) = quoted_apart(first, second);
            format!("{first} {second}")
        };
        assert_eq!(apart(Some(&text("a")), Some(&text("b"))), "'...0123456789a' '...0123456789b'");
        assert_eq!(apart(Some(&text("")), Some(&text("b"))), "'...0123456789' '...0123456789b'");
        assert_eq!(apart(Some("ab"), Some("ac")), "'ab' 'ac'");
        assert_eq!(apart(None, Some("ac")), "NULL 'ac'");
    }

    #[test]
    fn a_model_is_named_by_its_row() {
        let problem = |problem: &str| Error::Feature { problem: problem.to_owned() };
        let attempt =
            |_: &mut ScorerSet, index| if index == 2 { Err(problem("no `x`")) } else { Ok(()) };
        let set = &mut ScorerSet::default();
        let mut of = |indices: &[u32]| {
            of_model_in_row(problem("as it was"), &mut Models::Each(set, indices), attempt)
                .to_string()
        };
        let expected =
            "argument `features`: no `x`; the model is that of row 4 of the batch, counted from 1";
        assert_eq!(of(&[NO_SCORER, 1, 1, 2, 2]), expected);
        assert_eq!(of(&[1, NO_SCORER]), "argument `features`: as it was");
    }
}
