//! `ziln_newton_step(label, features, model [, weight])`.

use super::culprit::several_models;
use super::features::FeaturesForm;
use super::{ArgumentType, NO_CODE, check_number, check_text, wrong_arity};
use crate::Result;
use crate::error::MODEL_TEXT;

/// The name in SQL.
pub(crate) const NAME: &str = "ziln_newton_step";

/// How it is called.
pub(crate) const USAGE: &str = "ziln_newton_step(label, features, model [, weight])";

/// Reads the types of a call; the label is the first argument, then come features and model. Returns the position of the
/// weight, if there is one; a NULL without a type is none.
///
/// # Errors
/// Where an argument is of another type, or there are more or less.
pub(crate) fn weight_of_types<T: ArgumentType>(types: &[&T]) -> Result<Option<usize>> {
    let [label, features, model, rest @ ..] = types else {
        return Err(wrong_arity(USAGE, types.len()));
    };
    check_number("label", *label)?;
    FeaturesForm::of_type(*features)?.check_columns()?;
    check_text("model", MODEL_TEXT, *model)?;
    match rest {
        [] => Ok(None),
        [weight] => {
            check_number("weight", *weight)?;
            Ok((!weight.form().is_null()).then_some(3))
        }
        _ => Err(wrong_arity(USAGE, types.len())),
    }
}

/// The code of the model of so many rows of a group, which must be the same in all; `codes` are those of the rows' texts
/// ([`NO_CODE`] is NULL), `text_of` is the text of a code. `None` if there is no row.
///
/// # Errors
/// Where they have several.
pub(crate) fn one_model<'a>(
    codes: impl Iterator<Item = u32> + Clone,
    text_of: impl Fn(u32) -> Option<&'a str>,
    rows: usize,
) -> Result<Option<u32>> {
    let Some(first) = codes.clone().next() else { return Ok(None) };
    let Some(other) = codes.clone().find(|&code| code != first) else { return Ok(Some(first)) };
    let text_of = |code| if code == NO_CODE { None } else { text_of(code) };
    Err(several_models("model", codes, [first, other].map(text_of), rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::test_type::TestType::{self, Null, Number, Text};

    #[test]
    fn the_model_comes_before_the_weight() {
        let weight = |rest: &[&TestType]| weight_of_types(&[&[&Number, &Number], rest].concat());
        assert_eq!(weight(&[&Text]), Ok(None));
        assert_eq!(weight(&[&Text, &Number]), Ok(Some(3)));
        assert_eq!(weight(&[&Null, &Null]), Ok(None));
        let refused = |rest: &[&TestType]| weight(rest).unwrap_err().to_string();
        assert!(refused(&[&Number]).starts_with("argument `model`: expected the text of a model"));
        assert!(refused(&[&Text, &Text]).starts_with("argument `weight`: expected a number"));
        assert!(refused(&[]).ends_with("model [, weight]), got 2 arguments"));
        assert!(refused(&[&Text, &Number, &Null]).ends_with("got 5 arguments"));
    }

    #[test]
    fn a_group_has_one_model() {
        let of = |codes: &[u32]| {
            let text_of = |code| ["a", "b"].get(code as usize).copied();
            one_model(codes.iter().copied(), text_of, codes.len())
        };
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&[1, 1]), Ok(Some(1)));
        let error = of(&[0, NO_CODE]).unwrap_err().to_string();
        let expected = "argument `model`: expected the same model in all rows of a group, got 2 in a group of 2 rows: \
                        'a' and NULL";
        assert_eq!(error, expected);
    }
}
