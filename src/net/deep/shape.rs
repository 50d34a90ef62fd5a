//! Where the weights of a network lie.

use super::product::{PANEL, Panel, padded};

/// Heads with padding: logit, mu, raw sigma and one that stays 0, for vectors of four.
pub(crate) const HEADS: usize = 4;

/// Heads without the padding.
pub(super) const USED_HEADS: usize = HEADS - 1;

/// A layer of units.
///
/// Its weights are panels: of each panel of units those of the numbers, of each panel those of the other inputs, and the
/// biases. Only the first layer takes numbers; its other inputs are the embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layer {
    /// Numbers it takes.
    pub(crate) numbers: usize,
    /// Other inputs.
    pub(crate) inputs: usize,
    pub(crate) units: usize,
    /// Its first panel.
    at: usize,
}

impl Layer {
    /// Panels a row of its units has.
    pub(crate) fn panels(&self) -> usize {
        self.units.div_ceil(PANEL)
    }

    /// Units with padding.
    pub(crate) fn width(&self) -> usize {
        padded(self.units)
    }

    pub(crate) fn of_numbers(&self) -> std::ops::Range<usize> {
        self.at..self.at + self.panels() * self.numbers
    }

    pub(crate) fn of_inputs(&self) -> std::ops::Range<usize> {
        let start = self.of_numbers().end;
        start..start + self.panels() * self.inputs
    }

    pub(crate) fn biases(&self) -> std::ops::Range<usize> {
        let start = self.of_inputs().end;
        start..start + self.panels()
    }

    /// The panel and the index in it of the weight from an input (numbers first) to a unit.
    pub(crate) fn weight(&self, input: usize, unit: usize) -> (usize, usize) {
        let panel = unit / PANEL;
        let index = match input.checked_sub(self.numbers) {
            None => self.of_numbers().start + panel * self.numbers + input,
            Some(input) => self.of_inputs().start + panel * self.inputs + input,
        };
        (index, unit % PANEL)
    }

    /// The panel and the index in it of a unit's bias.
    pub(crate) fn bias(&self, unit: usize) -> (usize, usize) {
        (self.biases().start + unit / PANEL, unit % PANEL)
    }
}

/// A network: layers, and heads that are linear in the units of the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) layers: Vec<Layer>,
    /// Units of the last layer.
    pub(crate) last: usize,
    /// Where the panels of the heads begin.
    heads: usize,
}

impl Shape {
    /// Of layers of so many units over numbers and embeddings of so many numbers together.
    pub(crate) fn new(numbers: usize, embedded: usize, hidden: &[usize]) -> Self {
        let mut shape = Self { layers: Vec::new(), last: numbers + embedded, heads: 0 };
        let (mut numbers, mut inputs) = (numbers, embedded);
        for &units in hidden {
            let layer = Layer { numbers, inputs, units, at: shape.heads };
            shape.heads = layer.biases().end;
            shape.last = units;
            shape.layers.push(layer);
            (numbers, inputs) = (0, units);
        }
        shape
    }

    /// The weights of the heads: of each panel of units one panel a head.
    pub(crate) fn heads(&self) -> std::ops::Range<usize> {
        self.heads..self.heads + self.last.div_ceil(PANEL) * HEADS
    }

    /// The panel of the heads' biases.
    pub(crate) fn head_biases(&self) -> usize {
        self.heads().end
    }

    /// The panel and the index in it of the weight from a unit of the last layer to a head.
    pub(crate) fn head_weight(&self, unit: usize, head: usize) -> (usize, usize) {
        (self.heads + unit / PANEL * HEADS + head, unit % PANEL)
    }

    /// Multiplies what is added to each head.
    pub(crate) fn scale_heads(&self, weights: &mut [Panel], factors: [f32; 3]) {
        let of_units = weights[self.heads()].chunks_exact_mut(HEADS);
        for (panel, factor) in of_units.flat_map(|heads| heads.iter_mut().zip(factors)) {
            for weight in panel {
                *weight *= factor;
            }
        }
        let biases = &mut weights[self.head_biases()];
        biases.iter_mut().zip(factors).for_each(|(bias, factor)| *bias *= factor);
    }

    /// The biases of the logit, mu and raw sigma.
    pub(crate) fn biases_of_heads(&self, weights: &[Panel]) -> [f32; 3] {
        let [logit, mu, raw_sigma, ..] = weights[self.head_biases()];
        [logit, mu, raw_sigma]
    }

    /// Sets all biases to 0.
    pub(crate) fn clear_biases(&self, weights: &mut [Panel]) {
        for layer in &self.layers {
            weights[layer.biases()].fill([0.0; PANEL]);
        }
        weights[self.head_biases()] = [0.0; PANEL];
    }

    /// Sets the biases of the logit, mu and raw sigma.
    pub(crate) fn set_biases_of_heads(&self, weights: &mut [Panel], biases: [f32; 3]) {
        weights[self.head_biases()][..3].copy_from_slice(&biases);
    }

    /// Panels of all weights.
    pub(crate) fn panels(&self) -> usize {
        self.head_biases() + 1
    }
}
