//! The SQL functions as a person meets them: called from DataFusion's SQL.
//!
//! | module | what it proves |
//! | --- | --- |
//! | `logic` | `slt/*.slt`: every function on constants, columns, NULL and every type, and its errors |
//! | `golden` | the values of `tests/data/ziln.json` in every form of a call |
//! | `queries` | whole queries: the same model text however a query is run |
//! | `accumulators` | the aggregates' `GroupsAccumulator`s, driven by hand |
//! | `docs` | every SQL example of the documentation |

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]
#![cfg(feature = "datafusion")]

mod accumulators;
mod customers;
mod docs;
mod golden;
mod logic;
mod queries;
mod session;
