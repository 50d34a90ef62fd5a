//! The argument `init`: a model to continue from, the same in all rows of a group.

use std::sync::Arc;

use super::culprit::{no_model_of_group, several_models};
use super::fit::FitOptions;
use super::wrong_argument;
use crate::Result;
use crate::model::Model;

/// Refuses a model both as an option and as an argument.
pub(crate) fn check_once<O: FitOptions>(options: &O) -> Result<()> {
    if options.continues() {
        let expected = "a model to continue from either as an option or as an argument";
        return Err(wrong_argument("init", expected, "both"));
    }
    Ok(())
}

/// The options with the model of a group of so many rows. `codes` are those of the rows' texts, `text_of` is the text
/// of a code (`None` is NULL: the group starts anew), `read` gives the model of a text.
///
/// # Errors
/// Where the rows have several texts, or theirs is no model.
pub(crate) fn options_of_group<'a, O: FitOptions>(
    options: &O,
    codes: impl Iterator<Item = u32> + Clone,
    text_of: impl Fn(u32) -> Option<&'a str>,
    read: impl FnOnce(u32, &'a str) -> Result<Arc<Model>>,
    rows: usize,
) -> Result<O> {
    let Some(first) = codes.clone().next() else { return Ok(options.clone()) };
    if let Some(other) = codes.clone().find(|&code| code != first) {
        return Err(several_models("init", codes, [first, other].map(text_of), rows));
    }
    let Some(text) = text_of(first) else { return Ok(options.clone()) };
    match read(first, text) {
        Ok(model) => Ok(options.continued(model)),
        Err(error) => Err(no_model_of_group("init", text, rows, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::Options;

    fn options_of(codes: &[u32]) -> Result<Options> {
        let text_of = |code| ["a", "b"].get(code as usize).copied();
        let read = |_, text: &str| Model::from_json(text).map(Arc::new);
        options_of_group(&Options::default(), codes.iter().copied(), text_of, read, codes.len())
    }

    #[test]
    fn a_group_has_one_model_or_none() {
        assert!(!options_of(&[]).unwrap().has_init());
        assert!(!options_of(&[9, 9]).unwrap().has_init());
        let error = options_of(&[0, 0, 1]).unwrap_err().to_string();
        assert!(error.ends_with("got 2 in a group of 3 rows: 'a' and 'b'"), "{error}");
        let error = options_of(&[0]).unwrap_err().to_string();
        assert!(error.contains("got 'a' in a group of 1 row (expected"), "{error}");
    }
}
