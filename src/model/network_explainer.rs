//! Why the network of a model adds what it does for a customer.

use super::feature::{Encoding, Feature};
use super::input::FeatureInput;
use super::network::Network;
use super::network_scorer::{Input, amount_ends};

/// Pieces that the way from the average customer to a customer is cut into.
const PIECES: u32 = 32;

/// A network made ready to say what each feature adds: integrated gradients (Sundararajan, Taly and Yan 2017) on the
/// straight way from the average customer's inputs to a customer's.
///
/// The way is cut into [`PIECES`], and on each a unit counts with the slope of its secant: the share of the piece on which
/// its sum is positive, if that runs straight. (With one piece this is the rescale rule of Shrikumar, Greenside and Kundaje
/// 2017.) So what the features add sums to the difference of the heads whatever the number of pieces, but for rounding;
/// with one hidden layer it is the integral itself, and with more it comes to it as pieces get shorter.
#[derive(Debug, Clone)]
pub(super) struct NetworkExplainer {
    inputs: Vec<Input>,
    /// Of each category the vectors of its levels, and how many numbers one has.
    vectors: Vec<(Vec<f32>, usize)>,
    layers: Vec<ExplainedLayer>,
    heads: Vec<[f64; 3]>,
    biases: [f64; 3],
    /// The first layer's inputs of the average customer.
    average: Vec<f64>,
    /// Of each number where the heads of the amount hold it.
    amount_ends: Vec<[f32; 2]>,
    /// Which feature each of the inputs is of.
    features: Vec<usize>,
}

/// A layer in double precision.
#[derive(Debug, Clone)]
struct ExplainedLayer {
    biases: Vec<f64>,
    /// Input after input, each with one weight a unit.
    weights: Vec<f64>,
}

/// The sums that go into the units of each layer.
type LayerSums = Vec<Vec<f64>>;

impl NetworkExplainer {
    /// Of a network that fits the features. `all_rows` are the training rows, those of levels without weights included.
    pub(super) fn new(network: &Network, features: &[Feature], all_rows: u64) -> Self {
        let inputs: Vec<Input> =
            features.iter().map(|feature| Input::new(&feature.encoding)).collect();
        let vectors =
            network.embeddings.iter().map(|of| (of.vectors.clone(), of.size as usize)).collect();
        let heads = [&network.heads.logit, &network.heads.mu, &network.heads.raw_sigma];
        let units = heads.map(|head| head.weights.len()).into_iter().min().unwrap_or(0);
        let mut explainer = Self {
            inputs,
            vectors,
            layers: Vec::new(),
            heads: (0..units).map(|unit| heads.map(|h| f64::from(h.weights[unit]))).collect(),
            biases: heads.map(|head| f64::from(head.bias)),
            average: Vec::new(),
            amount_ends: amount_ends(features),
            features: Vec::new(),
        };
        (explainer.average, explainer.features) = explainer.average_inputs(features, all_rows);
        let mut width = explainer.average.len();
        for layer in &network.layers {
            explainer.layers.push(ExplainedLayer::new(&layer.biases, &layer.weights, width));
            width = layer.biases.len();
        }
        explainer
    }

    /// What the network adds to the heads of the average customer.
    pub(super) fn of_average(&self) -> [f64; 3] {
        let [logit, ..] = self.heads_at(&self.average);
        let [_, mu, raw_sigma] = self.heads_at(&self.held(&self.average));
        [logit, mu, raw_sigma]
    }

    /// What the network adds to the heads with these inputs.
    fn heads_at(&self, inputs: &[f64]) -> [f64; 3] {
        let sums = self.sums(inputs);
        let mut heads = self.biases;
        for (sum, weights) in sums.last().into_iter().flatten().zip(&self.heads) {
            heads.iter_mut().zip(weights).for_each(|(head, weight)| *head += weight * sum.max(0.0));
        }
        heads
    }

    /// What each feature of a row adds to the heads, beside the average customer; `columns` are those of the features.
    pub(super) fn added(&self, columns: &[FeatureInput<'_>], row: usize) -> Vec<[f64; 3]> {
        let inputs = self.inputs_of(columns, row);
        let mut added = self.added_on_way(&self.average, &inputs);
        let (held_average, held) = (self.held(&self.average), self.held(&inputs));
        if held_average != self.average || held != inputs {
            let of_amount = self.added_on_way(&held_average, &held);
            for ([_, mu, raw_sigma], [_, held_mu, held_raw_sigma]) in
                added.iter_mut().zip(of_amount)
            {
                (*mu, *raw_sigma) = (held_mu, held_raw_sigma);
            }
        }
        added
    }

    /// Inputs as the heads of the amount see them: numbers within their ranges among the payers.
    fn held(&self, inputs: &[f64]) -> Vec<f64> {
        let mut held = inputs.to_vec();
        for (value, [least, most]) in held.iter_mut().zip(&self.amount_ends) {
            *value = value.max(f64::from(*least)).min(f64::from(*most));
        }
        held
    }

    /// What each feature adds to the heads on the straight way between two points.
    fn added_on_way(&self, start: &[f64], end: &[f64]) -> Vec<[f64; 3]> {
        let way: Vec<f64> = end.iter().zip(start).map(|(end, start)| end - start).collect();
        let mut slopes = vec![[0.0; 3]; self.layers.first().map_or(0, |layer| layer.biases.len())];
        let mut from = self.sums(start);
        for piece in 1..=PIECES {
            let share = f64::from(piece) / f64::from(PIECES);
            let at = |(start, way): (&f64, &f64)| start + share * way;
            let inputs: Vec<f64> = start.iter().zip(&way).map(at).collect();
            let to = self.sums(&inputs);
            for (sum, slope) in slopes.iter_mut().zip(self.secants(&from, &to)) {
                sum.iter_mut().zip(slope).for_each(|(sum, slope)| *sum += slope);
            }
            from = to;
        }
        let mut added = vec![[0.0; 3]; self.inputs.len()];
        let Some(first) = self.layers.first() else { return added };
        for ((slope, way), feature) in first.back(&slopes).iter().zip(&way).zip(&self.features) {
            for (sum, slope) in added[*feature].iter_mut().zip(slope) {
                *sum += slope * way / f64::from(PIECES);
            }
        }
        added
    }

    /// The derivatives of the heads by the sums of the first layer, the units' slopes being those of their secants.
    fn secants(&self, from: &LayerSums, to: &LayerSums) -> Vec<[f64; 3]> {
        let mut by_units = self.heads.clone();
        for (number, (from, to)) in from.iter().zip(to).enumerate().rev() {
            for (by_unit, (from, to)) in by_units.iter_mut().zip(from.iter().zip(to)) {
                let slope = secant(*from, *to);
                for head in by_unit.iter_mut() {
                    *head *= slope;
                }
            }
            if number > 0 {
                by_units = self.layers[number].back(&by_units);
            }
        }
        by_units
    }

    /// The sums of all layers.
    fn sums(&self, inputs: &[f64]) -> LayerSums {
        let mut sums: LayerSums = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let of_layer = match sums.last() {
                None => layer.sums(inputs.iter().copied()),
                Some(below) => layer.sums(below.iter().map(|sum| sum.max(0.0))),
            };
            sums.push(of_layer);
        }
        sums
    }

    /// The inputs of a row.
    fn inputs_of(&self, columns: &[FeatureInput<'_>], row: usize) -> Vec<f64> {
        let mut numbers = Vec::new();
        let mut levels = Vec::new();
        let mut vectors = self.vectors.iter();
        for (input, column) in self.inputs.iter().zip(columns) {
            match input {
                Input::Number(standard) => {
                    let value = column.numbers(1).rows(row, 1).first().copied();
                    numbers.push(f64::from(standard.of(value.unwrap_or(f64::NAN))));
                }
                Input::Levels(of) => {
                    let (codes, names) = column.codes();
                    let index = codes.get(row).and_then(|code| of.of_code(*code, names));
                    let Some((vectors, size)) = vectors.next() else { continue };
                    let vector = index.and_then(|p| vectors.chunks(*size).nth(p as usize));
                    let zeros = std::iter::repeat_n(0.0, *size);
                    match vector {
                        Some(vector) => levels.extend(vector.iter().copied().map(f64::from)),
                        None => levels.extend(zeros),
                    }
                }
            }
        }
        numbers.extend(levels);
        numbers
    }

    /// The inputs of the average customer: every number at its mean, of a category the average of the training rows'
    /// vectors; and which feature each is of.
    fn average_inputs(&self, features: &[Feature], all_rows: u64) -> (Vec<f64>, Vec<usize>) {
        let mut numbers = Vec::new();
        let mut levels = Vec::new();
        let mut vectors = self.vectors.iter();
        for (index, (feature, input)) in features.iter().zip(&self.inputs).enumerate() {
            match (&feature.encoding, input) {
                (Encoding::Categorical { rows, .. }, _) => {
                    let Some((vectors, size)) = vectors.next() else { continue };
                    let average = average_vector(vectors, *size, rows, all_rows);
                    levels.extend(average.into_iter().map(|average| (average, index)));
                }
                (_, Input::Number(standard)) => {
                    numbers.push((f64::from(standard.of(f64::NAN)), index));
                }
                _ => (),
            }
        }
        numbers.into_iter().chain(levels).unzip()
    }
}

/// The slope of the line between two points of a unit: 1 where both sums are positive, 0 where neither is.
fn secant(from: f64, to: f64) -> f64 {
    match (from > 0.0, to > 0.0) {
        (true, true) => 1.0,
        (false, false) => 0.0,
        (true, false) => from / (from - to),
        (false, true) => to / (to - from),
    }
}

/// The average of the vectors of the training rows' levels; a level without one has zeros.
fn average_vector(vectors: &[f32], size: usize, rows: &[u64], all_rows: u64) -> Vec<f64> {
    let known = rows.iter().fold(0_u64, |sum, rows| sum.saturating_add(*rows));
    let all = known.max(all_rows).max(1) as f64;
    let mut average = vec![0.0; size];
    for (vector, rows) in vectors.chunks(size.max(1)).zip(rows) {
        let share = *rows as f64 / all;
        average.iter_mut().zip(vector).for_each(|(sum, value)| *sum += share * f64::from(*value));
    }
    average
}

impl ExplainedLayer {
    /// Of weights unit after unit.
    fn new(biases: &[f32], weights: &[f32], inputs: usize) -> Self {
        let units = biases.len();
        let at = |index: usize| f64::from(weights[index % units * inputs + index / units]);
        Self {
            biases: biases.iter().copied().map(f64::from).collect(),
            weights: (0..units * inputs).map(at).collect(),
        }
    }

    fn units(&self) -> usize {
        self.biases.len()
    }

    /// What goes into the units: vectorised over them, never over the sum.
    fn sums(&self, inputs: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut sums = self.biases.clone();
        for (input, weights) in inputs.zip(self.weights.chunks_exact(self.units().max(1))) {
            sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight * input);
        }
        sums
    }

    /// The derivatives by the inputs, of those by the sums.
    fn back(&self, by_sums: &[[f64; 3]]) -> Vec<[f64; 3]> {
        let of_input = |weights: &[f64]| {
            let mut sums = [0.0; 3];
            for (weight, by_sum) in weights.iter().zip(by_sums) {
                sums.iter_mut().zip(by_sum).for_each(|(sum, by)| *sum += weight * by);
            }
            sums
        };
        self.weights.chunks_exact(self.units().max(1)).map(of_input).collect()
    }
}
