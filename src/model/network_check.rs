//! The checks of a network that was read.

use super::feature::Feature;
use super::network::{
    Borrowed, MOST_LAYERS, MOST_UNITS, Network, NetworkState, NetworkValues, categories,
    number_count,
};
use super::problem::problem;
use super::state::{AMOUNT_SCALES, MOST_LEVEL_STEPS, MOST_STEPS};
use crate::Result;
use crate::error::quoted;
use crate::net::deep::MOST_EMBEDDED;

impl Network {
    /// Checks that the network fits the features and holds nothing but finite numbers.
    ///
    /// # Errors
    /// [`Error::Model`](crate::Error::Model) that says what does not fit.
    pub(crate) fn check(&self, features: &[Feature]) -> Result<()> {
        self.borrowed().check(features)?;
        match &self.state {
            Some(state) => state.check(&self.units(), features),
            None => Ok(()),
        }
    }
}

impl NetworkState {
    fn check(&self, units: &[usize], features: &[Feature]) -> Result<()> {
        for values in [&self.weights, &self.first, &self.second] {
            values.borrowed().check(features)?;
        }
        let all = [&self.weights, &self.first, &self.second];
        let of_layers = |values: &NetworkValues| -> Vec<usize> {
            values.layers.iter().map(|layer| layer.biases.len()).collect()
        };
        let sizes = |values: &NetworkValues| -> Vec<u64> {
            values.embeddings.iter().map(|vectors| vectors.size).collect()
        };
        let levels: Vec<usize> = categories(features).map(|(_, levels)| levels).collect();
        let counted: Vec<usize> = self.level_steps.iter().map(Vec::len).collect();
        let sound = all.iter().all(|values| of_layers(values) == units)
            && all.iter().all(|values| sizes(values) == sizes(&self.weights))
            && self.second.borrowed().numbers().all(|square| square >= 0.0)
            && counted == levels
            && self.head_biases.iter().flatten().all(|bias| bias.is_finite())
            && [self.epochs, self.steps].iter().all(|&count| count <= MOST_STEPS)
            && self.level_steps.iter().flatten().all(|&steps| steps <= MOST_LEVEL_STEPS)
            && AMOUNT_SCALES.contains(&self.amount_scale);
        if sound {
            Ok(())
        } else {
            Err(problem("the state of the network does not fit it".to_owned()))
        }
    }
}

impl<'a> Borrowed<'a> {
    /// Checks that the numbers fit the features and are finite.
    fn check(self, features: &[Feature]) -> Result<()> {
        let mut inputs = number_count(features) as u64 + self.check_embeddings(features)?;
        if !(1..=MOST_LAYERS).contains(&self.layers.len()) {
            let layers = self.layers.len();
            return Err(problem(format!(
                "the network has {layers} layers, not 1 to {MOST_LAYERS}"
            )));
        }
        for (number, layer) in self.layers.iter().enumerate() {
            let (units, weights) = (layer.biases.len(), layer.weights.len());
            if !(1..=MOST_UNITS).contains(&units) {
                return Err(problem(format!(
                    "layer {number} of the network has {units} units, not 1 to {MOST_UNITS}"
                )));
            }
            // At most 1,024 units and inputs that are there.
            if weights as u64 != units as u64 * inputs {
                return Err(problem(format!(
                    "layer {number} of the network has {weights} weights, and {units} units of {inputs} inputs need {}",
                    units as u64 * inputs
                )));
            }
            inputs = units as u64;
        }
        for (name, head) in ["logit", "mu", "raw_sigma"].into_iter().zip(self.heads.all()) {
            if head.weights.len() as u64 != inputs {
                return Err(problem(format!(
                    "head `{name}` of the network has {} weights, and the last layer {inputs} units",
                    head.weights.len()
                )));
            }
        }
        if self.numbers().all(f32::is_finite) {
            return Ok(());
        }
        Err(problem("a weight of the network is not finite".to_owned()))
    }

    /// Returns how many numbers the vectors of a row have.
    fn check_embeddings(self, features: &[Feature]) -> Result<u64> {
        let of_categories = categories(features);
        let mut given = self.embeddings.iter();
        let mut inputs = 0;
        for (name, levels) in of_categories {
            let Some(vectors) = given.next().filter(|vectors| vectors.feature == name) else {
                return Err(problem(format!(
                    "the network has no embedding of feature `{}` in its place",
                    quoted(name)
                )));
            };
            let needed = vectors.size.checked_mul(levels as u64);
            if !(1..=MOST_UNITS as u64).contains(&vectors.size)
                || needed != Some(vectors.vectors.len() as u64)
            {
                return Err(problem(format!(
                    "the embedding of feature `{}` has {} numbers, and {levels} levels of size {} came; the size is from 1 to {MOST_UNITS}",
                    quoted(name),
                    vectors.vectors.len(),
                    vectors.size
                )));
            }
            inputs += vectors.size;
        }
        if inputs > MOST_EMBEDDED as u64 {
            return Err(problem(format!(
                "the levels of a row have {inputs} numbers together, and at most {MOST_EMBEDDED} may come"
            )));
        }
        match given.next() {
            None => Ok(inputs),
            Some(more) => Err(problem(format!(
                "the network has an embedding of `{}`, which is no categorical feature in its place",
                quoted(&more.feature)
            ))),
        }
    }

    /// All of them.
    fn numbers(self) -> impl Iterator<Item = f32> + 'a {
        let vectors = self.embeddings.iter().flat_map(|of_levels| &of_levels.vectors);
        let layers = self.layers.iter().flat_map(|layer| layer.weights.iter().chain(&layer.biases));
        let heads = self.heads.all().into_iter();
        let heads = heads.flat_map(|head| head.weights.iter().chain([&head.bias]));
        vectors.chain(layers).chain(heads).copied()
    }
}
