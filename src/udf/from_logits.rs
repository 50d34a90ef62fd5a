//! `ziln_from_logits(logit, mu, raw_sigma)`.

use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature};
use datafusion_macros::user_doc;

use super::error::refuse_plan;
use super::params::{ParamsArgument, params_result, params_type};
use super::signature::listing;
use super::types::refs;
use crate::call::params::ParamsForm;
use crate::call::params::from_logits::{NAME, USAGE};
use crate::math;

#[user_doc(
    doc_section(label = "Math Functions"),
    description = "Returns the params struct (logit, mu, sigma) of a network's three raw outputs: sigma = max(softplus(raw_sigma), sqrt(1e-7)). NULL where any input is NULL.",
    syntax_example = "ziln_from_logits(logit, mu, raw_sigma)",
    alternative_syntax = "ziln_from_logits(list)",
    sql_example = r"```sql
> SELECT round(ziln_from_logits(0.4, 0.5, 0.6)['sigma'], 6) AS sigma;
+----------+
| sigma    |
+----------+
| 1.037488 |
+----------+
```",
    argument(name = "logit", description = "The logit of the probability to pay."),
    argument(name = "mu", description = "The mean of the logarithm of the amount."),
    argument(
        name = "raw_sigma",
        description = "The standard deviation of the logarithm of the amount, before softplus."
    ),
    related_udf(name = "ziln_params")
)]
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct FromLogits {
    signature: Signature,
}

impl Default for FromLogits {
    fn default() -> Self {
        Self { signature: listing(vec![vec![DataType::Float64; 3]]) }
    }
}

impl ScalarUDFImpl for FromLogits {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let form = ParamsForm::of_types(USAGE, &refs(arg_types));
        form.map_err(|error| refuse_plan(NAME, &error))?;
        Ok(params_type())
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let params = ParamsArgument::try_new(NAME, USAGE, &args.args)?;
        if params.is_null_scalar() {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from(params_type())?));
        }
        let rows = if params.is_scalar() { 1 } else { args.number_rows };
        params_result(rows, params.nulls().cloned(), params.is_scalar(), |out| {
            math::params_from_logits(&params.params(), out.logit, out.mu, out.sigma);
            Ok(())
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
