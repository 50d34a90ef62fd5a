//! `ziln_fit_sgd(label, features [, weight] [, options] [, init])`: which argument is which.

use super::features::FeaturesForm;
use super::{
    ArgumentType, TypeForm, check_number, check_text, options, wrong_argument, wrong_arity,
};
use crate::Result;
use crate::error::MODEL_TEXT;

/// The name in SQL.
pub(crate) const NAME: &str = "ziln_fit_sgd";

/// How it is called.
pub(crate) const USAGE: &str = "ziln_fit_sgd(label, features [, weight] [, options]) or ziln_fit_sgd(label, features, weight, options, init)";

/// Which argument of a call is which; the label is the first, the features are the second.
#[derive(Debug)]
pub(crate) struct FitArguments<'a, T> {
    /// The features that the type of the argument names.
    pub features: FeaturesForm<'a, T>,
    /// The weight.
    pub weight: Option<usize>,
    /// The options.
    pub options: Option<usize>,
    /// The model to continue from.
    pub init: Option<usize>,
}

impl<'a, T: ArgumentType> FitArguments<'a, T> {
    /// Reads the types of a call. A NULL without a type is an argument left out.
    pub fn of_types(types: &[&'a T]) -> Result<Self> {
        let (label, features, rest) = match types {
            [label, features, rest @ ..] if rest.len() <= 3 => (*label, *features, rest),
            _ => return Err(wrong_arity(USAGE, types.len())),
        };
        check_number("label", label)?;
        let features = FeaturesForm::of_type(features)?;
        features.check_columns()?;
        let given = |given: &T, position| (!given.form().is_null()).then_some(position);
        let (weight, options) = match rest {
            [] => (None, None),
            [third] if matches!(third.form(), TypeForm::Struct(_)) => (None, Some(2)),
            [third] => {
                check_third(*third)?;
                (given(third, 2), None)
            }
            [weight, options, ..] => {
                check_number("weight", *weight)?;
                options::check(*options)?;
                (given(weight, 2), given(options, 3))
            }
        };
        let init = match rest {
            [_, _, init] => {
                check_text("init", MODEL_TEXT, *init)?;
                given(init, 4)
            }
            _ => None,
        };
        Ok(Self { features, weight, options, init })
    }
}

fn check_third<T: ArgumentType>(third: &T) -> Result<()> {
    check_number("weight", third).map_err(|_| {
        let expected = "a number (weight) or a struct such as {epochs: 30} (options)";
        wrong_argument("weight or options", expected, third.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::test_type::TestType::{self, Date, Null, Number, Struct, Text};

    fn positions(rest: &[&TestType]) -> [Option<usize>; 3] {
        let types = [&[&Number, &Number], rest].concat();
        let arguments = FitArguments::of_types(&types).unwrap();
        [arguments.weight, arguments.options, arguments.init]
    }

    fn refused(rest: &[&TestType]) -> String {
        let types = [&[&Number, &Number], rest].concat();
        FitArguments::of_types(&types).unwrap_err().to_string()
    }

    #[test]
    fn the_third_is_a_weight_or_options() {
        let options = &Struct(vec![("epochs", Number)]);
        assert_eq!(positions(&[]), [None; 3]);
        assert_eq!(positions(&[&Null]), [None; 3]);
        assert_eq!(positions(&[&Number]), [Some(2), None, None]);
        assert_eq!(positions(&[options]), [None, Some(2), None]);
        assert_eq!(positions(&[&Number, options]), [Some(2), Some(3), None]);
        assert_eq!(positions(&[&Null, &Null, &Text]), [None, None, Some(4)]);
        assert_eq!(positions(&[&Number, options, &Null]), [Some(2), Some(3), None]);
    }

    #[test]
    fn what_is_neither_is_refused() {
        assert!(refused(&[&Text]).starts_with("argument `weight or options`: expected a number"));
        assert!(refused(&[&Text, &Null]).starts_with("argument `weight`: expected a number"));
        assert!(refused(&[&Number, &Number]).starts_with("argument `options`: expected a const"));
        assert!(refused(&[&Null, &Null, &Date]).starts_with("argument `init`: expected the text"));
        assert!(refused(&[&Null; 4]).ends_with("init), got 6 arguments"));
    }
}
