//! Training one model from beginning to end.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::automatic;
use super::gradient::{AmountLoss, PayingLoss, sigma_prior_value};
use super::guard::guard;
use super::history;
use super::layout::deal;
use super::marginal::{Marginal, marginal};
use super::network::{Linear, train_network};
use super::optimizer::RateTable;
use super::options::Options;
use super::order::{Hashed, canonical_order};
use super::pack::{Known, Learnt, Packed, PackedFor, Targets, pack_encoded, pack_training};
use super::part::{Part, PartValues, Plan};
use super::standardize::standardized;
use super::survey::survey;
use super::table::{RowId, Table};
use super::total::{self, Totals, totals};
use super::usable::Usable;
use super::warm_start;
use super::warnings::Seen;
use crate::Result;
use crate::math::ln;
use crate::model::{
    AMOUNT_SCALES, Bounds, Encoding, Feature, History, L2, Model, NetworkParts, OptionsInForce, Range,
    SigmaPrior, StopReason, Training, Weights,
};

/// Packed values from which on the two parts are trained on two threads.
const PARALLEL_VALUES: usize = 1 << 17;

/// How often training is tried, with ever smaller steps.
const ATTEMPTS: u32 = 4;

/// Rows a batch of the held-out rows.
const VALIDATION_BATCH: usize = 4096;

/// Trains a model on rows of a table.
///
/// Returns `None` if no row has a positive label. The result depends on the content of the rows, the seed and the
/// options alone; see the module's documentation.
///
/// # Errors
/// [`Error::Option`](crate::Error::Option) if option `init` is a model with other features, or one from which training
/// does not come to finite numbers.
///
/// ```
/// use ziln::fit::{Chunk, FeatureColumn, Options, RowId, Table, Values, fit};
///
/// let label = [0.0, 5.0, 0.0, 20.0, 0.0, 9.0];
/// let visits = [1.0, 4.0, 2.0, 9.0, 1.0, 6.0];
/// let table = Table {
///     features: vec![FeatureColumn { name: "visits", levels: None }],
///     chunks: vec![Chunk { label: &label, weight: None, features: vec![Values::Numbers(&visits)] }],
/// };
/// let rows: Vec<RowId> = (0..6).map(|row| RowId { chunk: 0, row }).collect();
/// let model = fit(&table, &rows, &Options::default())?.expect("three of the customers pay");
/// assert_eq!(model.training().payers, 3);
/// assert!(model.head_weights().logit.weights[0] > 0.0);
/// # Ok::<(), ziln::Error>(())
/// ```
pub fn fit(table: &Table<'_>, rows: &[RowId], options: &Options) -> Result<Option<Model>> {
    let Some((usable, rows)) = Usable::of(table, rows, options) else { return Ok(None) };
    let known = warm_start::known_features(table, options)?;
    let split = Split::of(table, &usable, rows, options);
    let session = Session::new(table, &usable, split, options, known.as_deref());
    let model = session.train();
    if !model.is_finite() && options.has_init() {
        return Err(warm_start::leads_nowhere());
    }
    Ok(Some(model).filter(Model::is_finite))
}

/// The rows in canonical order, in two parts.
struct Split {
    /// All rows, for a network.
    ordered: Vec<Hashed>,
    training: Vec<RowId>,
    /// The labels of the training rows.
    labels: Vec<f64>,
    validation: Vec<RowId>,
}

impl Split {
    /// Holds out the rows whose hash falls into the fraction; none if that would leave one of the parts without
    /// rows or the training without a payer.
    fn of(table: &Table<'_>, usable: &Usable, rows: Vec<RowId>, options: &Options) -> Self {
        let ordered = canonical_order(table, &rows, options.seed);
        drop(rows);
        // 2^64 times the fraction; the cast saturates.
        let bound = (options.validation_fraction * 18_446_744_073_709_551_616.0) as u64;
        let held_out = ordered.partition_point(|row| row.hash < bound);
        let (validation, training) = ordered.split_at(held_out);
        let mut split = Self::new(table, usable, training, validation);
        if held_out > 0 && split.labels.iter().all(|&label| label <= 0.0) {
            split = Self::new(table, usable, &ordered, &[]);
        }
        if options.network.is_some() {
            split.ordered = ordered;
        }
        split
    }

    fn new(table: &Table<'_>, usable: &Usable, training: &[Hashed], validation: &[Hashed]) -> Self {
        let rows = |part: &[Hashed]| part.iter().map(|row| row.row).collect::<Vec<RowId>>();
        let training = rows(training);
        let labels = usable.labels(table, &training);
        Self { ordered: Vec::new(), training, labels, validation: rows(validation) }
    }
}

/// The held-out rows, for each part as it holds numbers.
struct Validation {
    paying: Packed,
    amount: Packed,
}

/// Everything a training works with.
struct Session<'a> {
    table: &'a Table<'a>,
    options: &'a Options,
    usable: &'a Usable,
    /// All rows in canonical order, for a network.
    ordered: Vec<Hashed>,
    training_rows: usize,
    packed: Packed,
    validation: Option<Validation>,
    encodings: Vec<Encoding>,
    /// Of each numeric feature the range of its values, absurd ones included.
    ranges: Vec<Option<Range>>,
    bounds: Bounds,
    /// The mean of each weight's feature over the payers.
    payer_means: Vec<f64>,
    /// Where the weights of a head of the model stand in a head of a part.
    places: Vec<usize>,
    start: Marginal,
    paying: Part<1, PayingLoss>,
    amount: Part<2, AmountLoss>,
    in_force: OptionsInForce,
    /// Epochs behind the state that training continues with.
    epochs_before: u64,
    weight_sum: f64,
}

impl<'a> Session<'a> {
    fn new(
        table: &'a Table<'a>,
        usable: &'a Usable,
        split: Split,
        options: &'a Options,
        known: Option<&[Feature]>,
    ) -> Self {
        let Split { ordered, training, labels, validation } = split;
        let payers = labels.iter().filter(|&&label| label > 0.0).count();
        let batch_size = automatic::batch_size(options, training.len(), payers);
        let min_count = options.min_count;
        let training_rows = training.len();
        let layout = deal(&training, &labels, batch_size as usize);
        drop((training, labels));
        let targets = Targets::gather(table, &layout);
        let Learnt { packed, encodings, ranges } =
            pack_training(table, &layout, &targets, &Known { features: known, min_count });
        let mut weight_sum = targets.weight_sum();
        drop(targets);
        drop(layout);
        let validation = (!validation.is_empty()).then(|| {
            let labels = usable.labels(table, &validation);
            let layout = deal(&validation, &labels, VALIDATION_BATCH);
            let targets = Targets::gather(table, &layout);
            weight_sum = (weight_sum + targets.weight_sum()).min(f64::MAX);
            let pack = |part| pack_encoded(table, &layout, &targets, &encodings, part);
            Validation { paying: pack(PackedFor::Paying), amount: pack(PackedFor::Amount) }
        });
        let start = marginal(&packed, training_rows, payers);
        let places = warm_start::places(&encodings, &packed);
        let epochs = automatic::epochs(options, &packed);
        let survey = survey(options, &packed, &start);
        let learning_rate = automatic::learning_rate(options, survey.spread);
        let paying_rate = packed.payer_weight_sum / packed.weight_sum;
        let step_scale = automatic::paying_step_scale(options, paying_rate);
        let scale = amount_scale(options, &start);
        let to_amount = amount_units(&packed, scale);
        let bounded =
            |rate: f64, unit: f64, l2: f64| automatic::bounded_l2(options, rate, l2 * unit) / unit;
        let l2 = L2 {
            logit: bounded(learning_rate * step_scale, 1.0, survey.l2.logit),
            mu: bounded(learning_rate, to_amount[0], survey.l2.mu),
            raw_sigma: bounded(learning_rate, to_amount[1], survey.l2.raw_sigma),
        };
        let bounds = Bounds {
            mu: Range { least: ln(usable.payments.least), most: ln(usable.payments.most) },
            max_sigma: automatic::max_sigma(options, &start),
        };
        let in_force = OptionsInForce {
            epochs,
            batch_size,
            learning_rate,
            optimizer: options.optimizer.name().to_owned(),
            schedule: options.schedule.name().to_owned(),
            l2,
            clip_norm: automatic::clip_norm(options),
            seed: options.seed,
            validation_fraction: options.validation_fraction,
            patience: options.patience,
            min_count,
            init: options.init.is_some(),
            min_payment: Some(usable.min_payment),
            sigma_prior: survey.sigma_prior,
        };
        let loss = AmountLoss {
            scale,
            max_sigma: bounds.max_sigma,
            prior: survey
                .sigma_prior
                .map(|prior| SigmaPrior { weight: prior.weight * to_amount[1], ..prior }),
        };
        let places_of = (&*encodings, &*places);
        let parts = starting_parts(table, options, &packed, places_of, &start, loss, l2);
        let (mut paying, amount, epochs_before) = parts;
        paying.step_scale = step_scale;
        Self {
            table,
            options,
            usable,
            ordered,
            training_rows,
            packed,
            validation,
            encodings,
            ranges,
            bounds: widened(bounds, options),
            payer_means: survey.payer_means,
            places,
            start,
            paying,
            amount,
            in_force,
            epochs_before,
            weight_sum,
        }
    }

    /// Trains, and again with smaller steps if the result is worse than the intercepts alone.
    fn train(mut self) -> Model {
        let start = (self.paying.values.clone(), self.amount.values.clone());
        let mut attempts = if self.options.learning_rate.is_none() { ATTEMPTS } else { 1 };
        loop {
            let progress = self.run();
            attempts -= 1;
            let train_loss = self.train_loss();
            if attempts == 0 || self.is_sound(train_loss) {
                return self.finish(progress, train_loss);
            }
            self.in_force.learning_rate /= 5.0;
            self.paying.values.clone_from(&start.0);
            self.amount.values.clone_from(&start.1);
        }
    }

    /// Runs the epochs, and leaves the best weights in the parts.
    fn run(&mut self) -> Progress {
        let mut progress = Progress::default();
        let mut best: Option<Best> = None;
        let steps = self.packed.batches.len() as u64 * self.in_force.epochs;
        let first_step = self.paying.values.steps;
        let plan = Plan {
            optimizer: self.options.optimizer,
            clip_norm: self.in_force.clip_norm,
            level_step_scale: automatic::level_step_scale(
                self.options,
                self.packed.categories.len(),
            ),
            rates: RateTable::new(first_step + steps),
        };
        let mut finite = (self.paying.values.clone(), self.amount.values.clone());
        for epoch in 1..=self.in_force.epochs {
            let kept = history::keeps(epoch, self.in_force.epochs);
            let train_loss = self.epoch(epoch, kept, &plan, first_step, steps);
            if !(self.paying.values.are_usable() && self.amount.values.are_usable()) {
                progress.stop = StopReason::Diverged;
                break;
            }
            progress.epochs = epoch;
            let validation_loss = self.validation_loss();
            if kept {
                progress.keep(epoch, train_loss, validation_loss);
            }
            if let Some(loss) = validation_loss {
                if best.as_ref().is_none_or(|best| loss < best.loss) {
                    best = Some(Best::new(loss, epoch, &self.paying.values, &self.amount.values));
                } else if best.as_ref().is_some_and(|b| epoch - b.epoch >= self.in_force.patience) {
                    progress.stop = StopReason::Patience;
                    break;
                }
            } else if kept {
                finite.0.clone_from(&self.paying.values);
                finite.1.clone_from(&self.amount.values);
                progress.best_epoch = epoch;
            }
        }
        match best {
            Some(best) => {
                progress.best_epoch = best.epoch;
                self.paying.values = best.paying;
                self.amount.values = best.amount;
            }
            None if progress.stop == StopReason::Diverged => {
                (self.paying.values, self.amount.values) = finite;
            }
            None => progress.best_epoch = progress.epochs,
        }
        progress
    }

    /// Whether loss and objective are no worse than with the intercepts alone, with sigma bounded or without. A failure is
    /// far worse, and the noise of a sound training far less; that of heavy penalties is more than that of the loss.
    fn is_sound(&mut self, train_loss: f64) -> bool {
        let weights = self.weights();
        let added = self.penalty(&weights) + self.sigma_prior(&weights);
        let prior = self.in_force.sigma_prior.as_ref();
        let of_start = prior.map_or(0.0, |prior| sigma_prior_value(prior, self.start.raw_sigma));
        let most = (self.start.loss + 0.01).min(self.start.loss + of_start + 0.1 - added);
        if train_loss <= most {
            return true;
        }
        let bound = std::mem::replace(&mut self.amount.loss.max_sigma, f64::INFINITY);
        let unbounded_loss = self.train_loss();
        self.amount.loss.max_sigma = bound;
        unbounded_loss <= most
    }

    /// The mean loss of the training rows with the weights as they are.
    fn train_loss(&mut self) -> f64 {
        let total = self.paying.total_loss(&self.packed) + self.amount.total_loss(&self.packed);
        total / self.packed.weight_sum
    }

    /// The penalty; 0 for an optimiser whose decay is no part of an objective.
    fn penalty(&self, weights: &Weights) -> f64 {
        if !self.options.optimizer.couples_l2() {
            return 0.0;
        }
        let half_squares =
            |weights: &[f64]| 0.5 * weights.iter().map(|weight| weight * weight).sum::<f64>();
        let l2 = self.in_force.l2;
        l2.logit * half_squares(&weights.logit.weights)
            + l2.mu * half_squares(&weights.mu.weights)
            + l2.raw_sigma * half_squares(&weights.raw_sigma.weights)
    }

    /// What the objective adds for sigma.
    fn sigma_prior(&self, weights: &Weights) -> f64 {
        let prior = self.in_force.sigma_prior.as_ref();
        prior.map_or(0.0, |prior| sigma_prior_value(prior, weights.raw_sigma.intercept))
    }

    /// What the model predicts for its training rows with these heads of the amount.
    fn totals(&self, amount: &PartValues) -> Totals {
        let heads = total::Heads {
            paying: &self.paying.values,
            amount,
            scale: self.amount.loss.scale,
            bounds: self.bounds,
        };
        totals(&self.packed, &self.encodings, &heads, self.start.mu)
    }

    /// Has the logit head hold a number where it would rise beyond all payers: nobody out there paid. Returns whether that
    /// changes anything for the rows.
    fn hold_rising_numbers(&mut self) -> bool {
        let mut held = false;
        let numbers = self.encodings.iter_mut().filter_map(|encoding| match encoding {
            Encoding::Numeric { mean, scale, range: Some(range), payer_range: Some(payers) } => {
                Some((*mean, *scale, range, *payers))
            }
            _ => None,
        });
        for (column, (mean, scale, range, payers)) in numbers.enumerate() {
            let weight = self.paying.values.weights[1 + column];
            let rises = if weight > 0.0 {
                Range { most: payers.most, ..*range }
            } else {
                Range { least: payers.least, ..*range }
            };
            if weight == 0.0 || rises == *range {
                continue;
            }
            *range = rises;
            let ends = [rises.least, rises.most].map(|end| standardized(end, mean, scale));
            let validation = self.validation.as_mut().map(|rows| &mut rows.paying);
            for packed in std::iter::once(&mut self.packed).chain(validation) {
                held |= packed.hold(column, ends);
            }
        }
        held
    }

    /// Keeps the total of the training rows near what they paid; returns what the weights of the amount were multiplied by,
    /// if they were. A model that training continues from has seen other rows, and is left as it is.
    fn guard(&mut self) -> Option<f64> {
        if self.options.init.is_some() {
            return None;
        }
        let mut amount = self.amount.values.clone();
        let intercepts = [self.start.mu / self.amount.loss.scale, self.start.raw_sigma];
        let ratio = |amount: &PartValues| self.totals(amount).ratio;
        let shrunk = guard(&mut amount, intercepts, &self.payer_means, ratio);
        self.amount.values = amount;
        shrunk
    }

    /// The weights as a model has them.
    fn weights(&self) -> Weights {
        let head = |values: &PartValues, head: usize, unit: f64| {
            let head = values.weights.chunks_exact(values.width).nth(head).unwrap_or(&[]);
            warm_start::save_weights(head, &self.places, unit)
        };
        Weights {
            logit: head(&self.paying.values, 0, 1.0),
            mu: head(&self.amount.values, 0, self.amount.loss.scale),
            raw_sigma: head(&self.amount.values, 1, 1.0),
        }
    }

    /// One pass over the batches, the two parts side by side. Returns the mean loss on the way, if asked for.
    fn epoch(&mut self, epoch: u64, with_loss: bool, plan: &Plan, first: u64, steps: u64) -> f64 {
        let seed = self.options.seed;
        let batches = batch_order(self.packed.batches.len(), seed, self.epochs_before + epoch);
        let an_epoch = self.packed.batches.len() as u64;
        let (schedule, full) = (self.options.schedule, self.in_force.learning_rate);
        let rate = |step: u64| full * schedule.factor(step, first, steps, an_epoch);
        let Self { packed, paying, amount, start, .. } = self;
        let packed = &*packed;
        let paying_share = packed.payer_weight_sum / packed.weight_sum;
        let mut train_paying = || {
            if start.mixed { paying.epoch(packed, &batches, plan, with_loss, rate) } else { 0.0 }
        };
        let mut train_amount = || {
            if start.amounts_differ {
                amount.epoch(packed, &batches, plan, with_loss, rate)
            } else {
                0.0
            }
        };
        let (paying_loss, amount_loss) = if packed.numbers.len() >= PARALLEL_VALUES {
            rayon::join(train_paying, train_amount)
        } else {
            (train_paying(), train_amount())
        };
        paying_loss + paying_share * amount_loss
    }

    fn validation_loss(&mut self) -> Option<f64> {
        let validation = self.validation.as_ref()?;
        let Validation { paying, amount } = validation;
        let total = self.paying.total_loss(paying) + self.amount.total_loss(amount);
        Some(total / paying.weight_sum)
    }

    fn finish(mut self, progress: Progress, train_loss: f64) -> Model {
        let held = self.hold_rising_numbers();
        let shrunk = self.guard();
        let train_loss = if shrunk.is_some() || held { self.train_loss() } else { train_loss };
        let totals = self.totals(&self.amount.values);
        let warnings = self.warnings(totals, shrunk);
        let validation_loss = self.validation_loss();
        let amount_scale = self.amount.loss.scale;
        let weights = self.weights();
        let state = self.options.keep_state.then(|| {
            warm_start::save_state(
                self.options,
                self.epochs_before + progress.best_epoch,
                amount_scale,
                &self.paying.values,
                &self.amount.values,
                &self.places,
            )
        });
        let validation_rows = self.usable.rows - self.training_rows;
        let training = Training {
            rows: self.usable.rows as u64,
            payers: self.usable.payers,
            validation_rows: validation_rows as u64,
            skipped_labels: self.usable.skipped,
            negative_labels: self.usable.negative,
            tiny_labels: self.usable.tiny,
            label_min: Some(self.usable.payments.least),
            label_max: Some(self.usable.payments.most),
            weight_sum: self.weight_sum,
            epochs_run: progress.epochs,
            best_epoch: progress.best_epoch,
            stop_reason: progress.stop,
            train_loss,
            objective: train_loss + self.penalty(&weights) + self.sigma_prior(&weights),
            validation_loss,
            prediction_ratio: Some(totals.ratio).filter(|ratio| ratio.is_finite()),
            warnings,
            history: progress.history,
        };
        let network = self.network();
        let names = self.table.features.iter().map(|column| column.name.to_owned());
        let features = names.zip(self.encodings).map(|(name, encoding)| Feature { name, encoding });
        let model =
            Model::new(features.collect(), weights, self.bounds, self.in_force, training, state);
        match network {
            Some(network) => model.with_network(network),
            None => model,
        }
    }

    /// The network on top of the linear heads, if there is to be one.
    fn network(&self) -> Option<NetworkParts> {
        let plan = self.options.network.as_ref()?;
        let linear = Linear {
            encodings: &self.encodings,
            paying: &self.paying.values,
            amount: &self.amount.values,
            loss: &self.amount.loss,
            bounds: self.bounds,
        };
        let seed = self.options.seed;
        let trained = train_network(self.table, self.usable, &self.ordered, &linear, seed, plan);
        Some(trained.network)
    }

    fn warnings(&self, totals: Totals, shrunk: Option<f64>) -> Vec<String> {
        let seen = Seen {
            payers: self.usable.payers,
            tiny: self.usable.tiny,
            min_payment: self.usable.min_payment,
            weights: self.packed.number_count + self.packed.level_count,
            names: self.table.features.iter().map(|feature| feature.name).collect(),
            encodings: &self.encodings,
            ranges: &self.ranges,
            totals,
            max_sigma: self.bounds.max_sigma,
            shrunk,
        };
        seen.warnings()
    }
}

/// What the mu head is trained in units of.
fn amount_scale(options: &Options, start: &Marginal) -> f64 {
    let state = options.init.as_deref().and_then(|model| warm_start::usable_state(model, options));
    state.map_or_else(|| power_of_two_near(start.sigma), |state| state.amount_scale)
}

/// What a penalty of mu, and one of raw sigma, is multiplied by: the amount part is trained on the mean over the payers, and
/// mu in units of `scale`.
fn amount_units(packed: &Packed, scale: f64) -> [f64; 2] {
    let all_to_payers = packed.weight_sum / packed.payer_weight_sum;
    [scale * scale * all_to_payers, all_to_payers]
}

/// The bounds, with the payments of the model that training continues from.
fn widened(bounds: Bounds, options: &Options) -> Bounds {
    let known = options.init.as_deref().and_then(Model::mu_range);
    Bounds { mu: known.map_or(bounds.mu, |known| known.union(bounds.mu)), ..bounds }
}

/// The two parts as training starts them, and the epochs behind their state.
fn starting_parts(
    table: &Table<'_>,
    options: &Options,
    packed: &Packed,
    (encodings, places): (&[Encoding], &[usize]),
    start: &Marginal,
    loss: AmountLoss,
    l2: L2,
) -> (Part<1, PayingLoss>, Part<2, AmountLoss>, u64) {
    let scale = loss.scale;
    let mut paying = PartValues::start(packed, [start.logit]);
    let mut amount = PartValues::start(packed, [start.mu / scale, start.raw_sigma]);
    let mut epochs_before = 0;
    if let Some(model) = options.init.as_deref() {
        let known = warm_start::places_of_known(model, table, encodings, places);
        let resumed = warm_start::resume(model, options, &known, scale, packed, (paying, amount));
        (paying, amount, epochs_before) = (resumed.paying, resumed.amount, resumed.epochs);
    }
    let [mu, raw_sigma] = amount_units(packed, scale);
    let paying = Part::new(PayingLoss, packed, paying, [l2.logit]);
    let amount = Part::new(loss, packed, amount, [l2.mu * mu, l2.raw_sigma * raw_sigma]);
    (paying, amount, epochs_before)
}

/// The power of two next to a positive number: multiplying by it rounds nothing.
fn power_of_two_near(x: f64) -> f64 {
    // The square root of two moves the boundary between two powers to the middle of their ratio.
    let bits = (x * std::f64::consts::SQRT_2).to_bits() & 0x7ff0_0000_0000_0000;
    f64::from_bits(bits).clamp(*AMOUNT_SCALES.start(), *AMOUNT_SCALES.end())
}

/// The order of the batches in an epoch: a shuffle that depends on the seed and the epoch alone.
pub(super) fn batch_order(count: usize, seed: u64, epoch: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    for last in (1..count).rev() {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&epoch.to_le_bytes());
        bytes[8..].copy_from_slice(&(last as u64).to_le_bytes());
        let random = xxh3_64_with_seed(&bytes, seed);
        // The high half of the product: a number below `last + 1`, evenly but for 2^-64.
        let pick = (u128::from(random) * (last as u128 + 1)) >> 64;
        order.swap(last, pick as usize);
    }
    order
}

/// What has happened so far.
struct Progress {
    epochs: u64,
    best_epoch: u64,
    stop: StopReason,
    history: History,
}

impl Default for Progress {
    fn default() -> Self {
        Self { epochs: 0, best_epoch: 0, stop: StopReason::Epochs, history: History::default() }
    }
}

impl Progress {
    fn keep(&mut self, epoch: u64, train_loss: f64, validation_loss: Option<f64>) {
        self.history.epoch.push(epoch);
        self.history.train.push(train_loss);
        self.history.validation.extend(validation_loss);
    }
}

/// The best weights so far, by the validation loss.
struct Best {
    loss: f64,
    epoch: u64,
    paying: PartValues,
    amount: PartValues,
}

impl Best {
    fn new(loss: f64, epoch: u64, paying: &PartValues, amount: &PartValues) -> Self {
        Self { loss, epoch, paying: paying.clone(), amount: amount.clone() }
    }
}
