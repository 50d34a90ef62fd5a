//! The training layout: standardised columns in single precision, one batch after the other.

use rayon::prelude::*;

use super::category::{learn_levels, pack_category};
use super::layout::BatchLayout;
use super::moments::{NumberLearner, in_safe_units};
use super::number::{LearntNumber, learn_number};
use super::standardize::write_standardized;
use crate::family::{LossTerm, Marginal, SampleSize, TargetTile, marginal};
use crate::fit::rows::{Order, Table, gather};
use crate::math::{TILE, dispatch, ln, padded_rows};
use crate::model::{Encoding, Feature, Range, Standardizer};
use crate::net::{Batch, ColumnPieces, Inputs, TileRows, hold};

/// Fewer values than this are packed on one thread.
const PARALLEL_VALUES: usize = 1 << 18;

/// A weight is at least this, the mean of all being 1: the weights of the payers alone must have a sum, too.
const LEAST_WEIGHT: f64 = 1e-30;

/// Rows ready for training.
#[derive(Debug)]
pub(in crate::fit) struct Packed {
    pub(in crate::fit) batches: Vec<Batch>,
    /// The encoded features.
    pub(in crate::fit) inputs: Inputs,
    /// The weight of each packed row, scaled to a mean of 1; padding is 0. `None` where every row counts once.
    pub(in crate::fit) weight: Option<Vec<f64>>,
    /// The logarithm of the label of each packed payer.
    pub(in crate::fit) log_amount: Vec<f64>,
    /// What the scaled weights sum to: the number of rows.
    pub(in crate::fit) weight_sum: f64,
    /// What the scaled weights of the payers sum to.
    pub(in crate::fit) payer_weight_sum: f64,
    /// How many observations a row with the scaled weight 1 stands for.
    pub(in crate::fit) repeats: f64,
}

/// The labels and weights of rows, in the order of a layout.
#[derive(Debug)]
pub(in crate::fit) struct Targets<'a> {
    pub(in crate::fit) labels: &'a [f64],
    /// `None` where every row counts once.
    pub(in crate::fit) weights: Option<Vec<f64>>,
}

impl<'a> Targets<'a> {
    pub(in crate::fit) fn gather(table: &Table<'_>, layout: &'a BatchLayout) -> Self {
        let mut weights = Vec::new();
        let weighted = gather::weights(table, &layout.rows, &mut weights);
        Self { labels: &layout.labels, weights: weighted.then_some(weights) }
    }

    /// How many observations a row stands for, on average.
    ///
    /// That is the mean weight, since a weight of 2 counts as the row twice; but weights are often known only up to
    /// a factor, so it is kept between what uneven weights leave of the rows (Kish's effective sample size) and ten
    /// times that.
    fn repeats(&self) -> f64 {
        let Some(weights) = &self.weights else { return 1.0 };
        // In units of the greatest, so that no square overflows or vanishes.
        let greatest = greatest(weights);
        let (mut sum, mut squares) = (0.0, 0.0);
        for weight in weights {
            let weight = weight / greatest;
            sum += weight;
            squares += weight * weight;
        }
        let rows = weights.len() as f64;
        let effective = sum * sum / squares / rows;
        if !effective.is_finite() {
            return 1.0;
        }
        (sum / rows * greatest).clamp(effective, 10.0 * effective)
    }

    /// What the weights sum to, at most the greatest double: a model holds no infinite number.
    pub(in crate::fit) fn weight_sum(&self) -> f64 {
        match &self.weights {
            Some(weights) => weights.iter().sum::<f64>().min(f64::MAX),
            None => self.labels.len() as f64,
        }
    }
}

/// Replaces each value by its logarithm.
fn take_logarithms(values: &mut [f64]) {
    dispatch(
        #[inline(always)]
        || {
            for value in values {
                *value = ln(*value);
            }
        },
    );
}

fn greatest(weights: &[f64]) -> f64 {
    weights.iter().copied().fold(0.0, f64::max)
}

/// What is known of the encodings before the rows are seen.
pub(in crate::fit) struct Known<'a> {
    /// The features of the model that training continues from.
    pub(in crate::fit) features: Option<&'a [Feature]>,
    /// Rows a level needs.
    pub(in crate::fit) min_count: u64,
}

/// Packs the training rows and learns the encodings from them, or takes known ones.
pub(in crate::fit) fn pack_training(
    table: &Table<'_>,
    layout: &BatchLayout,
    targets: &Targets<'_>,
    known: &Known<'_>,
) -> Learnt {
    let weights = targets.weights.as_deref().map(in_safe_units);
    let weights = weights.as_deref();
    let order = Order::new(table, &layout.rows);
    let mut packed = Packed::empty(table, layout, targets);
    let known_encoding = |feature: usize| Some(&known.features?.get(feature)?.encoding);
    let pack = |(feature, mut out): (usize, ColumnPieces<'_>), values: &mut Vec<f64>| {
        let mut learner = NumberLearner::new(weights);
        gather::numbers(table, feature, &order, values, |values| learner.add(values));
        let learnt = learn_number(values, &learner, layout, known_encoding(feature));
        if let Encoding::Numeric { mean, scale, .. } = learnt.encoding {
            write_standardized(values, Standardizer::new(mean, scale), layout, &mut out);
        }
        (feature, learnt)
    };
    let learnt: Vec<(usize, LearntNumber)> = packed.each_number(table, pack);
    let mut ranges = vec![None; table.features.len()];
    let mut encodings = Vec::with_capacity(table.features.len());
    for (feature, LearntNumber { encoding, all }) in learnt {
        ranges[feature] = Some(all);
        encodings.push((feature, encoding));
    }
    for feature in categorical(table) {
        let known_levels = match known_encoding(feature) {
            Some(Encoding::Categorical { levels, .. }) => levels.as_slice(),
            _ => &[],
        };
        let encoding = learn_levels(table, feature, &layout.rows, known_levels, known.min_count);
        if let Encoding::Categorical { levels, .. } = &encoding {
            let offset = packed.inputs.level_count;
            let category = pack_category(table, feature, levels, offset, layout);
            packed.inputs.push_category(category, levels.len());
        }
        encodings.push((feature, encoding));
    }
    encodings.sort_unstable_by_key(|&(feature, _)| feature);
    let encodings = encodings.into_iter().map(|(_, encoding)| encoding).collect();
    Learnt { packed, encodings, ranges }
}

/// What [`pack_training`] made and learnt.
pub(in crate::fit) struct Learnt {
    pub(in crate::fit) packed: Packed,
    pub(in crate::fit) encodings: Vec<Encoding>,
    /// Of each numeric feature the range of its values, absurd ones included.
    pub(in crate::fit) ranges: Vec<Option<Range>>,
}

/// Which heads rows are packed for: they hold numbers in different ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fit) enum PackedFor {
    /// The logit head.
    Paying,
    /// The heads of the amount.
    Amount,
}

impl PackedFor {
    /// For the heads of terms that are trained together: all are held as the logit head is, if that is among them.
    pub(in crate::fit) fn of(terms: &[LossTerm]) -> Self {
        if terms.contains(&LossTerm::Paying) { Self::Paying } else { Self::Amount }
    }
}

/// Packs rows with encodings learnt elsewhere.
pub(in crate::fit) fn pack_encoded(
    table: &Table<'_>,
    layout: &BatchLayout,
    targets: &Targets<'_>,
    encodings: &[Encoding],
    packed_for: PackedFor,
) -> Packed {
    let order = Order::new(table, &layout.rows);
    let mut packed = Packed::empty(table, layout, targets);
    packed.each_number(table, |(feature, mut out), values| {
        gather::numbers(table, feature, &order, values, |_| ());
        if let Some(Encoding::Numeric { mean, scale, range, payer_range }) = encodings.get(feature)
        {
            let range = if packed_for == PackedFor::Paying { range } else { payer_range };
            let range = range.unwrap_or(Range::ALL);
            for value in values.iter_mut() {
                *value = range.hold(if value.is_finite() { *value } else { *mean });
            }
            write_standardized(values, Standardizer::new(*mean, *scale), layout, &mut out);
        }
    });
    for feature in categorical(table) {
        if let Some(Encoding::Categorical { levels, .. }) = encodings.get(feature) {
            let offset = packed.inputs.level_count;
            let category = pack_category(table, feature, levels, offset, layout);
            packed.inputs.push_category(category, levels.len());
        }
    }
    packed
}

fn numeric(table: &Table<'_>) -> impl Iterator<Item = usize> {
    (0..table.features.len()).filter(|&feature| table.features[feature].levels.is_none())
}

fn categorical(table: &Table<'_>) -> impl Iterator<Item = usize> {
    (0..table.features.len()).filter(|&feature| table.features[feature].levels.is_some())
}

impl Packed {
    /// With the labels and weights, and room for the features.
    fn empty(table: &Table<'_>, layout: &BatchLayout, targets: &Targets<'_>) -> Self {
        let mut packed = Self {
            batches: layout.batches.clone(),
            inputs: Inputs::new(numeric(table).count(), layout.packed_rows),
            weight: targets.weights.as_ref().map(|_| vec![0.0; layout.packed_rows]),
            log_amount: vec![1.0; layout.packed_payers],
            weight_sum: 0.0,
            payer_weight_sum: 0.0,
            repeats: targets.repeats(),
        };
        packed.write_targets(targets);
        packed
    }

    /// Holds the values of a standardised column between two ends; returns whether one of the rows changed.
    pub(in crate::fit) fn hold(&mut self, column: usize, ends: [f32; 2]) -> bool {
        let mut changed = false;
        for batch in &self.batches {
            for value in self.inputs.number_mut(batch, column) {
                let held = hold(*value, ends);
                changed |= held != *value;
                *value = held;
            }
        }
        changed
    }

    /// The weights of the rows of a tile; padding has 0.
    #[inline(always)]
    pub(in crate::fit) fn tile_weight(&self, tile: &TileRows<'_>) -> [f64; TILE] {
        let mut weight = [0.0; TILE];
        self.read_tile_weight(tile, &mut weight);
        weight
    }

    /// The same into a tile that there is, up to the padding: where that is done often, to return it would be to copy it.
    #[inline(always)]
    pub(in crate::fit) fn read_tile_weight(&self, tile: &TileRows<'_>, weight: &mut [f64; TILE]) {
        match &self.weight {
            Some(weights) => weight[..tile.rows].copy_from_slice(&weights[tile.range()]),
            None => weight[..tile.rows].fill(1.0),
        }
        weight[tile.rows..padded_rows(tile.rows)].fill(0.0);
    }

    /// What the weights of the rows that a term depends on sum to.
    pub(in crate::fit) fn weight_of(&self, payers_only: bool) -> f64 {
        if payers_only { self.payer_weight_sum } else { self.weight_sum }
    }

    /// The share of the payers, by weight.
    pub(in crate::fit) fn payer_share(&self) -> f64 {
        self.payer_weight_sum / self.weight_sum
    }

    /// What is known of the rows of a tile, which have these weights.
    #[inline(always)]
    pub(in crate::fit) fn targets<'a>(
        &'a self,
        tile: &TileRows<'_>,
        weight: &'a [f64; TILE],
    ) -> TargetTile<'a> {
        let first_payer = tile.batch.first_payer + tile.start;
        let log_amount = self.log_amount.get(first_payer..).unwrap_or(&[]);
        TargetTile { count: tile.padded(), weight, payers: tile.payers(), log_amount }
    }

    /// The fit without features.
    pub(in crate::fit) fn marginal(&self) -> Marginal {
        let size = SampleSize {
            rows: self.batches.iter().map(|batch| batch.rows).sum(),
            payers: self.batches.iter().map(|batch| batch.payers).sum(),
            weight: self.weight_sum,
            payer_weight: self.payer_weight_sum,
            repeats: self.repeats,
        };
        let log_amounts = self.batches.iter().flat_map(|batch| {
            let amounts = self.log_amount.iter().skip(batch.first_payer).take(batch.payers);
            amounts.enumerate().map(|(payer, &log_amount)| {
                let weight = self.weight.as_ref().map_or(1.0, |w| w[batch.start + payer]);
                (log_amount, weight)
            })
        });
        marginal(size, log_amounts)
    }

    fn write_targets(&mut self, targets: &Targets<'_>) {
        let rows = targets.labels.len() as f64;
        let sum = |unit: f64| -> f64 {
            targets.weights.as_ref().map_or(rows, |weights| weights.iter().map(|w| w / unit).sum())
        };
        // A sum that is near the end of the numbers is taken in units of the greatest weight.
        let unit = match &targets.weights {
            Some(weights) if !(1e-200..1e200).contains(&sum(1.0)) => greatest(weights),
            _ => 1.0,
        };
        // Exactly 1 where all weights are: a weight of 1 is none.
        let to_mean_one = rows / sum(unit);
        let mut index = 0;
        for batch in &self.batches {
            for row in 0..batch.rows {
                let raw = targets.weights.as_ref().and_then(|weights| weights.get(index));
                let weight = raw.map_or(1.0, |raw| (raw / unit * to_mean_one).max(LEAST_WEIGHT));
                if let Some(slot) =
                    self.weight.as_mut().and_then(|weights| weights.get_mut(batch.start + row))
                {
                    *slot = weight;
                }
                self.weight_sum += weight;
                if row < batch.payers {
                    self.payer_weight_sum += weight;
                    let label = targets.labels.get(index).copied().unwrap_or(1.0);
                    if let Some(slot) = self.log_amount.get_mut(batch.first_payer + row) {
                        *slot = label;
                    }
                }
                index += 1;
            }
        }
        // Padding is 1 until here, and 0 from here.
        take_logarithms(&mut self.log_amount);
    }

    /// Calls `pack` for every numeric feature with its packed column and a buffer, in parallel where that pays.
    fn each_number<R: Send>(
        &mut self,
        table: &Table<'_>,
        pack: impl Fn((usize, ColumnPieces<'_>), &mut Vec<f64>) -> R + Sync,
    ) -> Vec<R> {
        let parallel = self.inputs.len() >= PARALLEL_VALUES;
        let columns = self.inputs.columns_mut(&self.batches);
        let tasks: Vec<(usize, ColumnPieces<'_>)> = numeric(table).zip(columns).collect();
        if parallel {
            // Few large pieces, because every piece has a buffer of its own.
            let piece = tasks.len().div_ceil(rayon::current_num_threads());
            let tasks = tasks.into_par_iter().with_min_len(piece);
            tasks.map_init(Vec::new, |buffer, task| pack(task, buffer)).collect()
        } else {
            let mut buffer = Vec::new();
            tasks.into_iter().map(|task| pack(task, &mut buffer)).collect()
        }
    }
}
