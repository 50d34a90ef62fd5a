//! Training: options, the canonical order of rows, packing, priors, optimisers, the loop, and what keeps predictions
//! credible on thin, wide and dirty data.
//!
//! Imports [`math`](crate::math), [`model`](crate::model) and the error; no engine. An adapter hands over borrowed
//! columns as a [`Table`] and the rows of one model, and [`fit`] returns the model. The result depends on the
//! content of the rows, the seed and the options alone: not on the order of the rows, on how they are cut into
//! chunks, on the number of threads or on the processor. What happens, in which order, and the defaults are
//! documented in `docs/training.md`.

mod automatic;
mod category;
mod design;
mod evidence;
mod gather;
mod gradient;
mod guard;
mod history;
mod lanczos;
mod layout;
mod marginal;
mod moments;
mod network;
mod number;
mod optimizer;
mod options;
mod order;
mod pack;
mod part;
mod route;
mod schedule;
mod standardize;
mod survey;
mod table;
mod total;
mod train;
mod usable;
mod warm_start;
mod warnings;

pub use network::Network;
pub use optimizer::Optimizer;
pub use options::{OPTIONS, OptionDoc, OptionValue, Options};
pub use schedule::Schedule;
pub use table::{Chunk, FeatureColumn, ListPlace, NO_LIST, RowId, Table, Values};
pub use train::fit;
