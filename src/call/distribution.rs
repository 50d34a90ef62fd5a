//! The functions of the distribution: a number or none, then `params`, to one number a row.

use super::params::ParamsForm;
use super::{ArgumentType, check_number, wrong_arity};
use crate::Result;
use crate::math::{self, Column, Params};

pub(crate) const LOSS: DistributionCall = of_number("ziln_loss", "label", math::loss);
pub(crate) const EXPECTED_LTV: DistributionCall =
    of_params("ziln_expected_ltv", math::expected_ltv);
pub(crate) const PAY_PROB: DistributionCall = of_params("ziln_pay_prob", math::pay_prob);
pub(crate) const PAY_AMOUNT: DistributionCall = of_params("ziln_pay_amount", math::pay_amount);
pub(crate) const VARIANCE: DistributionCall = of_params("ziln_variance", math::variance);
pub(crate) const CDF: DistributionCall = of_number("ziln_cdf", "x", math::cdf);
pub(crate) const QUANTILE: DistributionCall = of_number("ziln_quantile", "q", math::quantile);
pub(crate) const CAPPED_LTV: DistributionCall =
    of_number("ziln_capped_ltv", "cap", math::capped_ltv);
pub(crate) const CRPS: DistributionCall = of_number("ziln_crps", "label", math::crps);

/// A function of the distribution.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DistributionCall {
    /// The name in SQL.
    pub name: &'static str,
    formula: Formula,
}

/// What the core computes.
#[derive(Debug, Clone, Copy)]
enum Formula {
    OfParams(fn(&Params<'_>, &mut [f64])),
    OfNumber { name: &'static str, compute: fn(Column<'_>, &Params<'_>, &mut [f64]) },
}

const fn of_params(name: &'static str, compute: fn(&Params<'_>, &mut [f64])) -> DistributionCall {
    DistributionCall { name, formula: Formula::OfParams(compute) }
}

const fn of_number(
    name: &'static str,
    number: &'static str,
    compute: fn(Column<'_>, &Params<'_>, &mut [f64]),
) -> DistributionCall {
    DistributionCall { name, formula: Formula::OfNumber { name: number, compute } }
}

impl DistributionCall {
    /// How many numbers come before `params`.
    pub fn numbers(&self) -> usize {
        match self.formula {
            Formula::OfParams(_) => 0,
            Formula::OfNumber { .. } => 1,
        }
    }

    /// The number, if the function takes one, and the arguments that are params.
    pub fn split<'a, A>(&self, arguments: &'a [A]) -> Result<(Option<&'a A>, &'a [A])> {
        match arguments.split_at_checked(self.numbers()) {
            Some((number, params)) if matches!(params.len(), 1 | 3) => Ok((number.first(), params)),
            _ => Err(wrong_arity(&self.usage(), arguments.len())),
        }
    }

    /// The form of `params` in a call with arguments of these types.
    pub fn params_form<T: ArgumentType>(&self, types: &[&T]) -> Result<ParamsForm> {
        let (number, params) = self.split(types)?;
        if let (Some(number), Formula::OfNumber { name, .. }) = (number, self.formula) {
            check_number(name, *number)?;
        }
        ParamsForm::of_types(&self.usage(), params)
    }

    /// Calls the core.
    pub fn compute(&self, number: Option<Column<'_>>, params: &Params<'_>, out: &mut [f64]) {
        match self.formula {
            Formula::OfParams(compute) => compute(params, out),
            Formula::OfNumber { compute, .. } => {
                compute(number.unwrap_or(Column::Scalar(f64::NAN)), params, out);
            }
        }
    }

    fn usage(&self) -> String {
        let number = match self.formula {
            Formula::OfParams(_) => String::new(),
            Formula::OfNumber { name, .. } => format!("{name}, "),
        };
        let name = self.name;
        format!(
            "{name}({number}params) with params one struct or list, or {name}({number}logit, mu, raw_sigma)"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::test_type::TestType::{Number, Struct, Text};

    #[test]
    fn arguments_are_checked_in_their_order() {
        let refused = |types| LOSS.params_form(types).unwrap_err().to_string();
        let usage = "expected ziln_loss(label, params) with params one struct or list, or \
                     ziln_loss(label, logit, mu, raw_sigma), got";
        assert_eq!(refused(&[]), format!("{usage} 0 arguments"));
        assert_eq!(refused(&[&Number]), format!("{usage} 1 argument"));
        let message = refused(&[&Text, &Struct(vec![])]);
        assert_eq!(message, "argument `label`: expected a number, got Text");
        assert_eq!(LOSS.params_form(&[&Number; 4]), Ok(ParamsForm::Numbers));
        assert_eq!(VARIANCE.params_form(&[&Number; 3]), Ok(ParamsForm::Numbers));
        assert!(VARIANCE.params_form(&[&Number; 4]).is_err());
    }
}
