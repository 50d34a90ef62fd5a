//! The training of a network from beginning to end.

use rayon::prelude::*;

use super::block::{BLOCK_ROWS, Block, Dropped, Worker};
use super::calibration::{CalibrationSums, ROUNDS};
use super::linear::{Linear, Outcome};
use super::options::{NetworkOptions, NetworkPlan};
use super::rows::NetworkRows;
use super::shrink::shrink_network;
use super::start::NetworkStart;
use super::weights::{AdamMoments, NetworkWeights, Ready};
use crate::fit::best_epoch::BestEpoch;
use crate::fit::ceiling::Ceiling;
use crate::fit::observer::{Stage, Step};
use crate::fit::rows::{Hashed, RowId};
use crate::fit::sgd::{Powers, Rates, batch_order};
use crate::fit::shrink::is_near;
use crate::fit::split::{VALIDATION_BATCH, count_held_out};
use crate::fit::total::{LinearHeads, TOTAL_ROWS, TotalSums, Totals};
use crate::math::dispatch;
use crate::model::{Bounds, NetworkParts, NetworkTraining, StateParts, TotalShift};
use crate::net::deep::{Adam, Dropout, Embedding, PANEL, Panel, Shape, Transposed, adam, step_key};
use crate::net::{Category, TileRows};

/// Blocks that are worked on at a time.
const WORKERS: usize = 8;

/// Multiplications of rows from which on their blocks are divided among threads.
const PARALLEL_PRODUCTS: usize = 1 << 19;

/// Steps in which the bias of the logit comes to where as many pay as paid.
const RATE_STEPS: usize = 3;

/// A network that was trained.
pub(in crate::fit) struct TrainedNetwork {
    pub(in crate::fit) parts: NetworkParts,
    pub(in crate::fit) training: NetworkTraining,
    /// What the optimiser remembers, if it is to be kept.
    pub(in crate::fit) state: Option<StateParts>,
}

/// The weights after an epoch.
struct Snapshot {
    average: NetworkWeights,
    /// The weights that were averaged, and what the optimiser remembers, if that is to be kept.
    state: Option<(NetworkWeights, AdamMoments)>,
}

/// How what is predicted was brought near what was paid.
struct Mended {
    /// The biases of the heads before they were moved.
    biases: [f32; 3],
    /// What the weights of the amount were multiplied by, if they were.
    shrunk: Option<f64>,
    total: Option<TotalShift>,
}

/// Trains a network on rows in canonical order. `None` if too few could be held out to say when to stop, and there is no
/// network to continue from.
pub(in crate::fit) fn train_network(
    linear: &Linear<'_>,
    options: &NetworkOptions,
) -> Option<(TrainedNetwork, Outcome)> {
    let share = if linear.held_out > 0.0 { linear.held_out } else { options.validation_fraction };
    let held_out = count_held_out(linear.ordered, share);
    let (mut validation, mut training) = linear.ordered.split_at(held_out);
    let mut plan = options.plan(training.len());
    let has_payers = |rows: &[Hashed]| {
        let rows: Vec<RowId> = rows.iter().map(|row| row.row).collect();
        linear.usable.labels(linear.table, &rows).iter().any(|&label| label > 0.0)
    };
    let can_learn = has_payers(training) && (share <= 0.0 || has_payers(validation));
    if !can_learn {
        if !linear.is_continued() {
            return None;
        }
        // What there is stays as it is.
        plan.epochs = 0;
        (validation, training) = (&[], linear.ordered);
    }
    let training = NetworkRows::new(linear, training, plan.batch_size);
    let validation =
        (!validation.is_empty()).then(|| NetworkRows::new(linear, validation, VALIDATION_BATCH));
    let validation = validation.as_ref();
    let trainer = NetworkTrainer::new(&training, validation, linear, options.hidden(), plan);
    // A thread of the pool hands work to the others without a stop in between.
    let parallel = is_parallel(&trainer.shape, plan.batch_size);
    Some(if parallel { rayon::scope(|_| trainer.train()) } else { trainer.train() })
}

struct NetworkTrainer<'a> {
    training: &'a NetworkRows,
    validation: Option<&'a NetworkRows>,
    linear: &'a Linear<'a>,
    /// Where mu and sigma are held, because the total was too high.
    ceiling: Option<Ceiling>,
    plan: NetworkPlan,
    shape: Shape,
    embeddings: Vec<Embedding>,
    values: NetworkWeights,
    /// The running average of the weights, which the model is made of.
    average: NetworkWeights,
    moments: AdamMoments,
    transposed: Transposed,
    workers: Vec<Worker>,
    gradient: Vec<Panel>,
    /// Of each category the gradient by the vectors of the batch's levels.
    by_vectors: Vec<Vec<f32>>,
    powers: Powers,
    /// Steps and epochs behind the state that training continues with.
    first_step: u64,
    epochs_before: u64,
}

impl<'a> NetworkTrainer<'a> {
    fn new(
        training: &'a NetworkRows,
        validation: Option<&'a NetworkRows>,
        linear: &'a Linear<'a>,
        hidden: &[usize],
        plan: NetworkPlan,
    ) -> Self {
        let numbers = training.packed.inputs.number_count;
        let start = NetworkStart::new(linear, numbers, hidden);
        let NetworkStart { shape, embeddings, values, average, moments, epochs } = start;
        let batches = &training.packed.batches;
        let most_rows = batches.iter().map(|batch| batch.rows).max().unwrap_or(0);
        let most_levels = |category: &Category| {
            batches.iter().map(|batch| category.levels(batch, false).len()).max().unwrap_or(0)
        };
        let by_vectors = training.packed.inputs.categories.iter().zip(&embeddings);
        Self {
            transposed: Transposed::new(&shape),
            workers: (0..workers(most_rows)).map(|_| Worker::new(&shape)).collect(),
            gradient: vec![[0.0; PANEL]; shape.panels()],
            by_vectors: by_vectors
                .map(|(category, embedding)| vec![0.0; most_levels(category) * embedding.size])
                .collect(),
            powers: Powers::after(moments.steps),
            first_step: moments.steps,
            epochs_before: epochs,
            training,
            validation,
            linear,
            ceiling: None,
            plan,
            shape,
            embeddings,
            values,
            average,
            moments,
        }
    }

    /// Trains, and keeps the weights that do best on the held-out rows; without any, the last ones.
    fn train(mut self) -> (TrainedNetwork, Outcome) {
        let loss = self.validation_loss().unwrap_or(f64::INFINITY);
        let mut best = BestEpoch { epoch: 0, loss, state: self.snapshot() };
        let mut epochs = 0;
        for epoch in 1..=self.plan.epochs {
            self.epoch(epoch);
            if self.is_interrupted() {
                break;
            }
            if !self.average.are_finite() {
                break;
            }
            epochs = epoch;
            let loss = self.validation_loss();
            self.linear.watch.tell(Step {
                stage: Stage::NetworkEpochs,
                done: epoch,
                most: Some(self.plan.epochs),
                loss,
            });
            let Some(loss) = loss else {
                // Without held-out rows the last weights are kept.
                best = BestEpoch { epoch, loss: f64::INFINITY, state: self.snapshot() };
                continue;
            };
            if best.update(epoch, loss, self.plan.patience, || self.snapshot()) {
                break;
            }
        }
        let Snapshot { average, state } = best.state;
        self.average = average;
        self.finish(epochs, best.epoch, state)
    }

    fn snapshot(&self) -> Snapshot {
        let state = || (self.values.clone(), self.moments.clone());
        Snapshot { average: self.average.clone(), state: self.linear.keep_state.then(state) }
    }

    fn finish(
        mut self,
        epochs_run: u64,
        best_epoch: u64,
        state: Option<(NetworkWeights, AdamMoments)>,
    ) -> (TrainedNetwork, Outcome) {
        // What was not to be trained, or stays as it was, is left as it is.
        let stays = best_epoch == 0 && (self.plan.epochs == 0 || self.linear.is_continued());
        let Mended { biases, shrunk, total } = self.mend(best_epoch > 0, stays);
        let outcome = Outcome {
            train_loss: self.mean_loss(self.training),
            validation_loss: self.validation_loss(),
            validation_rows: self.validation.map_or(0, NetworkRows::count) as u64,
            totals: self.totals(self.bounds()),
            ceiling: self.ceiling,
            shrunk,
        };
        let amount_scale = self.linear.heads.amount_scale;
        let state = state.map(|(values, moments)| {
            let AdamMoments { first, second, steps, level_steps } = moments;
            StateParts {
                epochs: self.epochs_before + best_epoch,
                steps,
                amount_scale,
                values: [values, first, second].map(|values| self.parts(values, 1.0)),
                level_steps,
                head_biases: (!stays).then_some(biases),
            }
        });
        let training = NetworkTraining { total, ..self.plan.training(epochs_run, best_epoch) };
        let average = std::mem::take(&mut self.average);
        let parts = self.parts(average, amount_scale);
        (TrainedNetwork { parts, training, state }, outcome)
    }

    fn parts(&self, values: NetworkWeights, mu_scale: f64) -> NetworkParts {
        NetworkParts {
            shape: self.shape.clone(),
            embeddings: self.embeddings.clone(),
            weights: values.weights,
            vectors: values.vectors,
            mu_scale,
        }
    }

    /// Brings what is predicted near what was paid. The paying rate of a network that was not trained, and the total of one
    /// that stays as it is, are left as they are.
    fn mend(&mut self, is_trained: bool, stays: bool) -> Mended {
        let [logit, ..] = self.shape.biases_of_heads(&self.average.weights);
        if is_trained {
            self.mend_paying_rate();
        }
        let shrunk = self.mend_amounts();
        let [_, mu, raw_sigma] = self.shape.biases_of_heads(&self.average.weights);
        let total = if stays { None } else { self.mend_total() };
        Mended { biases: [logit, mu, raw_sigma], shrunk, total }
    }

    /// Finds a ceiling, and shrinks what the network adds to the amount; returns what it was multiplied by, if it was.
    fn mend_amounts(&mut self) -> Option<f64> {
        let mut totals = self.totals(self.bounds());
        if !self.linear.is_drawn() {
            self.ceiling = Ceiling::find(self.bounds(), &totals, |bounds| self.totals(bounds));
        }
        let bounds = self.bounds();
        if self.ceiling.is_some() {
            totals = self.totals(bounds);
        }
        if is_near(totals.ratio) {
            return None;
        }
        let mut values = self.average.clone();
        let shrunk = shrink_network(&self.shape.clone(), &mut values, |values| {
            self.average.clone_from(values);
            self.totals(bounds).ratio
        });
        self.average = values;
        shrunk
    }

    /// Moves the bias of the logit so that as many are predicted to pay as paid. That is where the loss is least; dropout
    /// and an end before the optimum leave it beside.
    fn mend_paying_rate(&mut self) {
        for _ in 0..RATE_STEPS {
            let step = self.calibration_sums().logit_step();
            self.move_biases([step, 0.0, 0.0]);
        }
    }

    fn move_biases(&mut self, steps: [f64; 3]) {
        let mut biases = self.shape.biases_of_heads(&self.average.weights);
        for (bias, step) in biases.iter_mut().zip(steps) {
            *bias = (f64::from(*bias) + step) as f32;
        }
        self.shape.set_biases_of_heads(&mut self.average.weights, biases);
    }

    /// Moves mu and raw sigma of all rows so that their total comes to what was paid, as far as the miss is no chance.
    fn mend_total(&mut self) -> Option<TotalShift> {
        let mut calibration = self.calibration_sums().calibration(self.training.packed.repeats)?;
        let before = self.shape.biases_of_heads(&self.average.weights);
        for round in 0..=ROUNDS {
            let [mu, raw_sigma] = calibration.step;
            self.shape.set_biases_of_heads(&mut self.average.weights, before);
            self.move_biases([0.0, mu / self.linear.heads.amount_scale, raw_sigma]);
            if round < ROUNDS {
                calibration = calibration.corrected(self.totals(self.bounds()).ratio);
            }
        }
        let ([mu, raw_sigma], ratio) = (calibration.step, calibration.ratio);
        Some(TotalShift { ratio, mu, raw_sigma })
    }

    /// What amounts are held within.
    fn bounds(&self) -> Bounds {
        self.ceiling.map_or(self.linear.heads.bounds, |ceiling| ceiling.bounds)
    }

    /// Whether the training was interrupted.
    fn is_interrupted(&self) -> bool {
        self.linear.watch.is_interrupted()
    }

    fn epoch(&mut self, epoch: u64) {
        let batches = self.training.packed.batches.len();
        let total = self.plan.epochs * batches as u64;
        for batch in batch_order(batches, self.linear.seed, self.epochs_before + epoch) {
            let (done, first) = (self.moments.steps, self.first_step);
            let factor = self.plan.schedule.factor(done, first, total, batches as u64);
            if self.is_interrupted() {
                return;
            }
            self.step(batch as usize, self.plan.learning_rate * factor);
        }
    }

    fn step(&mut self, batch: usize, learning_rate: f64) {
        self.transposed.take_heads(&self.shape, &self.values.weights);
        self.transposed.take_layers(&self.shape, &self.values.weights);
        self.sum_gradient(batch);
        self.update(batch, learning_rate);
        // A plain mean at first.
        let share = (1.0 / self.plan.average).max(1.0 / (self.moments.steps as f64));
        self.average.approach(&self.values, share as f32);
    }

    /// Sums the gradients of the batch's blocks in their order.
    fn sum_gradient(&mut self, batch: usize) {
        let Self { training, linear, shape, embeddings, values, transposed, .. } = self;
        let network = Ready { shape, embeddings, values, transposed };
        let term = linear.term(None);
        let batch = &training.packed.batches[batch];
        let blocks = batch.rows.div_ceil(BLOCK_ROWS);
        let key = step_key(linear.seed, self.moments.steps);
        let dropout = Dropout::of_sixteenths(self.plan.dropout);
        let dropped = dropout.map(|dropout| Dropped { dropout, key });
        let parallel = is_parallel(shape, batch.rows);
        self.gradient.as_flattened_mut().fill(0.0);
        let categories = &training.packed.inputs.categories;
        for (category, (sums, embedding)) in
            categories.iter().zip(self.by_vectors.iter_mut().zip(embeddings.iter()))
        {
            sums[..category.levels(batch, false).len() * embedding.size].fill(0.0);
        }
        for first in (0..blocks).step_by(self.workers.len()) {
            let count = self.workers.len().min(blocks - first);
            let workers = &mut self.workers[..count];
            let work = |(index, worker): (usize, &mut Worker)| {
                let block = Block { rows: training, batch, index: first + index };
                worker.gradient(&network, &term, block, dropped);
            };
            if parallel {
                workers.par_iter_mut().enumerate().for_each(work);
            } else {
                workers.iter_mut().enumerate().for_each(work);
            }
            for (index, worker) in workers.iter().enumerate() {
                add_panels(&mut self.gradient, &worker.gradient);
                let start = (first + index) * BLOCK_ROWS;
                let rows = TileRows { batch, start, rows: BLOCK_ROWS.min(batch.rows - start) };
                add_to_levels(training, embeddings, &rows, worker, &mut self.by_vectors);
            }
        }
    }

    fn update(&mut self, batch: usize, learning_rate: f64) {
        let packed = &self.training.packed;
        self.powers = self.powers.next();
        let step = Adam {
            factor: (packed.batches.len() as f64 / packed.weight_sum) as f32,
            learning_rate: learning_rate as f32,
            decay: self.plan.decay as f32,
            rates: single(self.powers.rates()),
        };
        self.moments.steps += 1;
        let Self { values, moments, gradient, .. } = self;
        dispatch(
            #[inline(always)]
            || {
                adam(
                    step,
                    values.weights.as_flattened_mut(),
                    moments.first.weights.as_flattened_mut(),
                    moments.second.weights.as_flattened_mut(),
                    gradient.as_flattened(),
                );
            },
        );
        let step = Adam { decay: self.plan.embedding_decay as f32, ..step };
        for (feature, embedding) in self.embeddings.iter().enumerate() {
            let levels = packed.inputs.categories[feature].levels(&packed.batches[batch], false);
            for (slot, &level) in levels.iter().enumerate() {
                let level = level as usize;
                let steps = &mut moments.level_steps[feature][level];
                *steps = steps.saturating_add(1);
                let rates = single(Powers::by_squaring(*steps).rates());
                let range = level * embedding.size..(level + 1) * embedding.size;
                adam(
                    Adam { rates, ..step },
                    &mut values.vectors[feature][range.clone()],
                    &mut moments.first.vectors[feature][range.clone()],
                    &mut moments.second.vectors[feature][range],
                    &self.by_vectors[feature][slot * embedding.size..][..embedding.size],
                );
            }
        }
    }

    /// The mean loss of rows, with the average of the weights.
    fn mean_loss(&mut self, rows: &NetworkRows) -> f64 {
        let term = self.linear.term(self.ceiling);
        let mut total = 0.0;
        self.pass(
            rows,
            usize::MAX,
            |worker, network, block| worker.loss(network, &term, block),
            |worker| total += worker.loss,
        );
        total / rows.packed.weight_sum
    }

    /// The mean loss of the held-out rows.
    fn validation_loss(&mut self) -> Option<f64> {
        self.validation.map(|rows| self.mean_loss(rows))
    }

    /// What is predicted for the rows, with the average of the weights and amounts held within bounds.
    fn totals(&mut self, bounds: Bounds) -> Totals {
        let Linear { heads, unit, .. } = *self.linear;
        let heads = LinearHeads { bounds, ..heads };
        let mut sums = TotalSums::default();
        for rows in std::iter::once(self.training).chain(self.validation) {
            self.pass(
                rows,
                TOTAL_ROWS,
                |worker, network, block| {
                    worker.sums = TotalSums::default();
                    worker.total(network, &heads, unit, block);
                },
                |worker| sums.add(&worker.sums),
            );
        }
        sums.totals(self.training.packed.repeats)
    }

    /// What the rows say of the total, with the average of the weights.
    fn calibration_sums(&mut self) -> CalibrationSums {
        let Linear { heads, unit, .. } = *self.linear;
        let heads = LinearHeads { bounds: self.bounds(), ..heads };
        let mut sums = CalibrationSums::default();
        for rows in std::iter::once(self.training).chain(self.validation) {
            self.pass(
                rows,
                TOTAL_ROWS,
                |worker, network, block| worker.calibration(network, &heads, unit, block),
                |worker| sums.add(&worker.calibration),
            );
        }
        sums
    }

    /// Hands whole batches of about so many rows to the workers, block by block, and the workers, in the order of the
    /// blocks, to `take`.
    fn pass(
        &mut self,
        rows: &NetworkRows,
        most: usize,
        work: impl Fn(&mut Worker, &Ready<'_>, Block<'_>) + Sync,
        mut take: impl FnMut(&Worker),
    ) {
        let Self { shape, embeddings, average, transposed, workers, linear, .. } = self;
        transposed.take_heads(shape, &average.weights);
        let network = Ready { shape, embeddings, values: average, transposed };
        let mut seen = 0;
        let batches = rows.packed.batches.iter().take_while(|batch| {
            let wanted = seen < most;
            seen += batch.rows;
            wanted
        });
        let blocks: Vec<Block<'_>> = batches
            .flat_map(|batch| {
                (0..batch.rows.div_ceil(BLOCK_ROWS)).map(move |index| Block { rows, batch, index })
            })
            .collect();
        for blocks in blocks.chunks(workers.len()) {
            if linear.watch.is_interrupted() {
                return;
            }
            let workers = &mut workers[..blocks.len()];
            let work = |(worker, block): (&mut Worker, &Block<'_>)| work(worker, &network, *block);
            if is_parallel(shape, blocks.len() * BLOCK_ROWS) {
                workers.par_iter_mut().zip(blocks).for_each(work);
            } else {
                workers.iter_mut().zip(blocks).for_each(work);
            }
            workers.iter().for_each(&mut take);
        }
    }
}

/// Whether so many rows are worth more than one thread.
fn is_parallel(shape: &Shape, rows: usize) -> bool {
    rows > BLOCK_ROWS
        && rows * shape.panels() * PANEL >= PARALLEL_PRODUCTS
        && rayon::current_num_threads() > 1
}

/// Blocks of a batch of so many rows that are worked on at a time.
pub(in crate::fit) fn workers(rows: usize) -> usize {
    rows.div_ceil(BLOCK_ROWS).clamp(1, WORKERS)
}

/// Adam's rates in single precision.
fn single(rates: Rates) -> [f32; 2] {
    [rates.first as f32, rates.second as f32]
}

/// Adds one gradient to another.
fn add_panels(sums: &mut [Panel], more: &[Panel]) {
    dispatch(
        #[inline(always)]
        || {
            let pairs = sums.as_flattened_mut().iter_mut().zip(more.as_flattened());
            pairs.for_each(|(sum, more)| *sum += more);
        },
    );
}

/// Adds the derivatives by embedded rows to those by the vectors of their levels, in the order of the rows.
fn add_to_levels(
    data: &NetworkRows,
    embeddings: &[Embedding],
    rows: &TileRows<'_>,
    worker: &Worker,
    by_vectors: &mut [Vec<f32>],
) {
    let width = worker.embedded_width().max(1);
    let categories = &data.packed.inputs.categories;
    for ((category, embedding), sums) in categories.iter().zip(embeddings).zip(by_vectors) {
        let local = category.local(rows.range());
        for (row, &local) in worker.by_embedded.chunks_exact(width).zip(local) {
            let Some(slot) = (local as usize).checked_sub(1) else { continue };
            let sums = &mut sums[slot * embedding.size..][..embedding.size];
            for (sum, value) in sums.iter_mut().zip(&row[embedding.at..]) {
                *sum += value;
            }
        }
    }
}
