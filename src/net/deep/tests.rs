//! Forward and backward beside plain loops, bit for bit, on every set of instructions there is.

use pulp::{Simd, WithSimd};

use super::hash::{even, with};
use super::{
    Backward, Dropout, Forward, Layer, NumberColumns, PANEL, Panel, ROWS, Shape, Tile, Transposed,
    init_layers,
};

/// What goes in, and all that comes out, of the rows of a tile.
#[derive(Debug, Clone, PartialEq)]
struct Result {
    heads: Vec<[f32; 3]>,
    gradient: Vec<f32>,
    by_embedded: Vec<f32>,
}

struct Case {
    shape: Shape,
    embedded: usize,
    rows: usize,
    weights: Vec<Panel>,
    dropout: Option<Dropout>,
    tile: Tile,
}

impl Case {
    fn new(numbers: usize, embedded: usize, hidden: &[usize], rows: usize, dropped: u8) -> Self {
        let shape = Shape::new(numbers, embedded, hidden);
        let mut weights = vec![[0.0; PANEL]; shape.panels()];
        init_layers(&shape, 5, &mut weights);
        for unit in 0..shape.last {
            for head in 0..3 {
                let (panel, index) = shape.head_weight(unit, head);
                weights[panel][index] = even(with(6, (unit * 3 + head) as u64));
            }
        }
        for (layer, units) in shape.layers.iter().zip(hidden) {
            for unit in 0..*units {
                let (panel, index) = layer.bias(unit);
                weights[panel][index] = 0.1 * even(with(7, unit as u64));
            }
        }
        let head_biases = shape.head_biases();
        weights[head_biases][..3].copy_from_slice(&[0.3, -0.2, 0.1]);
        let mut tile = Tile::new(&shape);
        let random = |key: u64, values: &mut [f32]| {
            for (index, value) in values.iter_mut().enumerate() {
                *value = 2.0 * even(with(key, index as u64));
            }
        };
        random(1, &mut tile.numbers);
        random(2, &mut tile.embedded);
        random(3, tile.errors[..3].as_flattened_mut());
        let dropout = Dropout::of_sixteenths(dropped);
        if let Some(dropout) = dropout {
            dropout.draw(&shape, 9, 1000, rows, &mut tile);
        }
        Self { shape, embedded, rows, weights, dropout, tile }
    }

    fn transposed(&self) -> Transposed {
        let mut transposed = Transposed::new(&self.shape);
        transposed.take_heads(&self.shape, &self.weights);
        transposed.take_layers(&self.shape, &self.weights);
        transposed
    }

    /// As it is computed, with these instructions.
    fn run<S: Simd>(&self, simd: S) -> Result {
        self.run_with(simd, None)
    }

    /// The same with numbers that do not lie in the tile.
    fn run_with<S: Simd>(&self, simd: S, numbers: Option<NumberColumns<'_>>) -> Result {
        let mut tile = self.tile.clone();
        let transposed = self.transposed();
        let mut gradient = vec![[0.0; PANEL]; self.shape.panels()];
        let (shape, weights, dropout, rows) = (&self.shape, &self.weights, self.dropout, self.rows);
        let transposed = &transposed;
        let forward =
            Forward { shape, weights, transposed, dropout, numbers, tile: &mut tile, rows };
        forward.with_simd(simd);
        let heads = (0..rows).map(|row| [0, 1, 2].map(|head| tile.heads[head][row])).collect();
        let (tile, gradient_of) = (&mut tile, &mut gradient);
        Backward {
            shape,
            weights,
            transposed,
            dropout,
            numbers,
            tile,
            rows,
            is_first: true,
            gradient: gradient_of,
        }
        .with_simd(simd);
        let width = tile.embedded_width;
        let embedded = tile.by_embedded.chunks(width.max(1)).take(rows);
        let by_embedded = embedded.flat_map(|row| row[..self.embedded].to_vec()).collect();
        Result { heads, gradient: gradient.as_flattened().to_vec(), by_embedded }
    }

    /// In plain loops over unpadded lists.
    fn plain(&self) -> Result {
        let shape = &self.shape;
        let mut gradient = vec![[0.0_f32; PANEL]; shape.panels()];
        let mut result = Result { heads: vec![], gradient: vec![], by_embedded: vec![] };
        for row in 0..self.rows {
            let mut inputs = self.inputs(row);
            let last = inputs.pop().unwrap();
            result.heads.push(self.heads(&last));
            self.add_heads(row, &last, &mut gradient);
            let mut errors = self.errors_of_last(row, &last);
            for layer in shape.layers.iter().rev() {
                let below = inputs.pop().unwrap();
                add_layer(layer, &errors, &below, &mut gradient);
                errors = self.errors_below(layer, &errors, &below, inputs.is_empty());
            }
            result.by_embedded.extend(&errors[errors.len() - self.embedded..]);
        }
        result.gradient = gradient.as_flattened().to_vec();
        result
    }

    fn weight(&self, (panel, index): (usize, usize)) -> f32 {
        self.weights[panel][index]
    }

    fn factor(&self) -> f32 {
        self.dropout.map_or(1.0, Dropout::factor)
    }

    /// What goes into each layer of a row, and the units of the last.
    fn inputs(&self, row: usize) -> Vec<Vec<f32>> {
        let width = self.tile.embedded_width;
        let numbers = self.tile.numbers.chunks(ROWS).map(|column| column[row]);
        let embedded = self.tile.embedded[row * width..][..self.embedded].iter().copied();
        let mut inputs: Vec<Vec<f32>> = vec![numbers.chain(embedded).collect()];
        for (index, layer) in self.shape.layers.iter().enumerate() {
            let below = inputs.last().unwrap();
            let unit = |unit: usize| {
                let mut sum = self.weight(layer.bias(unit));
                for (input, value) in below.iter().enumerate() {
                    sum = value.mul_add(self.weight(layer.weight(input, unit)), sum);
                }
                if sum > 0.0 { sum * self.kept(index, row, unit) } else { 0.0 }
            };
            inputs.push((0..layer.units).map(unit).collect());
        }
        inputs
    }

    /// What dropout multiplies a unit of a layer by.
    fn kept(&self, layer: usize, row: usize, unit: usize) -> f32 {
        let panels = self.shape.layers[layer].panels();
        let bits = self.tile.layers[layer].kept[row * panels + unit / PANEL];
        let is_kept = self.dropout.is_none() || bits >> (unit % PANEL) & 1 == 1;
        if is_kept { self.factor() } else { 0.0 }
    }

    /// The heads of a row with these units of the last layer.
    fn heads(&self, last: &[f32]) -> [f32; 3] {
        [0, 1, 2].map(|head| {
            let mut sum = self.weights[self.shape.head_biases()][head];
            for (unit, value) in last.iter().enumerate() {
                sum = value.mul_add(self.weight(self.shape.head_weight(unit, head)), sum);
            }
            sum
        })
    }

    /// The errors of the heads of a row.
    fn errors(&self, row: usize) -> [f32; 3] {
        [0, 1, 2].map(|head| self.tile.errors[head][row])
    }

    /// Adds a row to the gradient by the heads.
    fn add_heads(&self, row: usize, last: &[f32], gradient: &mut [Panel]) {
        for (head, error) in self.errors(row).into_iter().enumerate() {
            gradient[self.shape.head_biases()][head] += error;
            for (unit, value) in last.iter().enumerate() {
                let (panel, index) = self.shape.head_weight(unit, head);
                let slot = &mut gradient[panel][index];
                *slot = error.mul_add(*value, *slot);
            }
        }
    }

    /// The errors of the units of the last layer.
    fn errors_of_last(&self, row: usize, last: &[f32]) -> Vec<f32> {
        let of_unit = |(unit, value): (usize, &f32)| {
            let mut sum = 0.0;
            for (head, error) in self.errors(row).into_iter().enumerate() {
                sum = error.mul_add(self.weight(self.shape.head_weight(unit, head)), sum);
            }
            // The fourth head.
            sum = 0.0_f32.mul_add(0.0, sum);
            if *value > 0.0 { sum * self.factor() } else { 0.0 }
        };
        last.iter().enumerate().map(of_unit).collect()
    }

    /// The errors of what went into a layer whose units have these errors; the first takes it as it is.
    fn errors_below(
        &self,
        layer: &Layer,
        errors: &[f32],
        below: &[f32],
        is_first: bool,
    ) -> Vec<f32> {
        let of_input = |(input, value): (usize, &f32)| {
            let mut sum = 0.0;
            for (unit, error) in errors.iter().enumerate() {
                sum = error.mul_add(self.weight(layer.weight(input, unit)), sum);
            }
            match (is_first, *value > 0.0) {
                (true, _) => sum,
                (false, true) => sum * self.factor(),
                (false, false) => 0.0,
            }
        };
        below.iter().enumerate().map(of_input).collect()
    }
}

/// Adds a row to the gradient by a layer.
fn add_layer(layer: &Layer, errors: &[f32], below: &[f32], gradient: &mut [Panel]) {
    for (unit, error) in errors.iter().enumerate() {
        let (panel, index) = layer.bias(unit);
        gradient[panel][index] += error;
        for (input, value) in below.iter().enumerate() {
            let (panel, index) = layer.weight(input, unit);
            let slot = &mut gradient[panel][index];
            *slot = value.mul_add(*error, *slot);
        }
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (numbers, embedded, hidden) in [
        (20, 0, &[64, 32][..]),
        (6, 9, &[64, 32]),
        (1, 0, &[1]),
        (0, 3, &[10]),
        (3, 17, &[3, 5, 17, 33]),
        (7, 2, &[100]),
    ] {
        for rows in [1, 3, 4, 7, 8, 13, 37, ROWS] {
            cases.push(Case::new(numbers, embedded, hidden, rows, (rows % 5) as u8));
        }
    }
    cases
}

fn assert_same(got: &Result, expected: &Result, case: &Case) {
    let bits = |values: &[f32]| -> Vec<u32> {
        // Both zeros are one.
        values.iter().map(|value| (value + 0.0).to_bits()).collect()
    };
    let of = format!("{:?}, {} rows", case.shape.layers, case.rows);
    assert_eq!(bits(got.heads.as_flattened()), bits(expected.heads.as_flattened()), "{of}");
    assert_eq!(bits(&got.gradient), bits(&expected.gradient), "{of}");
    assert_eq!(bits(&got.by_embedded), bits(&expected.by_embedded), "{of}");
}

#[test]
fn every_set_of_instructions_gives_the_bits_of_plain_loops() {
    for case in cases() {
        let plain = case.plain();
        assert_same(&case.run(pulp::Scalar::new()), &plain, &case);
        #[cfg(target_arch = "x86_64")]
        {
            struct Run<'a>(&'a Case);
            impl WithSimd for Run<'_> {
                type Output = Result;
                fn with_simd<S: Simd>(self, simd: S) -> Result {
                    self.0.run(simd)
                }
            }
            if let Some(simd) = pulp::x86::V3::try_new() {
                assert_same(&Simd::vectorize(simd, ByRun(&case, simd)), &plain, &case);
            }
            if let Some(simd) = pulp::x86::V4::try_new() {
                assert_same(&Simd::vectorize(simd, ByRun(&case, simd)), &plain, &case);
            }
            assert_same(&pulp::Arch::new().dispatch(Run(&case)), &plain, &case);
        }
    }
}

/// A run inside code that is compiled for its instructions.
struct ByRun<'a, S>(&'a Case, S);

impl<S: Simd> pulp::NullaryFnOnce for ByRun<'_, S> {
    type Output = Result;

    #[inline(always)]
    fn call(self) -> Result {
        self.0.run(self.1)
    }
}

#[test]
fn the_gradient_is_the_slope_of_the_heads() {
    let mut case = Case::new(5, 3, &[9, 6], 40, 0);
    let gradient = case.run(pulp::Scalar::new()).gradient;
    // The loss is the sum of the heads, weighted with what the tile calls errors.
    let loss = |case: &Case| -> f64 {
        let heads = case.run(pulp::Scalar::new()).heads;
        let of_row = |(row, heads): (usize, &[f32; 3])| -> f64 {
            let terms = heads.iter().enumerate();
            terms
                .map(|(head, value)| f64::from(*value) * f64::from(case.tile.errors[head][row]))
                .sum()
        };
        heads.iter().enumerate().map(of_row).sum()
    };
    let mut differ = 0;
    for (index, derivative) in gradient.iter().enumerate() {
        let (panel, lane) = (index / PANEL, index % PANEL);
        let value = case.weights[panel][lane];
        if value == 0.0 {
            continue;
        }
        let mut at = |shift: f32| {
            case.weights[panel][lane] = value + shift;
            loss(&case)
        };
        let slope = (at(1e-3) - at(-1e-3)) / 2e-3;
        case.weights[panel][lane] = value;
        // At a kink of a row the two are not the same.
        differ += usize::from((slope - f64::from(*derivative)).abs() > 0.02 * (1.0 + slope.abs()));
    }
    assert!(differ <= 2, "{differ} of {}", gradient.len());
}

#[test]
fn a_row_has_the_same_bits_wherever_it_stands() {
    let mut case = Case::new(6, 3, &[20, 16], ROWS, 3);
    let all = case.run(pulp::Scalar::new()).heads;
    for (rows, shift) in [(1, 5), (10, 7), (33, 31)] {
        let mut moved = Case::new(6, 3, &[20, 16], rows, 0);
        moved.weights.clone_from(&case.weights);
        moved.dropout = case.dropout;
        for (to, from) in moved.tile.numbers.chunks_mut(ROWS).zip(case.tile.numbers.chunks(ROWS)) {
            to[..rows].copy_from_slice(&from[shift..shift + rows]);
        }
        let width = case.tile.embedded_width;
        moved.tile.embedded[..rows * width]
            .copy_from_slice(&case.tile.embedded[shift * width..][..rows * width]);
        let first = 1000 + shift;
        let dropout = case.dropout.unwrap();
        dropout.draw(&moved.shape, 9, first, rows, &mut moved.tile);
        assert_eq!(moved.run(pulp::Scalar::new()).heads, all[shift..shift + rows]);
    }
    case.dropout = None;
    assert_ne!(case.run(pulp::Scalar::new()).heads, all);
}

#[test]
fn numbers_need_not_lie_in_the_tile() {
    let stride = ROWS + 16;
    for rows in [1, 13, ROWS] {
        let mut case = Case::new(5, 3, &[18, 7], rows, 3);
        let expected = case.run(pulp::Scalar::new());
        let mut values = vec![f32::NAN; 5 * stride];
        for (to, from) in values.chunks_mut(stride).zip(case.tile.numbers.chunks(ROWS)) {
            to[..rows].copy_from_slice(&from[..rows]);
        }
        case.tile.numbers.fill(f32::NAN);
        let numbers = Some(NumberColumns { values: &values, stride });
        assert_eq!(case.run_with(pulp::Scalar::new(), numbers), expected, "{rows}");
    }
}
