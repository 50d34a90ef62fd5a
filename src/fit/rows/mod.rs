//! From the table to rows in canonical order: which can be used, in which order, and how their columns are read in it;
//! and samples of bounded size: how rows are chosen (`sample`), what is kept of them (`sampled`) and how many there were (`seen`).
//!
//! Imports `options`, [`math`](crate::math) and `model`.

pub(super) mod gather;
mod order;
mod route;
pub(super) mod sample;
mod sampled;
pub(super) mod seen;
pub(super) mod table;
mod usable;

pub(super) use gather::Order;
pub(super) use order::{Hashed, canonical_order, level};
pub(super) use route::{LEAST_NUMBERS, LEAST_ROWS, MOMENT_ROWS};
pub(super) use sampled::{Sampled, sampled_of_campaigns};
pub(super) use seen::Seen;
pub(super) use table::{RowId, Table};
pub(super) use usable::{Usable, is_payment};
