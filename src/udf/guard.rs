//! The guard around the SQL functions: a panic in one becomes an error of its query.
//!
//! Everything that DataFusion calls of a function goes through here, in this process or from another library: planning,
//! the calls of scalar functions, and everything that is done with accumulators (`aggregate`).

use std::sync::OnceLock;

use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::Result;
use datafusion_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature,
};

use super::error::refuse_value;
use crate::Error;

/// A scalar function in which a panic is an error.
///
/// What is passed on is what the functions of ziln implement; the rest is as the trait has it.
pub fn guarded_scalar(function: ScalarUDF) -> ScalarUDF {
    ScalarUDF::from(GuardedScalar(function))
}

/// Calls something of a function.
pub(super) fn guarded<T>(function: &str, call: impl FnOnce() -> Result<T>) -> Result<T> {
    crate::guard::guarded(call).unwrap_or_else(|error| Err(refuse_value(function, &error)))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct GuardedScalar(ScalarUDF);

impl ScalarUDFImpl for GuardedScalar {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        guarded(self.name(), || self.0.return_type(arg_types))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        guarded(self.name(), || self.0.return_field_from_args(args))
    }

    fn is_strict(&self) -> bool {
        self.0.is_strict()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        guarded(self.name(), || self.0.invoke_with_args(args))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.0.documentation()
    }
}

/// The guard of an accumulator. After a panic the accumulator may be half changed, and is not called again.
#[derive(Debug)]
pub(super) struct Guard {
    function: &'static str,
    panic: OnceLock<Error>,
}

impl Guard {
    /// The guard of an accumulator of a function.
    pub fn of(function: &'static str) -> Self {
        Self { function, panic: OnceLock::new() }
    }

    /// Calls something of the accumulator.
    pub fn call<T>(&self, call: impl FnOnce() -> Result<T>) -> Result<T> {
        let result = match self.panic.get() {
            Some(panic) => Err(panic.clone()),
            None => crate::guard::guarded(call),
        };
        result.unwrap_or_else(|error| {
            let refused = refuse_value(self.function, &error);
            self.panic.get_or_init(|| error);
            Err(refused)
        })
    }

    /// A size, which cannot be an error: the next call is.
    pub fn size(&self, size: impl FnOnce() -> usize) -> usize {
        self.call(|| Ok(size())).unwrap_or_default()
    }
}
