//! Scalar functions across the border of this library.
//!
//! `datafusion-ffi` turns a function into a table of C functions. Two of them are replaced here. Its own call reads the
//! session's options, some two hundred texts, for every batch, which takes about 4 of a call's 19 microseconds; no function
//! of this crate looks at them. And it lets a panic end the process: the functions have a guard of their own
//! (`ziln::udf::guard`), and what is done here for them is within one too.

use std::sync::{Arc, LazyLock};

use arrow::array::ArrayRef;
use arrow::datatypes::Field;
use datafusion_common::config::ConfigOptions;
use datafusion_common::{Result, exec_datafusion_err};
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};
use datafusion_ffi::arrow_wrappers::{WrappedArray, WrappedSchema};
use datafusion_ffi::config::FFI_ConfigOptions;
use datafusion_ffi::expr::columnar_value::FFI_ColumnarValue;
use datafusion_ffi::udf::{FFI_ScalarUDF, ForeignScalarUDF, ScalarUDFPrivateData};
use datafusion_ffi::util::FFI_Result;
use stabby::vec::Vec as SVec;
use ziln::guard::guarded;

/// What a function is told about the session, as none asks.
static NO_OPTIONS: LazyLock<Arc<ConfigOptions>> = LazyLock::new(Arc::default);

/// A scalar function for DataFusion in another library.
pub(crate) fn foreign_function(function: Arc<ScalarUDF>) -> FFI_ScalarUDF {
    let is_foreign = function.inner().is::<ForeignScalarUDF>();
    let mut foreign = FFI_ScalarUDF::from(function);
    if is_foreign {
        // The table is another library's, and so is what is behind it.
        return foreign;
    }
    foreign.invoke_with_args = invoke;
    foreign.clone = clone;
    foreign
}

/// The function behind a table of C functions of this library.
///
/// # Safety
/// [`foreign_function`] has put its functions into `foreign`, which has not been released.
unsafe fn function_of(foreign: &FFI_ScalarUDF) -> &Arc<ScalarUDF> {
    // SAFETY: `FFI_ScalarUDF::from` lets `private_data` point to such a box, which lives until the release.
    unsafe { &(*foreign.private_data.cast::<ScalarUDFPrivateData>()).udf }
}

unsafe extern "C" fn clone(foreign: &FFI_ScalarUDF) -> FFI_ScalarUDF {
    // SAFETY: this is only reached through a table that `foreign_function` put it into.
    foreign_function(Arc::clone(unsafe { function_of(foreign) }))
}

unsafe extern "C" fn invoke(
    foreign: &FFI_ScalarUDF,
    arguments: SVec<WrappedArray>,
    argument_fields: SVec<WrappedSchema>,
    rows: usize,
    return_field: WrappedSchema,
    _options: FFI_ConfigOptions,
) -> FFI_Result<FFI_ColumnarValue> {
    // SAFETY: this is only reached through a table that `foreign_function` put it into.
    let function = unsafe { function_of(foreign) };
    let call = || {
        let arguments = read_arguments(arguments, &argument_fields, rows, &return_field)?;
        FFI_ColumnarValue::try_from(function.invoke_with_args(arguments)?)
    };
    let panicked = |error| Err(exec_datafusion_err!("{}: {error}", function.name()));
    guarded(call).unwrap_or_else(panicked).into()
}

fn read_arguments(
    arguments: SVec<WrappedArray>,
    fields: &SVec<WrappedSchema>,
    rows: usize,
    return_field: &WrappedSchema,
) -> Result<ScalarFunctionArgs> {
    let field = |schema: &WrappedSchema| Ok(Arc::new(Field::try_from(&schema.0)?));
    let array = |array| Ok(ColumnarValue::Array(ArrayRef::try_from(array)?));
    Ok(ScalarFunctionArgs {
        args: arguments.into_iter().map(array).collect::<Result<_>>()?,
        arg_fields: fields.iter().map(field).collect::<Result<_>>()?,
        number_rows: rows,
        return_field: field(return_field)?,
        config_options: Arc::clone(&NO_OPTIONS),
    })
}
