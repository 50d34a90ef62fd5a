//! The metrics: aggregates of a label, what is predicted, and what may follow.

use std::ops::Range;

use super::params::{ParamsForm, WIDTH};
use super::{ArgumentType, TypeForm, check_number, options, wrong_arity};
use crate::Result;

pub(crate) const EVALUATE: MetricCall = MetricCall {
    name: "ziln_evaluate",
    usage: "ziln_evaluate(label, params [, weight] [, options]) with params one struct or list, or \
            ziln_evaluate(label, logit, mu, raw_sigma [, weight] [, options])",
    predicted: PredictedKind::Params,
    trailing: Trailing::WeightAndOptions,
};

/// Options of [`EVALUATE`] as an example of a message.
pub(crate) const EVALUATE_EXAMPLE: &str = "{max_rows: 1000000}";

pub(crate) const GINI: MetricCall = MetricCall {
    name: "ziln_gini",
    usage: "ziln_gini(label, prediction [, weight])",
    predicted: PredictedKind::Amount,
    trailing: Trailing::Weight,
};
pub(crate) const SPEARMAN: MetricCall = MetricCall {
    name: "ziln_spearman",
    usage: "ziln_spearman(label, prediction)",
    predicted: PredictedKind::Amount,
    trailing: Trailing::Nothing,
};
pub(crate) const DECILE_STATS: MetricCall = MetricCall {
    name: "ziln_decile_stats",
    usage: "ziln_decile_stats(label, prediction [, buckets])",
    predicted: PredictedKind::Amount,
    trailing: Trailing::Buckets,
};

/// What a metric compares labels with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PredictedKind {
    /// A predicted amount.
    Amount,
    /// The predicted distribution.
    Params,
}

/// What may follow the label and what is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trailing {
    /// Nothing.
    Nothing,
    /// How often a row counts.
    Weight,
    /// How often a row counts, and a struct of options, a constant.
    WeightAndOptions,
    /// How many buckets there are: a constant.
    Buckets,
}

/// A metric.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MetricCall {
    /// The name in SQL.
    pub name: &'static str,
    /// How it is called.
    pub usage: &'static str,
    /// What it compares labels with.
    pub predicted: PredictedKind,
    /// What may follow.
    pub trailing: Trailing,
}

/// Which argument of a call is which; the label is the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MetricArguments {
    /// Those that say what is predicted.
    pub predicted: Range<usize>,
    /// The weight.
    pub weight: Option<usize>,
    /// The number of buckets.
    pub buckets: Option<usize>,
    /// The options.
    pub options: Option<usize>,
}

impl MetricCall {
    /// The metric whose options are no argument: a struct in the last place is a weight of a wrong type.
    pub const fn without_options(self) -> Self {
        match self.trailing {
            Trailing::WeightAndOptions => Self { trailing: Trailing::Weight, ..self },
            _ => self,
        }
    }

    /// Reads the types of a call. A NULL without a type is a weight, or options, left out.
    pub fn arguments<T: ArgumentType>(&self, types: &[&T]) -> Result<MetricArguments> {
        let wrong = || wrong_arity(self.usage, types.len());
        let (given, mut options) = self.split_options(types);
        let predicted_count = match (self.predicted, given) {
            (PredictedKind::Params, [_, first, ..]) if given.len() > WIDTH && !is_whole(*first) => {
                WIDTH
            }
            _ => 1,
        };
        let [label, rest @ ..] = given else { return Err(wrong()) };
        let (predicted, trailing) = rest.split_at_checked(predicted_count).ok_or_else(wrong)?;
        check_number("label", *label)?;
        match (self.predicted, predicted) {
            (PredictedKind::Amount, [amount, ..]) => check_number("prediction", *amount)?,
            _ => _ = ParamsForm::of_types(self.usage, predicted)?,
        }
        let predicted = 1..1 + predicted_count;
        let (mut weight, mut buckets) = (None, None);
        match (self.trailing, trailing) {
            (_, []) => {}
            (Trailing::Weight | Trailing::WeightAndOptions, [given]) => {
                check_number("weight", *given)?;
                weight = (!given.form().is_null()).then_some(predicted.end);
            }
            (Trailing::WeightAndOptions, [given, none]) if options.is_none() => {
                check_number("weight", *given)?;
                options::check(*none, EVALUATE_EXAMPLE)?;
                weight = (!given.form().is_null()).then_some(predicted.end);
                options = (!none.form().is_null()).then_some(predicted.end + 1);
            }
            (Trailing::Buckets, [_]) => buckets = Some(predicted.end),
            _ => return Err(wrong()),
        }
        Ok(MetricArguments { predicted, weight, buckets, options })
    }

    /// The types before the options, and where these are: a struct in the last place, behind label and params.
    fn split_options<'a, 'b, T: ArgumentType>(
        &self,
        types: &'a [&'b T],
    ) -> (&'a [&'b T], Option<usize>) {
        match types {
            [others @ .., last]
                if self.trailing == Trailing::WeightAndOptions
                    && others.len() >= 2
                    && matches!(last.form(), TypeForm::Struct(_)) =>
            {
                (others, Some(others.len()))
            }
            all => (all, None),
        }
    }
}

/// Whether a type is that of params in one argument.
fn is_whole<T: ArgumentType>(given: &T) -> bool {
    matches!(given.form(), TypeForm::Struct(_) | TypeForm::List(_) | TypeForm::Array(..))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::test_type::TestType::{Null, Number, Struct, Text};

    #[test]
    fn what_follows_is_told_by_the_number_of_arguments() {
        let at = |function: MetricCall, types: &[&_]| {
            let arguments = function.arguments(types).unwrap();
            (arguments.predicted, arguments.weight, arguments.buckets)
        };
        let params = Struct(vec![("logit", Number), ("mu", Number), ("sigma", Number)]);
        assert_eq!(at(EVALUATE, &[&Number, &params]), (1..2, None, None));
        assert_eq!(at(EVALUATE, &[&Number, &params, &Number]), (1..2, Some(2), None));
        assert_eq!(at(EVALUATE, &[&Number; 4]), (1..4, None, None));
        assert_eq!(at(EVALUATE, &[&Number; 5]), (1..4, Some(4), None));
        assert_eq!(at(GINI, &[&Number, &Number, &Null]), (1..2, None, None));
        assert_eq!(at(DECILE_STATS, &[&Number, &Number, &Text]), (1..2, None, Some(2)));
    }

    #[test]
    fn a_struct_behind_the_params_is_the_options() {
        let params = &Struct(vec![("logit", Number), ("mu", Number), ("sigma", Number)]);
        let options = &Struct(vec![("max_rows", Number)]);
        let at = |types: &[&_]| {
            let arguments = EVALUATE.arguments(types).unwrap();
            (arguments.predicted, arguments.weight, arguments.options)
        };
        let (n, null) = (&Number, &Null);
        assert_eq!(at(&[n, params, options]), (1..2, None, Some(2)));
        assert_eq!(at(&[n, params, n, options]), (1..2, Some(2), Some(3)));
        assert_eq!(at(&[n, params, null, options]), (1..2, None, Some(3)));
        assert_eq!(at(&[n, params, n, null]), (1..2, Some(2), None));
        assert_eq!(at(&[n, params, null, null]), (1..2, None, None));
        assert_eq!(at(&[n, n, n, n, options]), (1..4, None, Some(4)));
        assert_eq!(at(&[n, n, n, n, n, options]), (1..4, Some(4), Some(5)));
        assert_eq!(at(&[n, n, n, n, null, null]), (1..4, None, None));
        let refused = |types: &[&_]| EVALUATE.arguments(types).unwrap_err().to_string();
        let error = refused(&[n, params, n, n]);
        assert!(error.starts_with("argument `options`: expected a constant struct"), "{error}");
        let error = refused(&[n, params, &Text, options]);
        assert!(error.starts_with("argument `weight`: expected a number"), "{error}");
        for types in [&[n, params, n, n, options][..], &[n, n, n, n, n, n, options]] {
            let error = refused(types);
            let count = types.len();
            assert!(error.starts_with("expected ziln_evaluate(label, params"), "{error}");
            assert!(error.ends_with(&format!("got {count} arguments")), "{error}");
        }
        for (function, types) in [
            (GINI, &[n, n, options][..]),
            (EVALUATE.without_options(), &[n, params, options]),
            (EVALUATE.without_options(), &[n, n, n, n, options]),
        ] {
            let error = function.arguments(types).unwrap_err().to_string();
            assert!(error.starts_with("argument `weight`: expected a number"), "{error}");
        }
    }

    #[test]
    fn too_many_or_too_few_are_refused() {
        for (function, count) in [(SPEARMAN, 3), (GINI, 4), (GINI, 1), (EVALUATE, 7), (EVALUATE, 0)]
        {
            let message = function.arguments(&vec![&Number; count]).unwrap_err().to_string();
            assert!(message.starts_with(&format!("expected {}, got {count} arg", function.usage)));
        }
    }
}
