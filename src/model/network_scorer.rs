//! Prediction with the network of a model.

use std::collections::HashMap;
use std::ops::Range as Rows;

use foldhash::fast::RandomState;

use super::columns::ROWS;
use super::feature::{Encoding, Feature};
use super::input::FeatureInput;
use super::network::Network;
use super::network_parts::NetworkParts;
use super::range::Range;
use super::standardizer::Standardizer;
use crate::math::{Blocks, dispatch, dispatch_simd};
use crate::net::deep::{Embedding, HeldForward, ROWS as TILE_ROWS, Tile, Transposed};

/// A network made ready for prediction.
#[derive(Debug, Clone)]
pub(super) struct NetworkScorer {
    parts: NetworkParts,
    transposed: Transposed,
    inputs: Vec<Input>,
    /// Of each number where the heads of the amount hold it.
    amount_ends: Vec<[f32; 2]>,
}

/// How a feature goes into a network.
#[derive(Debug, Clone)]
pub(super) enum Input {
    Number(HeldNumber),
    /// Where the vectors of the levels lie.
    Levels(LevelIndices),
}

/// A number is held within a range, and then standardised as in training.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeldNumber {
    mean: f64,
    range: Range,
    standard: Standardizer,
}

#[derive(Debug, Clone)]
pub(super) struct LevelIndices {
    null: Option<u32>,
    known: HashMap<Box<str>, u32, RandomState>,
}

impl HeldNumber {
    #[inline(always)]
    pub(super) fn of(self, x: f64) -> f32 {
        let x = if x.abs() < f64::INFINITY { x } else { self.mean };
        self.standard.of(self.range.hold(x))
    }
}

impl LevelIndices {
    fn index(&self, level: Option<&str>) -> Option<u32> {
        match level {
            Some(name) => self.known.get(name).copied(),
            None => self.null,
        }
    }

    pub(super) fn of_code(&self, code: u32, levels: &[Option<&str>]) -> Option<u32> {
        self.index(*levels.get(code as usize)?)
    }
}

impl NetworkScorer {
    pub(super) fn new(network: &Network, features: &[Feature]) -> Self {
        let parts = network.to_parts(features);
        let mut transposed = Transposed::forward(&parts.shape);
        transposed.take_heads(&parts.shape, &parts.weights);
        let inputs = features.iter().map(|feature| Input::new(&feature.encoding)).collect();
        Self { parts, transposed, inputs, amount_ends: amount_ends(features) }
    }

    /// About how many bytes it takes.
    #[cfg(any(feature = "datafusion", feature = "polars"))]
    pub(super) fn bytes(&self) -> usize {
        let numbers = self.parts.vectors.iter().map(Vec::len).sum::<usize>();
        size_of_val(&*self.parts.weights) + numbers * size_of::<f32>()
    }

    /// The columns of the model's features, and room to work in.
    pub(super) fn columns<'a>(
        &'a self,
        columns: &[FeatureInput<'a>],
        rows: usize,
    ) -> NetworkColumns<'a> {
        let (mut numbers, mut levels) = (Vec::new(), Vec::new());
        for (input, column) in self.inputs.iter().zip(columns) {
            match input {
                Input::Number(standard) => numbers.push((column.numbers(ROWS), *standard)),
                Input::Levels(of) => levels.push(LevelColumn::new(of, *column, rows)),
            }
        }
        let tile = Tile::forward(&self.parts.shape);
        NetworkColumns { network: self, numbers, levels, tile }
    }

    fn predict(&self, tile: &mut Tile, rows: usize) {
        let Self { parts, transposed, amount_ends, .. } = self;
        let NetworkParts { shape, weights, .. } = parts;
        dispatch_simd(HeldForward { shape, weights, transposed, amount_ends, tile, rows });
    }
}

/// Of each number of the features where the heads of the amount hold it: see [`Encoding::payer_ends`].
pub(crate) fn amount_ends(features: &[Feature]) -> Vec<[f32; 2]> {
    features.iter().filter_map(|feature| feature.encoding.payer_ends()).collect()
}

impl Input {
    pub(super) fn new(encoding: &Encoding) -> Self {
        match encoding {
            Encoding::Numeric { mean, scale, range, .. } => Self::Number(HeldNumber {
                mean: *mean,
                range: range.unwrap_or(Range::ALL),
                standard: Standardizer::new(*mean, *scale),
            }),
            Encoding::Categorical { levels, .. } => {
                let mut of = LevelIndices { null: None, known: HashMap::default() };
                for (level, index) in levels.iter().zip(0..) {
                    match level {
                        Some(name) => {
                            of.known.insert(name.as_str().into(), index);
                        }
                        None => of.null = Some(index),
                    }
                }
                Self::Levels(of)
            }
        }
    }
}

/// A column of codes, and where the vectors of what they mean lie.
struct LevelColumn<'a> {
    codes: &'a [u32],
    indices: Indices,
}

enum Indices {
    OfCode(Vec<Option<u32>>),
    /// Where the levels outnumber the rows.
    OfRow(Vec<Option<u32>>),
}

impl<'a> LevelColumn<'a> {
    fn new(of: &LevelIndices, column: FeatureInput<'a>, rows: usize) -> Self {
        let (codes, levels) = column.codes();
        let indices = if levels.len() <= rows {
            Indices::OfCode(levels.iter().map(|level| of.index(*level)).collect())
        } else {
            Indices::OfRow(codes.iter().take(rows).map(|code| of.of_code(*code, levels)).collect())
        };
        Self { codes, indices }
    }

    fn index(&self, row: usize) -> Option<usize> {
        let index = match &self.indices {
            Indices::OfCode(indices) => indices.get(*self.codes.get(row)? as usize),
            Indices::OfRow(indices) => indices.get(row),
        };
        index.copied().flatten().map(|index| index as usize)
    }
}

/// The columns that a network predicts from.
pub(super) struct NetworkColumns<'a> {
    network: &'a NetworkScorer,
    numbers: Vec<(Blocks<'a>, HeldNumber)>,
    levels: Vec<LevelColumn<'a>>,
    tile: Tile,
}

impl NetworkColumns<'_> {
    /// Adds what the network says of the rows, at most [`ROWS`] of them.
    pub(super) fn add(&mut self, heads: &mut [&mut [f64]; 3], rows: &Rows<usize>) {
        for start in rows.clone().step_by(TILE_ROWS) {
            let rows = TILE_ROWS.min(rows.end - start);
            self.load(start, rows);
            self.network.predict(&mut self.tile, rows);
            let within = start % ROWS;
            for (head, added) in heads.iter_mut().zip(&self.tile.heads) {
                for (head, added) in head[within..].iter_mut().zip(&added[..rows]) {
                    *head += f64::from(*added);
                }
            }
        }
    }

    fn load(&mut self, start: usize, rows: usize) {
        let Self { network, numbers, levels, tile } = self;
        for ((blocks, standard), to) in
            numbers.iter_mut().zip(tile.numbers.chunks_exact_mut(TILE_ROWS))
        {
            let (values, standard) = (blocks.rows(start, rows), *standard);
            dispatch(
                #[inline(always)]
                || {
                    for (to, x) in to.iter_mut().zip(values) {
                        *to = standard.of(*x);
                    }
                },
            );
        }
        let NetworkParts { embeddings, vectors, .. } = &network.parts;
        let width = tile.embedded_width;
        for ((column, embedding), vectors) in levels.iter().zip(embeddings).zip(vectors) {
            let embedding: &Embedding = embedding;
            let indices = (start..start + rows).map(|row| column.index(row));
            embedding.gather(vectors, indices, width, &mut tile.embedded[..rows * width]);
        }
    }
}
