//! What all functions of the distribution share: some numbers, then `params`, to one number a row.

use std::any::type_name;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::{ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature};

use super::error::wrong_arity;
use super::number::{Number, check_number};
use super::params::{ParamsArgument, check_params, params_type};
use super::signature::listing;
use crate::math::{Column, Params};

/// A function of the distribution: what differs from one to the next.
pub(super) trait ParamsFunction:
    Debug + Default + PartialEq + Eq + Hash + Send + Sync + 'static
{
    /// The function's name in SQL.
    const NAME: &'static str;
    /// The names of the numbers before `params`.
    const LEADING: &'static [&'static str];

    /// Calls the core with as many columns as [`Self::LEADING`] has names.
    fn compute(leading: &[Column<'_>], params: &Params<'_>, out: &mut [f64]);

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
        F::NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Checks the types. None is coerced: the kernels read every numeric type themselves.
    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let Some((leading, params)) = arg_types.split_at_checked(F::LEADING.len()) else {
            return Err(wrong_arity(F::NAME, &usage::<F>(), arg_types.len()));
        };
        if !matches!(params.len(), 1 | 3) {
            return Err(wrong_arity(F::NAME, &usage::<F>(), arg_types.len()));
        }
        for (name, data_type) in F::LEADING.iter().zip(leading) {
            check_number(F::NAME, name, data_type)?;
        }
        check_params(F::NAME, &usage::<F>(), params)?;
        Ok(DataType::Float64)
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let Some((leading, params)) = args.args.split_at_checked(F::LEADING.len()) else {
            return Err(wrong_arity(F::NAME, &usage::<F>(), args.args.len()));
        };
        let params = ParamsArgument::try_new(F::NAME, &usage::<F>(), params)?;
        let numbers = F::LEADING
            .iter()
            .zip(leading)
            .map(|(name, value)| Number::try_new(F::NAME, name, value))
            .collect::<Result<Vec<_>>>()?;
        if params.is_null_scalar() || numbers.iter().any(Number::is_null_scalar) {
            return Ok(ColumnarValue::Scalar(ScalarValue::Float64(None)));
        }
        let is_scalar = params.is_scalar()
            && leading.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let out = compute::<F>(&numbers, &params, if is_scalar { 1 } else { rows })?;
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
    let leading = vec![DataType::Float64; F::LEADING.len()];
    let with = |params: &[DataType]| [leading.as_slice(), params].concat();
    listing(vec![with(&[params_type()]), with(&[const { DataType::Float64 }; 3])])
}

fn compute<F: ParamsFunction>(
    numbers: &[Number],
    params: &ParamsArgument,
    rows: usize,
) -> Result<ArrayRef> {
    let columns: Vec<Column<'_>> = numbers.iter().map(Number::column).collect();
    let nulls = NullBuffer::union_many(
        numbers.iter().map(Number::nulls).chain(std::iter::once(params.nulls())),
    );
    if nulls.as_ref().is_some_and(|nulls| nulls.len() != rows) {
        return exec_err!("{}: arguments of different lengths in {}", F::NAME, type_name::<F>());
    }
    let mut out = vec![0.0; rows];
    F::compute(&columns, &params.params(), &mut out);
    Ok(Arc::new(Float64Array::new(out.into(), nulls)))
}

/// How the function is called, for messages about the number of arguments.
fn usage<F: ParamsFunction>() -> String {
    let leading: String = F::LEADING.iter().flat_map(|name| [*name, ", "]).collect();
    format!(
        "{name}({leading}params) with params one struct or list, or {name}({leading}logit, mu, raw_sigma)",
        name = F::NAME
    )
}
