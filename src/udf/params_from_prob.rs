//! `ziln_params(pay_prob, mu, sigma)`.

use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature};
use datafusion_macros::user_doc;

use super::error::{refuse_plan, wrong_arity};
use super::number::Number;
use super::params::{params_result, params_type};
use super::signature::listing;
use super::types::refs;
use crate::call::params::from_prob::{self, NAME, USAGE};
use crate::math;

#[user_doc(
    doc_section(label = "Math Functions"),
    description = "Returns the params struct (logit, mu, sigma) of a distribution given by its parameters. A pay_prob outside [0, 1] or a negative sigma gives NaN; sigma is floored at sqrt(1e-7). NULL where any input is NULL.",
    syntax_example = "ziln_params(pay_prob, mu, sigma)",
    sql_example = r"```sql
> SELECT round(ziln_expected_ltv(ziln_params(0.25, 3, 1)), 4) AS ltv;
+--------+
| ltv    |
+--------+
| 8.2789 |
+--------+
```",
    argument(name = "pay_prob", description = "The probability to pay, between 0 and 1."),
    argument(name = "mu", description = "The mean of the logarithm of the amount."),
    argument(
        name = "sigma",
        description = "The standard deviation of the logarithm of the amount."
    ),
    related_udf(name = "ziln_from_logits")
)]
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ParamsFromProb {
    signature: Signature,
}

impl Default for ParamsFromProb {
    fn default() -> Self {
        Self { signature: listing(vec![vec![DataType::Float64; 3]]) }
    }
}

impl ScalarUDFImpl for ParamsFromProb {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        from_prob::check(&refs(arg_types)).map_err(|error| refuse_plan(NAME, &error))?;
        Ok(params_type())
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [pay_prob, mu, sigma] = args.args.as_slice() else {
            return Err(wrong_arity(NAME, USAGE, args.args.len()));
        };
        let numbers =
            [Number::of_value(pay_prob)?, Number::of_value(mu)?, Number::of_value(sigma)?];
        if numbers.iter().any(Number::is_null_scalar) {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from(params_type())?));
        }
        let is_scalar = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let nulls = NullBuffer::union_many(numbers.iter().map(Number::nulls));
        let rows = if is_scalar { 1 } else { args.number_rows };
        params_result(rows, nulls, is_scalar, |out| {
            let [pay_prob, mu, sigma] = numbers.each_ref().map(Number::column);
            math::params_from_prob(pay_prob, mu, sigma, out.logit, out.mu, out.sigma);
            Ok(())
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
