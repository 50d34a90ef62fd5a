//! Rows that go through a network together.

use super::product::{PANEL, Panel, padded};
use super::shape::{HEADS, Shape};

/// Rows of a tile: so few that their units stay in the second-level cache, and so many that weights and sums of gradients,
/// which are read and written once a tile, cost little.
pub(crate) const ROWS: usize = 128;

/// Numbers of the rows of a tile, column after column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NumberColumns<'a> {
    pub(crate) values: &'a [f32],
    /// From one column to the next.
    pub(crate) stride: usize,
}

/// The rows' inputs and what the layers make of them.
#[derive(Debug, Clone)]
pub(crate) struct Tile {
    /// Column after column, each [`ROWS`] long. Numbers that lie in columns already need not be copied here.
    pub(crate) numbers: Vec<f32>,
    /// Row after row, each [`Tile::embedded_width`] long.
    pub(crate) embedded: Vec<f32>,
    pub(crate) embedded_width: usize,
    pub(super) layers: Vec<LayerTile>,
    /// Head after head: what the network adds.
    pub(crate) heads: [[f32; ROWS]; HEADS],
    /// Head after head: the derivatives of the rows' losses by the heads. The last stays 0.
    pub(crate) errors: [[f32; ROWS]; HEADS],
    /// The derivatives by `embedded`, row after row.
    pub(crate) by_embedded: Vec<f32>,
}

/// The units of a layer, row after row.
#[derive(Debug, Clone)]
pub(super) struct LayerTile {
    pub(super) units: Vec<Panel>,
    /// The derivatives of the rows' losses by what goes into the units.
    pub(super) errors: Vec<Panel>,
    /// Of each panel the units that dropout keeps, a bit each.
    pub(super) kept: Vec<u32>,
}

impl Tile {
    /// Room to train a network.
    pub(crate) fn new(shape: &Shape) -> Self {
        let mut tile = Self::forward(shape);
        for layer in &mut tile.layers {
            layer.errors = vec![[0.0; PANEL]; layer.units.len()];
            layer.kept = vec![u32::MAX; layer.units.len()];
        }
        tile.by_embedded = vec![0.0; tile.embedded.len()];
        tile
    }

    /// Room for [`Forward`](super::Forward) without dropout.
    pub(crate) fn forward(shape: &Shape) -> Self {
        let (numbers, embedded) = shape.layers.first().map_or((0, 0), |l| (l.numbers, l.inputs));
        let layer = |panels: usize| LayerTile {
            units: vec![[0.0; PANEL]; ROWS * panels],
            errors: Vec::new(),
            kept: Vec::new(),
        };
        let embedded_width = padded(embedded);
        Self {
            numbers: vec![0.0; numbers * ROWS],
            embedded: vec![0.0; embedded_width * ROWS],
            embedded_width,
            layers: shape.layers.iter().map(|l| layer(l.panels())).collect(),
            heads: [[0.0; ROWS]; HEADS],
            errors: [[0.0; ROWS]; HEADS],
            by_embedded: Vec::new(),
        }
    }
}
