//! Hidden layers on tiles of rows: units, embeddings, dropout, their gradients and steps, in single precision.
//!
//! Imports nothing of the other rooms. Every sum has one order, and a multiplication is fused with an addition by `mul_add`
//! alone, so a row has the same bits on every processor, in every tile and at every place of it. Where the weights lie is
//! the [`Shape`]; their values are one list of [panels](PANEL), so that an optimiser need not know what they are.

mod adam;
mod backward;
mod dropout;
mod embedding;
mod forward;
mod hash;
mod heads;
mod held_forward;
mod init;
mod layer;
mod product;
mod shape;
mod tile;
mod transposed;

#[cfg(test)]
mod tests;

pub(crate) use adam::{Adam, adam};
pub(crate) use backward::Backward;
pub(crate) use dropout::Dropout;
pub(crate) use embedding::{Embedding, MOST_EMBEDDED, embedding_size};
pub(crate) use forward::Forward;
pub(crate) use hash::step_key;
pub(crate) use held_forward::HeldForward;
pub(crate) use init::{init_embedding, init_layers};
pub(crate) use product::{PANEL, Panel};
pub(crate) use shape::{Layer, Shape};
pub(crate) use tile::{NumberColumns, ROWS, Tile};
pub(crate) use transposed::Transposed;
