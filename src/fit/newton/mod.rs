//! The exact solver of the linear model: Fisher scoring, Newton's method, standard errors.
//!
//! It minimises what training by steps minimises, over the same packed rows ([`rows`] is the one place that reads them),
//! with values, heads and sums in double precision. Every sum runs in lanes and pieces fixed by this code, so that the bits
//! depend neither on the order of the rows nor on threads or the processor.
//!
//! Imports `rows`, `options`, `split`, `encode`, `problem`, `warm_start`, `part_indices`, `regularizer`, `weight_penalty`, `sgd` (the parts of
//! a model), `finish`, `observer`, `watch`, `math`, [`family`](crate::family), `net` and `model`.

mod cholesky;
mod covariance;
mod direction;
mod drawn;
mod fit_newton;
mod memory;
mod options;
mod part_objective;
mod passes;
mod penalties;
mod rows;
mod solve;
mod symmetric;

pub(super) use cholesky::Factor;
pub(super) use drawn::{Drawn, without_payers};
pub(super) use fit_newton::fit_all;
pub use fit_newton::fit_newton;
pub(super) use memory::matrix_bytes;
pub use options::{
    NEWTON_OPTIONS, NewtonOption, NewtonOptions, SHARED_OPTIONS, newton_option_names,
};
pub(super) use part_objective::{PartObjective, Point, Products};
pub use passes::{Pass, PassColumns, PassOptions, PassSums, newton_start};
pub(super) use penalties::Penalties;
pub(super) use rows::{DesignColumns, PartRows};
pub(super) use symmetric::Symmetric;
