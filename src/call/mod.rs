//! What both engines decide alike about a call: which arguments a function takes and what they may be, the names in
//! them, what is computed of them, and what is said of those that are wrong.
//!
//! Imports the core; no engine. An engine tells what its types are by [`ArgumentType`], asks the rules here, and puts
//! the function's name before the error. How its columns lie in memory is its own affair.
//!
//! A function has one entry here: its name, its arguments and the core's function are in [`distribution`],
//! [`model`], [`customer`], [`metric`], [`params`], [`newton_step`] or [`fit`]. The arguments that functions share have a file each:
//! [`params`], [`features`], [`weight`], [`init`], [`options`], [`buckets`], [`campaign`]. [`evaluate`] draws the sample that a metric's options
//! ask for. `passes` writes the queries of a training by passes.

mod argument;
pub(crate) mod buckets;
mod campaign;
mod codes;
pub(crate) mod culprit;
pub(crate) mod customer;
pub(crate) mod date;
pub(crate) mod distribution;
pub(crate) mod evaluate;
pub(crate) mod explain;
pub(crate) mod features;
pub(crate) mod fit;
pub(crate) mod init;
pub(crate) mod metric;
pub(crate) mod model;
pub(crate) mod newton_step;
pub(crate) mod options;
pub(crate) mod params;
pub(crate) mod params_error;
#[cfg(feature = "session")]
pub(crate) mod passes;
pub(crate) mod predict;
pub(crate) mod weight;

pub(crate) use argument::{
    ArgumentType, TypeForm, check_names, check_number, check_text, wrong_argument, wrong_arity,
};
pub(crate) use codes::{Codes, DistinctRows, NO_CODE};

#[cfg(test)]
mod test_type;
