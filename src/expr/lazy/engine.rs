//! The functions as Polars' lazy engine calls them.

use polars::prelude::{
    Column, Expr, Field, PolarsError, PolarsResult, Scalar, Schema, Series, as_struct, polars_err,
};
use polars_plan::dsl::{BaseColumnUdf, new_column_udf, udf::UserDefinedFunction};
use polars_plan::prelude::FunctionOptions;

use crate::expr::{Function, FunctionKind, guarded};

/// A call of a function that takes its inputs one by one.
pub(super) fn expression(
    function: &'static Function,
    inputs: impl IntoIterator<Item = Expr>,
) -> Expr {
    user_defined(function).call(inputs.into_iter().collect()).alias(short_name(function))
}

/// One value a group. The inputs travel as one struct, as Polars runs groups in parallel for one input only.
pub(super) fn aggregate(
    function: &'static Function,
    inputs: impl IntoIterator<Item = Expr>,
    call: impl Fn(&[Series]) -> PolarsResult<Series> + Send + Sync + 'static,
) -> Expr {
    let named = inputs.into_iter().enumerate().map(|(index, input)| input.alias(index.to_string()));
    let udf = BaseColumnUdf::new(
        move |columns: &mut [Column]| {
            let packed = columns.first().ok_or_else(|| no_arguments(function))?;
            let inputs = packed.struct_()?.fields_as_series();
            guarded(function.name, || call(&inputs)).map(Column::from)
        },
        move |_: &Schema, fields: &[Field]| function.field(fields),
    );
    let udf = UserDefinedFunction {
        name: function.name.into(),
        fun: new_column_udf(udf),
        options: FunctionOptions::aggregation(),
    };
    udf.call(vec![as_struct(named.collect())]).alias(short_name(function))
}

fn short_name(function: &Function) -> &'static str {
    function.name.trim_start_matches("ziln_")
}

/// A function for plans.
pub(super) fn user_defined(function: &'static Function) -> UserDefinedFunction {
    UserDefinedFunction {
        name: function.name.into(),
        fun: new_column_udf(BaseColumnUdf::new(
            move |columns: &mut [Column]| guarded(function.name, || call(function, columns)),
            move |_: &Schema, fields: &[Field]| function.field(fields),
        )),
        options: match function.kind {
            FunctionKind::Scalar => FunctionOptions::elementwise(),
            FunctionKind::Aggregate => FunctionOptions::aggregation(),
        },
    }
}

/// Calls a function on the columns of an engine.
///
/// For a scalar function, a column that holds one value in every row is passed as one row, so that a literal is
/// not expanded; a result of one row is that of every row.
fn call(function: &Function, columns: &[Column]) -> PolarsResult<Column> {
    if function.kind == FunctionKind::Aggregate {
        let inputs: Vec<Series> =
            columns.iter().map(|column| column.as_materialized_series().clone()).collect();
        return (function.call)(&inputs).map(Column::from);
    }
    let inputs: Vec<Series> = columns.iter().map(one_or_all_rows).collect();
    let result = (function.call)(&inputs)?;
    let rows = columns.iter().map(Column::len).find(|&len| len != 1).unwrap_or(1);
    if result.len() == rows {
        return Ok(result.into());
    }
    let value = Scalar::new(result.dtype().clone(), result.get(0)?.into_static());
    Ok(Column::new_scalar(result.name().clone(), value, rows))
}

fn one_or_all_rows(column: &Column) -> Series {
    match column.as_scalar_column() {
        Some(scalar) if !column.is_empty() => scalar.as_single_value_series(),
        _ => column.as_materialized_series().clone(),
    }
}

/// The error of a call that came without its inputs.
pub(super) fn no_arguments(function: &Function) -> PolarsError {
    polars_err!(InvalidOperation: "{}: expected arguments, got none", function.name)
}
