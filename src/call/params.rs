//! The argument `params` in its three forms, and the functions that make a params struct.

use std::ops::Range;

use super::{ArgumentType, TypeForm, check_names, check_number, wrong_argument, wrong_arity};
use crate::Result;
use crate::call::culprit::in_row;
use crate::error::quoted;
use crate::math::{Column, Params, Spread};

/// How many numbers the params of one row are.
pub(crate) const WIDTH: usize = 3;

/// The names of the raw outputs, as three arguments or in a list.
const RAW_NAMES: [&str; WIDTH] = ["logit", "mu", "raw_sigma"];

/// The fields of a params struct, all of them doubles.
pub(crate) const FIELD_NAMES: [&str; WIDTH] = ["logit", "mu", "sigma"];

/// What the argument `params` may be.
const EXPECTED: &str = "a struct with fields logit, mu and sigma, a list of 3 numbers (logit, mu, raw_sigma), \
                        or three numbers logit, mu, raw_sigma";

/// What a list must be.
const EXPECTED_LIST: &str = "a list of 3 numbers (logit, mu, raw_sigma)";

/// `ziln_params`, which takes three numbers.
pub(crate) mod from_prob {
    use crate::call::{ArgumentType, check_number, wrong_arity};

    pub(crate) const NAME: &str = "ziln_params";
    pub(crate) const USAGE: &str = "ziln_params(pay_prob, mu, sigma)";

    /// Refuses arguments that are not three numbers.
    pub(crate) fn check<T: ArgumentType>(types: &[&T]) -> crate::Result<()> {
        let [pay_prob, mu, sigma] = types else { return Err(wrong_arity(USAGE, types.len())) };
        check_number("pay_prob", *pay_prob)?;
        check_number("mu", *mu)?;
        check_number("sigma", *sigma)
    }
}

/// `ziln_from_logits`, which takes params.
pub(crate) mod from_logits {
    pub(crate) const NAME: &str = "ziln_from_logits";
    pub(crate) const USAGE: &str =
        "ziln_from_logits(logit, mu, raw_sigma), or one list of these three";
}

/// How the argument `params` came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParamsForm {
    /// As a NULL without a type.
    Null,
    /// As three numbers before softplus.
    Numbers,
    /// As a struct, in which these are the positions of the fields [`FIELD_NAMES`].
    Struct([usize; WIDTH]),
    /// As lists of three numbers before softplus.
    Lists,
}

impl ParamsForm {
    /// The form of the arguments that are left after a function's own.
    pub fn of_types<T: ArgumentType>(usage: &str, types: &[&T]) -> Result<Self> {
        match types {
            [one] => Self::of_type(*one),
            [_, _, _] => {
                let mut pairs = RAW_NAMES.iter().zip(types);
                pairs.try_for_each(|(name, given)| check_number(name, *given))?;
                Ok(Self::Numbers)
            }
            _ => Err(wrong_arity(usage, types.len())),
        }
    }

    fn of_type<T: ArgumentType>(one: &T) -> Result<Self> {
        let wrong = |got: String| wrong_argument("params", EXPECTED, got);
        match one.form() {
            TypeForm::Null => Ok(Self::Null),
            TypeForm::Struct(fields) => {
                check_names("params", &fields)?;
                let mut positions = [0; WIDTH];
                for (position, name) in positions.iter_mut().zip(FIELD_NAMES) {
                    let mut found =
                        fields.iter().enumerate().filter(|(_, (field, _))| *field == name);
                    let (index, (_, field)) = found.next().ok_or_else(|| wrong(shown(&fields)))?;
                    check_number(&format!("params.{name}"), *field)?;
                    *position = index;
                }
                Ok(Self::Struct(positions))
            }
            TypeForm::Array(_, width) if width != WIDTH => Err(wrong_length(width, None)),
            TypeForm::List(item) | TypeForm::Array(item, _) if item.form().is_number() => {
                Ok(Self::Lists)
            }
            _ => Err(wrong(one.to_string())),
        }
    }

    /// The params in these columns, which are in the order of the names.
    pub fn params(self, [logit, mu, spread]: [Column<'_>; WIDTH]) -> Params<'_> {
        let spread = match self {
            Self::Struct(_) => Spread::Sigma(spread),
            Self::Null | Self::Numbers | Self::Lists => Spread::RawSigma(spread),
        };
        Params { logit, mu, spread }
    }
}

/// Refuses lists of another length than that of params, in a row unless there is but one, a constant. `None` is a
/// NULL.
pub(crate) fn check_lengths(
    lengths: impl IntoIterator<Item = Option<usize>>,
    is_constant: bool,
) -> Result<()> {
    let mut lengths = lengths.into_iter().enumerate();
    match lengths.find_map(|(row, length)| Some((row, length.filter(|&n| n != WIDTH)?))) {
        None => Ok(()),
        Some((row, length)) => Err(wrong_length(length, (!is_constant).then_some(row))),
    }
}

/// The numbers of lists one behind the other, [`WIDTH`] a row, also of a NULL that has none.
pub(crate) fn spread(numbers: &[f64], lists: impl Iterator<Item = Range<usize>>) -> Vec<f64> {
    let mut spread = Vec::new();
    for list in lists {
        match numbers.get(list) {
            Some(list) if list.len() == WIDTH => spread.extend_from_slice(list),
            _ => spread.extend([f64::NAN; WIDTH]),
        }
    }
    spread
}

fn wrong_length(length: usize, row: Option<usize>) -> crate::Error {
    wrong_argument("params", EXPECTED_LIST, format!("a list of length {length}{}", in_row(row)))
}

fn shown<T>(fields: &[(&str, &T)]) -> String {
    let names: Vec<String> = fields.iter().map(|(name, _)| quoted(name)).collect();
    format!("a struct with fields {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::test_type::TestType::{self, Array, Date, List, Null, Number, Struct, Text};

    fn form(types: &[&TestType]) -> Result<ParamsForm> {
        ParamsForm::of_types("f(params)", types)
    }

    fn refused(types: &[&TestType]) -> String {
        form(types).unwrap_err().to_string()
    }

    #[test]
    fn the_three_forms() {
        assert_eq!(form(&[&Null]), Ok(ParamsForm::Null));
        assert_eq!(form(&[&Number, &Null, &Number]), Ok(ParamsForm::Numbers));
        let fields = vec![("sigma", Number), ("x", Text), ("mu", Number), ("logit", Number)];
        assert_eq!(form(&[&Struct(fields)]), Ok(ParamsForm::Struct([3, 2, 0])));
        assert_eq!(form(&[&List(Box::new(Null))]), Ok(ParamsForm::Lists));
        assert_eq!(form(&[&Array(Box::new(Number), 3)]), Ok(ParamsForm::Lists));
    }

    #[test]
    fn what_is_none_of_them() {
        assert_eq!(refused(&[&Number, &Number]), "expected f(params), got 2 arguments");
        let message = refused(&[&Number, &Number, &Date]);
        assert_eq!(message, "argument `raw_sigma`: expected a number, got Date");
        let message = refused(&[&Struct(vec![("logit", Number), ("mu", Number)])]);
        assert!(message.ends_with("raw_sigma, got a struct with fields logit, mu"), "{message}");
        let message = refused(&[&Struct(vec![("logit", Text)])]);
        assert_eq!(message, "argument `params.logit`: expected a number, got Text");
        let twice =
            [("logit", Number), ("mu", Number), ("sigma", Number), ("logit", Number)].into();
        let message = refused(&[&Struct(twice)]);
        let expected = "expected fields of different names, got two fields `logit`";
        assert_eq!(message, format!("argument `params`: {expected}"));
        let message = refused(&[&Array(Box::new(Text), 2)]);
        assert!(message.ends_with("raw_sigma), got a list of length 2"), "{message}");
        assert!(refused(&[&List(Box::new(Text))]).contains("got List(Text)"));
    }

    #[test]
    fn lists_have_three_numbers_unless_they_are_null() {
        assert!(check_lengths([Some(3), None], false).is_ok());
        let error = check_lengths([Some(3), None, Some(2)], false).unwrap_err().to_string();
        assert!(error.ends_with("got a list of length 2 in row 3 of the batch, counted from 1"));
        let error = check_lengths([Some(0)], true).unwrap_err().to_string();
        assert!(error.ends_with("got a list of length 0"), "{error}");
        let spread = spread(&[1.0, 2.0, 3.0, 4.0], [0..3, 3..3, 1..4].into_iter());
        assert_eq!(spread[..3], [1.0, 2.0, 3.0]);
        assert!(spread[3..6].iter().all(|number| number.is_nan()));
        assert_eq!(spread[6..], [2.0, 3.0, 4.0]);
    }
}
