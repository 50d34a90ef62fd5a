//! From the inputs of a tile to what the network adds to the heads.

use pulp::{Simd, WithSimd};

use super::dropout::Dropout;
use super::heads::{Heads, product_of_heads};
use super::layer::{KeptUnits, Units};
use super::product::{ColumnMajor, Panel, Panels, RowMajor, product};
use super::shape::Shape;
use super::tile::{NumberColumns, ROWS, Tile};
use super::transposed::Transposed;

/// Computes the units and heads of the first `rows` rows of a tile.
pub(crate) struct Forward<'a> {
    pub(crate) shape: &'a Shape,
    pub(crate) weights: &'a [Panel],
    pub(crate) transposed: &'a Transposed,
    /// What is dropped, already drawn into the tile.
    pub(crate) dropout: Option<Dropout>,
    /// The numbers of the rows; without, those of the tile.
    pub(crate) numbers: Option<NumberColumns<'a>>,
    pub(crate) tile: &'a mut Tile,
    pub(crate) rows: usize,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { shape, weights, transposed, dropout, numbers, tile, rows } = self;
        let rows = rows.min(ROWS);
        let Tile { numbers: in_tile, embedded, embedded_width, layers, heads, .. } = tile;
        let numbers = numbers.unwrap_or(NumberColumns { values: in_tile, stride: ROWS });
        let mut below: (&[f32], usize) = (embedded, *embedded_width);
        for (layer, out) in shape.layers.iter().zip(layers.iter_mut()) {
            let kept =
                dropout.map(|dropout| KeptUnits { bits: &out.kept, factor: dropout.factor() });
            let mut units = Units {
                to: &mut out.units,
                panels: layer.panels(),
                biases: Some(&weights[layer.biases()]),
                last: layer.inputs == 0,
                kept,
            };
            if layer.numbers > 0 {
                let NumberColumns { values, stride } = numbers;
                let left = ColumnMajor { values, stride, terms: layer.numbers };
                let right = Panels { values: &weights[layer.of_numbers()], terms: layer.numbers };
                product(simd, rows, layer.width(), left, right, &mut units);
                units.biases = None;
            }
            if layer.inputs > 0 {
                units.last = true;
                let left = RowMajor { values: below.0, stride: below.1, terms: layer.inputs };
                let right = Panels { values: &weights[layer.of_inputs()], terms: layer.inputs };
                product(simd, rows, layer.width(), left, right, &mut units);
            }
            below = (out.units.as_flattened(), layer.width());
        }
        if let (Some(layer), Some(out)) = (shape.layers.last(), layers.last()) {
            let Transposed { heads: weights, bias, .. } = transposed;
            let values = out.units.as_flattened();
            let left = RowMajor { values, stride: layer.width(), terms: layer.units };
            let right = Panels { values: weights, terms: layer.units };
            let mut out = Heads { to: heads, bias };
            product_of_heads(simd, rows, left, right, &mut out);
        }
    }
}
