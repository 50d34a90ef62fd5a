//! The training options: one table of them, and what is made of it.
//!
//! [`table`] is the only file in which an option stands: its entry makes the field of [`Options`], the entry of [`OPTIONS`] and
//! the method of [`OptionsBuilder`]. The other files read values of the types that entries have.
//!
//! Imports what options are of: `sgd` (optimiser and schedule), `network`, `rows` (samples), `watch` and `model`.

mod accessors;
mod builder;
mod pairs;
mod range;
mod setting;
mod table;
mod value;

#[cfg(test)]
mod tests;

pub use builder::OptionsBuilder;
#[cfg(any(feature = "datafusion", feature = "polars"))]
pub(crate) use pairs::max_rows_of_pairs;
pub(super) use pairs::{each_option, unknown};
pub use range::OptionRange;
pub(super) use setting::{Given, Limit, Setting, option_entry};
pub use table::{OPTIONS, Options, TrainingOption};
pub use value::OptionValue;
