//! Which argument of a call is which.

use super::Solver;
use crate::Result;
use crate::call::campaign::check_campaign;
use crate::call::features::FeaturesForm;
use crate::call::{
    ArgumentType, TypeForm, check_number, check_text, options, wrong_argument, wrong_arity,
};
use crate::error::MODEL_TEXT;

/// Which argument of a call is which; the label is the first, the features are the second.
#[derive(Debug)]
pub(crate) struct FitArguments<'a, T> {
    /// The features that the type of the argument names.
    pub features: FeaturesForm<'a, T>,
    /// The campaign.
    pub campaign: Option<usize>,
    /// The weight.
    pub weight: Option<usize>,
    /// The options.
    pub options: Option<usize>,
    /// The model to continue from.
    pub init: Option<usize>,
}

impl<'a, T: ArgumentType> FitArguments<'a, T> {
    /// Reads the types of a call. A NULL without a type is an argument left out.
    pub fn of_types<S: Solver>(types: &[&'a T]) -> Result<Self> {
        let before = 2 + usize::from(S::HAS_CAMPAIGN);
        let most = before + 2 + usize::from(S::HAS_INIT);
        let (label, features, rest) = match types {
            [label, features, ..] if (before..=most).contains(&types.len()) => {
                (*label, *features, &types[before..])
            }
            _ => return Err(wrong_arity(S::USAGE, types.len())),
        };
        check_number("label", label)?;
        let features = FeaturesForm::of_type(features)?;
        features.check_columns()?;
        let given = |given: &T, position| (!given.form().is_null()).then_some(position);
        let (weight, options) = match rest {
            [] => (None, None),
            [one] if matches!(one.form(), TypeForm::Struct(_)) => (None, Some(before)),
            [one] => {
                check_weight_or_options::<S, T>(*one)?;
                (given(one, before), None)
            }
            [weight, options, ..] => {
                check_number("weight", *weight)?;
                options::check(*options, S::EXAMPLE)?;
                (given(weight, before), given(options, before + 1))
            }
        };
        let init = match rest {
            [_, _, init] => {
                check_text("init", MODEL_TEXT, *init)?;
                given(init, before + 2)
            }
            _ => None,
        };
        let campaign = S::HAS_CAMPAIGN.then_some(2);
        campaign.map_or(Ok(()), |position| check_campaign(types[position]))?;
        Ok(Self { features, campaign, weight, options, init })
    }
}

fn check_weight_or_options<S: Solver, T: ArgumentType>(given: &T) -> Result<()> {
    check_number("weight", given).map_err(|_| {
        let expected = format!("a number (weight) or a struct such as {} (options)", S::EXAMPLE);
        wrong_argument("weight or options", expected, given.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::fit::{FitPrior, FitSgd};
    use crate::call::test_type::TestType::{self, Date, Null, Number, Struct, Text};

    fn positions(rest: &[&TestType]) -> [Option<usize>; 3] {
        let types = [&[&Number, &Number], rest].concat();
        let arguments = FitArguments::of_types::<FitSgd>(&types).unwrap();
        [arguments.weight, arguments.options, arguments.init]
    }

    fn refused(rest: &[&TestType]) -> String {
        let types = [&[&Number, &Number], rest].concat();
        FitArguments::of_types::<FitSgd>(&types).unwrap_err().to_string()
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

    #[test]
    fn the_campaign_comes_before_what_may_be_left_out() {
        let options = &Struct(vec![("l2", Number)]);
        let positions = |rest: &[&TestType]| {
            let types = [&[&Number, &Number], rest].concat();
            let arguments = FitArguments::of_types::<FitPrior>(&types).unwrap();
            [arguments.campaign, arguments.weight, arguments.options, arguments.init]
        };
        assert_eq!(positions(&[&Date]), [Some(2), None, None, None]);
        assert_eq!(positions(&[&Null, &Null]), [Some(2), None, None, None]);
        assert_eq!(positions(&[&Text, &Number]), [Some(2), Some(3), None, None]);
        assert_eq!(positions(&[options, options]), [Some(2), None, Some(3), None]);
        assert_eq!(positions(&[&Text, &Null, options]), [Some(2), None, Some(4), None]);
        for count in [2, 6] {
            let types = vec![&Number; count];
            let error = FitArguments::of_types::<FitPrior>(&types).unwrap_err().to_string();
            assert!(error.ends_with(&format!("[, options]), got {count} arguments")), "{error}");
        }
    }
}
