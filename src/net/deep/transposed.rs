//! The weights again, in the order in which the other direction reads them.

use super::product::{PANEL, Panel, padded};
use super::shape::{HEADS, Shape};

/// Copies of the weights of the layers and heads.
#[derive(Debug, Clone)]
pub(crate) struct Transposed {
    /// Of each layer the weights of its inputs that are no numbers: panels of inputs, one row a unit.
    pub(super) layers: Vec<Vec<Panel>>,
    /// The weights of the heads, one row a unit of the last layer.
    pub(super) heads: Vec<Panel>,
    pub(super) bias: Panel,
}

impl Transposed {
    /// Room for the weights of a network.
    pub(crate) fn new(shape: &Shape) -> Self {
        let layer =
            |inputs: usize, units: usize| vec![[0.0; PANEL]; padded(inputs) / PANEL * units];
        let layers = shape.layers.iter().map(|l| layer(l.inputs, l.units)).collect();
        Self { layers, ..Self::forward(shape) }
    }

    /// Room for those that forward needs.
    pub(crate) fn forward(shape: &Shape) -> Self {
        Self { layers: Vec::new(), heads: vec![[0.0; PANEL]; shape.last], bias: [0.0; PANEL] }
    }

    /// Takes the weights that forward needs.
    pub(crate) fn take_heads(&mut self, shape: &Shape, weights: &[Panel]) {
        for (unit, heads) in self.heads.iter_mut().enumerate() {
            for (head, slot) in heads[..HEADS].iter_mut().enumerate() {
                let (panel, index) = shape.head_weight(unit, head);
                *slot = weights[panel][index];
            }
        }
        self.bias = weights[shape.head_biases()];
    }

    /// Takes the weights that backward needs.
    pub(crate) fn take_layers(&mut self, shape: &Shape, weights: &[Panel]) {
        for (to, layer) in self.layers.iter_mut().zip(&shape.layers) {
            let from = &weights[layer.of_inputs()];
            if layer.inputs == 0 {
                continue;
            }
            for (panel, rows) in from.chunks_exact(layer.inputs).enumerate() {
                let units = (layer.units - panel * PANEL).min(PANEL);
                for (input, row) in rows.iter().enumerate() {
                    let to = &mut to[input / PANEL * layer.units + panel * PANEL..][..units];
                    for (to, weight) in to.iter_mut().zip(row) {
                        to[input % PANEL] = *weight;
                    }
                }
            }
        }
    }
}
