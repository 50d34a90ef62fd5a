//! The functions of the distribution: some numbers, then `params`, to one number a row.

use std::any::type_name;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::{ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature};

use super::error::refuse_plan;
use super::number::Number;
use super::params::{ParamsArgument, params_type};
use super::signature::listing;
use super::types::{refs, types_of};
use crate::call::distribution::DistributionCall;
use crate::call::params::ParamsForm;

/// A function of the distribution: what is DataFusion's of it.
pub(super) trait ParamsFunction:
    Debug + Default + PartialEq + Eq + Hash + Send + Sync + 'static
{
    /// Its name, its arguments and the core's function.
    const CALL: DistributionCall;

    /// What `SHOW FUNCTIONS` says.
    fn documentation(&self) -> Option<&Documentation>;
}

/// A [`ParamsFunction`] as a scalar function of DataFusion.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ParamsUdf<F> {
    function: F,
    signature: Signature,
}

impl<F: ParamsFunction> Default for ParamsUdf<F> {
    fn default() -> Self {
        Self { function: F::default(), signature: signature::<F>() }
    }
}

impl<F: ParamsFunction> ScalarUDFImpl for ParamsUdf<F> {
    fn name(&self) -> &str {
        F::CALL.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Checks the types. None is coerced: the kernels read every numeric type themselves.
    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        params_form::<F>(arg_types).map(|_| DataType::Float64)
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let form = params_form::<F>(&types_of(&args.args))?;
        let split = F::CALL.split(&args.args);
        let (number, params) = split.map_err(|error| refuse_plan(F::CALL.name, &error))?;
        let params = ParamsArgument::of_form(F::CALL.name, form, params)?;
        let is_scalar =
            params.is_scalar() && number.is_none_or(|n| matches!(n, ColumnarValue::Scalar(_)));
        let number = number.map(Number::of_value).transpose()?;
        if params.is_null_scalar() || number.as_ref().is_some_and(Number::is_null_scalar) {
            return Ok(ColumnarValue::Scalar(ScalarValue::Float64(None)));
        }
        let rows = if is_scalar { 1 } else { args.number_rows };
        let out = compute::<F>(number.as_ref(), &params, rows)?;
        if is_scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&out, 0)?));
        }
        Ok(ColumnarValue::Array(out))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.function.documentation()
    }
}

/// Numbers first, then params as one struct or as three numbers.
fn signature<F: ParamsFunction>() -> Signature {
    let numbers = vec![DataType::Float64; F::CALL.numbers()];
    let with = |params: &[DataType]| [numbers.as_slice(), params].concat();
    listing(vec![with(&[params_type()]), with(&[const { DataType::Float64 }; 3])])
}

fn params_form<F: ParamsFunction>(types: &[DataType]) -> Result<ParamsForm> {
    F::CALL.params_form(&refs(types)).map_err(|error| refuse_plan(F::CALL.name, &error))
}

fn compute<F: ParamsFunction>(
    number: Option<&Number>,
    params: &ParamsArgument,
    rows: usize,
) -> Result<ArrayRef> {
    let nulls = NullBuffer::union(number.and_then(Number::nulls), params.nulls());
    if nulls.as_ref().is_some_and(|nulls| nulls.len() != rows) {
        return exec_err!(
            "{}: arguments of different lengths in {}",
            F::CALL.name,
            type_name::<F>()
        );
    }
    let mut out = vec![0.0; rows];
    F::CALL.compute(number.map(Number::column), &params.params(), &mut out);
    Ok(Arc::new(Float64Array::new(out.into(), nulls)))
}
