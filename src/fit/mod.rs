//! Training: options, the canonical order of rows, packing, penalties, optimisers, the loop, and what keeps predictions
//! credible on thin, wide and dirty data.
//!
//! Imports [`math`](crate::math), `family`, `net`, [`model`](crate::model) and the error; no engine. An adapter hands over
//! borrowed columns as a [`Table`] and the rows of one model, and [`fit`] returns the model. The way of a row:
//!
//! | room or file | what it does |
//! | --- | --- |
//! | `rows` | which rows can be used, their canonical order, reading columns in it |
//! | `split` | which of them are held out |
//! | `encode` | learns the encodings and packs the rows into batches |
//! | `penalty` | decides how much the features are trusted |
//! | `problem` | all of that, ready for a solver |
//! | `objective`, `regularizer`, `weight_penalty` | loss and gradient over a batch, and what is added to them |
//! | `warm_start`, `part_indices` | continuing from a given model, and where its weights stand in what is trained |
//! | `sgd`, `descent` | the solver by steps: parts of weights, steps, epochs, attempts |
//! | `network` | hidden layers on top of the linear heads |
//! | `best_epoch` | when either stops for want of a better epoch, and which is kept |
//! | `newton` | the exact solver: Fisher scoring, standard errors |
//! | `prior` | campaigns that share a prior |
//! | `finish`, `ceiling`, `shrink`, `total`, `warnings` | from weights to a model whose predictions are credible |
//! | `watch`, `observer` | whether somebody interrupts, and who is told how far a training is |
//!
//! The result depends on the content of the rows, the seed and the options alone: not on the order of the rows, on how
//! they are cut into chunks, on the number of threads or on the processor. What happens, in which order, and the
//! defaults are documented in `docs/training.md`.

mod automatic;
mod best_epoch;
mod ceiling;
mod descent;
mod encode;
mod finish;
mod memory;
mod network;
mod newton;
mod objective;
mod observer;
mod options;
mod part_indices;
mod penalty;
mod prior;
mod problem;
mod regularizer;
mod rows;
mod sgd;
mod shrink;
mod split;
mod total;
mod train;
mod warm_start;
mod warnings;
mod watch;
mod weight_penalty;

pub use memory::{DataShape, HeadSolver, model_bytes, training_bytes};
pub use newton::{
    NEWTON_OPTIONS, NewtonOption, NewtonOptions, Pass, PassColumns, PassOptions, PassSums,
    SHARED_OPTIONS, fit_newton, newton_option_names, newton_start,
};
pub use observer::{Event, Observer, Stage, Step, observe};
#[cfg(any(feature = "datafusion", feature = "polars"))]
pub(crate) use options::max_rows_of_pairs;
pub use options::{OPTIONS, OptionRange, OptionValue, Options, OptionsBuilder, TrainingOption};
pub use prior::fit_prior;
pub use rows::sample::Sample;
pub use rows::seen::Seen;
pub use rows::table::{Chunk, FeatureColumn, FeatureValues, ListElements, NO_LIST, RowId, Table};
pub use sgd::{Optimizer, Schedule};
pub use train::fit;
#[cfg(any(feature = "datafusion", feature = "polars"))]
pub(crate) use watch::tell_listener;
pub use watch::{Listener, Watch, interrupt, listen};
