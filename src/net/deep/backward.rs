//! From the errors of the heads of a tile to the gradient by every weight.

use pulp::{Simd, WithSimd};

use super::dropout::Dropout;
use super::heads::add_errors;
use super::layer::{Errors, Gradient, PlainRows};
use super::product::{ColumnMajor, PANEL, Panel, Panels, RowMajor, Terms, product};
use super::shape::{HEADS, Shape, USED_HEADS};
use super::tile::{NumberColumns, ROWS, Tile};
use super::transposed::Transposed;

/// Adds what the first `rows` rows of a tile say to the gradient, after [`Forward`](super::Forward).
pub(crate) struct Backward<'a> {
    pub(crate) shape: &'a Shape,
    pub(crate) weights: &'a [Panel],
    pub(crate) transposed: &'a Transposed,
    pub(crate) dropout: Option<Dropout>,
    /// The numbers of the rows; without, those of the tile.
    pub(crate) numbers: Option<NumberColumns<'a>>,
    pub(crate) tile: &'a mut Tile,
    pub(crate) rows: usize,
    /// Whether these are the first rows: the gradient begins at 0, whatever is there. Otherwise it goes on.
    pub(crate) is_first: bool,
    /// Laid out as the weights are.
    pub(crate) gradient: &'a mut [Panel],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { shape, weights, transposed, dropout, numbers, tile, rows, is_first, gradient } =
            self;
        let rows = rows.min(ROWS);
        if is_first {
            shape.clear_biases(gradient);
        }
        let factor = dropout.map_or(1.0, Dropout::factor);
        let Tile { numbers: in_tile, embedded, embedded_width, layers, by_embedded, .. } = tile;
        let numbers = numbers.unwrap_or(NumberColumns { values: in_tile, stride: ROWS });
        let by_head = &tile.errors;
        let errors = by_head.as_flattened();
        let (Some(layer), Some(last)) = (shape.layers.last(), layers.last_mut()) else { return };
        // The heads.
        let of_heads = RowMajor { values: errors, stride: ROWS, terms: rows };
        let units = Terms { values: last.units.as_flattened(), stride: layer.width() };
        let panels = &mut gradient[shape.heads()];
        let mut by_heads = Gradient { panels, is_first, inputs: HEADS };
        product(simd, USED_HEADS, layer.width(), of_heads, units, &mut by_heads);
        add_errors(by_head, rows, &mut gradient[shape.head_biases()]);
        let left = ColumnMajor { values: errors, stride: ROWS, terms: USED_HEADS };
        let right = Panels { values: &weights[shape.heads()], terms: HEADS };
        let mut out = Errors {
            to: &mut last.errors,
            by_biases: &mut gradient[layer.biases()],
            units: &last.units,
            panels: layer.panels(),
            factor,
        };
        product(simd, rows, layer.width(), left, right, &mut out);
        // The layers, from the last to the first.
        for (index, layer) in shape.layers.iter().enumerate().rev() {
            let (below, above) = layers.split_at_mut(index);
            let Some(this) = above.first() else { continue };
            let errors = this.errors[..rows * layer.panels()].as_flattened();
            let terms = Terms { values: errors, stride: layer.width() };
            if layer.numbers > 0 {
                let NumberColumns { values, stride } = numbers;
                let left = RowMajor { values, stride, terms: rows };
                let panels = &mut gradient[layer.of_numbers()];
                let mut out = Gradient { panels, is_first, inputs: layer.numbers };
                product(simd, layer.numbers, layer.width(), left, terms, &mut out);
            }
            if layer.inputs == 0 {
                continue;
            }
            let panels = &mut gradient[layer.of_inputs()];
            let mut by_weights = Gradient { panels, is_first, inputs: layer.inputs };
            let left = RowMajor { values: errors, stride: layer.width(), terms: layer.units };
            let right = Panels { values: &transposed.layers[index], terms: layer.units };
            if let (Some(below), Some(under)) =
                (below.last_mut(), index.checked_sub(1).map(|under| &shape.layers[under]))
            {
                let values = below.units.as_flattened();
                let inputs = ColumnMajor { values, stride: under.width(), terms: rows };
                product(simd, layer.inputs, layer.width(), inputs, terms, &mut by_weights);
                let (to, units) = (&mut below.errors, &below.units);
                let by_biases = &mut gradient[under.biases()];
                let mut out = Errors { to, by_biases, units, panels: under.panels(), factor };
                product(simd, rows, under.width(), left, right, &mut out);
            } else {
                let inputs = ColumnMajor { values: embedded, stride: *embedded_width, terms: rows };
                product(simd, layer.inputs, layer.width(), inputs, terms, &mut by_weights);
                let mut out = PlainRows { rows: by_embedded, width: *embedded_width };
                product(simd, rows, *embedded_width / PANEL * PANEL, left, right, &mut out);
            }
        }
    }
}
