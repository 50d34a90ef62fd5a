//! What a metric compares labels with: a predicted amount, or the predicted distribution.

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::ColumnarValue;

use crate::math::{Column, Params, Spread, params_from_logits};
use crate::udf::number::doubles_with_nan;
use crate::udf::params::{ParamsArgument, params_type};

/// A function, and how it is called, for messages.
#[derive(Debug, Clone, Copy)]
pub(in crate::udf) struct Named {
    pub name: &'static str,
    pub usage: &'static str,
}

/// A way to say what is predicted.
pub(in crate::udf) trait Predicted: Debug + Send + Sync + 'static {
    /// The columns of some rows.
    type Columns<'a>: Debug + Send;

    /// The names of the columns, in the order in which they are buffered.
    const NAMES: &'static [&'static str];

    /// Whether metrics read the rows of a group in pieces.
    const IN_PIECES: bool;

    /// The type of the argument that `SHOW FUNCTIONS` lists.
    fn argument_type() -> DataType;

    /// Reads the arguments of a batch as the columns, and which rows are NULL.
    fn read(function: Named, arguments: &[ArrayRef])
    -> Result<(Vec<ArrayRef>, Option<NullBuffer>)>;

    /// The columns, of which `next` gives one after the other.
    fn columns<'a>(next: &mut dyn FnMut() -> Cow<'a, [f64]>) -> Self::Columns<'a>;
}

/// A predicted amount.
#[derive(Debug)]
pub(in crate::udf) struct Amount;

impl Predicted for Amount {
    type Columns<'a> = Cow<'a, [f64]>;

    const NAMES: &'static [&'static str] = &["prediction"];
    const IN_PIECES: bool = false;

    fn argument_type() -> DataType {
        DataType::Float64
    }

    fn read(
        function: Named,
        arguments: &[ArrayRef],
    ) -> Result<(Vec<ArrayRef>, Option<NullBuffer>)> {
        let amount = doubles_with_nan(function.name, Self::NAMES[0], &arguments[0])?;
        Ok((vec![Arc::new(amount)], arguments[0].logical_nulls()))
    }

    fn columns<'a>(next: &mut dyn FnMut() -> Cow<'a, [f64]>) -> Cow<'a, [f64]> {
        next()
    }
}

/// The predicted distribution, its sigma after softplus.
#[derive(Debug)]
pub(in crate::udf) struct Distribution;

/// The params of some rows.
#[derive(Debug)]
pub(in crate::udf) struct ParamsColumns<'a> {
    logit: Cow<'a, [f64]>,
    mu: Cow<'a, [f64]>,
    sigma: Cow<'a, [f64]>,
}

impl ParamsColumns<'_> {
    /// The params as the core reads them.
    pub fn params(&self) -> Params<'_> {
        Params {
            logit: Column::F64(&self.logit),
            mu: Column::F64(&self.mu),
            spread: Spread::Sigma(Column::F64(&self.sigma)),
        }
    }
}

impl Predicted for Distribution {
    type Columns<'a> = ParamsColumns<'a>;

    const NAMES: &'static [&'static str] = &["logit", "mu", "sigma"];
    const IN_PIECES: bool = true;

    fn argument_type() -> DataType {
        params_type()
    }

    fn read(
        function: Named,
        arguments: &[ArrayRef],
    ) -> Result<(Vec<ArrayRef>, Option<NullBuffer>)> {
        let rows = arguments.first().map_or(0, Array::len);
        let arguments: Vec<ColumnarValue> =
            arguments.iter().map(|array| ColumnarValue::Array(Arc::clone(array))).collect();
        let params = ParamsArgument::try_new(function.name, function.usage, &arguments)?;
        let (mut logit, mut mu, mut sigma) = (vec![0.0; rows], vec![0.0; rows], vec![0.0; rows]);
        params_from_logits(&params.params(), &mut logit, &mut mu, &mut sigma);
        let nulls = match params.is_null_scalar() {
            true => Some(NullBuffer::new_null(rows)),
            false => params.nulls().cloned(),
        };
        let array = |values: Vec<f64>| Arc::new(Float64Array::new(values.into(), None)) as ArrayRef;
        Ok((vec![array(logit), array(mu), array(sigma)], nulls))
    }

    fn columns<'a>(next: &mut dyn FnMut() -> Cow<'a, [f64]>) -> ParamsColumns<'a> {
        ParamsColumns { logit: next(), mu: next(), sigma: next() }
    }
}
