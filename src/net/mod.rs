//! Affine layers over encoded inputs: numbers and levels in, heads out, and the gradient back. A linear model is the net
//! without hidden layers.
//!
//! Imports [`math`](crate::math); no engine and nothing of what is trained. [`Inputs`] hold encoded rows batch by batch,
//! [`Affine`] is one layer: forward from the rows of a tile to its outputs, backward from their errors to the sums of
//! the gradient. Every sum over rows runs in lanes fixed by this code, never by the processor, so that its bits are the
//! same everywhere.
//!
//! Hidden layers lie in [`deep`].

mod affine;
mod batch;
pub(crate) mod deep;
mod hold;
mod inputs;
mod levels;
mod numbers;

pub(crate) use affine::{Affine, AffineWeights};
pub(crate) use batch::{Batch, TileRows};
pub(crate) use hold::hold;
pub(crate) use inputs::{ColumnPieces, Inputs};
pub(crate) use levels::Category;
