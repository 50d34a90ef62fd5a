//! The training of a network from beginning to end.

use rayon::prelude::*;

use super::block::{BLOCK, Block, Dropped, Worker};
use super::guard::guard;
use super::linear::{Linear, Outcome};
use super::plan::{Network, Settings};
use super::rows::Rows;
use super::values::{Moments, Ready, Values};
use crate::fit::sgd::{Schedule, batch_order};
use crate::fit::total::{ROWS as TOTAL_ROWS, Sums, Totals};
use crate::math::dispatch;
use crate::model::{Encoding, NetworkParts, NetworkTraining};
use crate::net::deep::{
    Adam, Dropout, Embedding, PANEL, Panel, Shape, Transposed, adam, embedding_size, step_key,
};
use crate::net::{Category, TileRows};

/// Blocks that are worked on at a time.
const WORKERS: usize = 8;

/// Multiplications of a batch from which on its blocks are divided among threads.
const PARALLEL_PRODUCTS: usize = 1 << 19;

/// Rows a batch of the held-out rows.
const VALIDATION_BATCH: usize = 4096;

/// Trains a network on rows in canonical order; `None` if too few could be held out to say when to stop.
pub(in crate::fit) fn train_network(
    linear: &Linear<'_>,
    plan: &Network,
) -> Option<((NetworkParts, NetworkTraining), Outcome)> {
    let share = if linear.held_out > 0.0 { linear.held_out } else { plan.validation_fraction };
    // 2^64 times the fraction; the cast saturates.
    let bound = (share * 18_446_744_073_709_551_616.0) as u64;
    let held_out = linear.ordered.partition_point(|row| row.hash < bound);
    let (validation, training) = linear.ordered.split_at(held_out);
    let settings = plan.settings(training.len());
    let training = Rows::new(linear, training, settings.batch_size);
    let validation = Rows::new(linear, validation, VALIDATION_BATCH);
    let can_learn = |rows: &Rows| rows.packed.payer_weight_sum > 0.0;
    if !(can_learn(&training) && can_learn(&validation)) {
        return None;
    }
    Some(Session::new(&training, &validation, linear, plan.hidden(), settings).train())
}

struct Session<'a> {
    training: &'a Rows,
    validation: &'a Rows,
    linear: &'a Linear<'a>,
    settings: Settings,
    shape: Shape,
    embeddings: Vec<Embedding>,
    values: Values,
    /// The running average of the weights, which the model is made of.
    average: Values,
    moments: Moments,
    transposed: Transposed,
    workers: Vec<Worker>,
    gradient: Vec<Panel>,
    /// Of each category the gradient by the vectors of the batch's levels.
    by_vectors: Vec<Vec<f32>>,
    powers: [f64; 2],
    products: usize,
}

impl<'a> Session<'a> {
    fn new(
        training: &'a Rows,
        validation: &'a Rows,
        linear: &'a Linear<'a>,
        hidden: &[usize],
        settings: Settings,
    ) -> Self {
        let mut at = 0;
        let levels = linear.encodings.iter().filter_map(|encoding| match encoding {
            Encoding::Categorical { levels, .. } => Some(levels.len()),
            Encoding::Numeric { .. } => None,
        });
        let embeddings: Vec<Embedding> = levels
            .map(|levels| {
                let embedding = Embedding { levels, size: embedding_size(levels), at };
                at += embedding.size;
                embedding
            })
            .collect();
        let shape = Shape::new(training.packed.inputs.number_count, at, hidden);
        let values = Values::start(&shape, &embeddings, linear.seed);
        let batches = &training.packed.batches;
        let most_rows = batches.iter().map(|batch| batch.rows).max().unwrap_or(0);
        let workers = most_rows.div_ceil(BLOCK).clamp(1, WORKERS);
        let most_levels = |category: &Category| {
            batches.iter().map(|batch| category.levels(batch, false).len()).max().unwrap_or(0)
        };
        let by_vectors = training.packed.inputs.categories.iter().zip(&embeddings);
        Self {
            average: values.clone(),
            moments: Moments::zeros(&shape, &embeddings),
            transposed: Transposed::new(&shape),
            workers: (0..workers).map(|_| Worker::new(&shape)).collect(),
            gradient: vec![[0.0; PANEL]; shape.panels()],
            by_vectors: by_vectors
                .map(|(category, embedding)| vec![0.0; most_levels(category) * embedding.size])
                .collect(),
            powers: [1.0; 2],
            products: most_rows * shape.panels() * PANEL,
            training,
            validation,
            linear,
            settings,
            shape,
            embeddings,
            values,
        }
    }

    /// Trains, and keeps the weights that do best on the held-out rows.
    fn train(mut self) -> ((NetworkParts, NetworkTraining), Outcome) {
        let mut best = (self.mean_loss(self.validation), 0, self.average.clone());
        let mut epochs = 0;
        for epoch in 1..=self.settings.epochs {
            self.epoch(epoch);
            if self.is_interrupted() {
                break;
            }
            if !self.average.are_finite() {
                break;
            }
            epochs = epoch;
            let loss = self.mean_loss(self.validation);
            if loss < best.0 {
                best = (loss, epoch, self.average.clone());
            } else if epoch - best.1 >= self.settings.patience {
                break;
            }
        }
        self.average = best.2;
        self.finish(epochs, best.1)
    }

    fn finish(
        mut self,
        epochs_run: u64,
        best_epoch: u64,
    ) -> ((NetworkParts, NetworkTraining), Outcome) {
        let mut values = self.average.clone();
        let shrunk = guard(&self.shape.clone(), &mut values, |values| {
            self.average.clone_from(values);
            self.totals().ratio
        });
        self.average = values;
        let outcome = Outcome {
            train_loss: self.mean_loss(self.training),
            validation_loss: Some(self.mean_loss(self.validation)),
            validation_rows: self.validation.count() as u64,
            totals: self.totals(),
            shrunk,
        };
        let Self { linear, settings, shape, embeddings, average, .. } = self;
        let parts = NetworkParts {
            shape,
            embeddings,
            weights: average.weights,
            vectors: average.vectors,
            mu_scale: linear.heads.amount_scale,
        };
        ((parts, settings.training(epochs_run, best_epoch)), outcome)
    }

    /// Whether nobody wants to know any more what it comes to.
    fn is_interrupted(&self) -> bool {
        self.linear.watch.is_interrupted()
    }

    fn epoch(&mut self, epoch: u64) {
        let batches = self.training.packed.batches.len();
        let total = self.settings.epochs * batches as u64;
        for batch in batch_order(batches, self.linear.seed, epoch) {
            let factor = Schedule::Cosine.factor(self.moments.steps, 0, total, batches as u64);
            if self.is_interrupted() {
                return;
            }
            self.step(batch as usize, self.settings.learning_rate * factor);
        }
    }

    fn step(&mut self, batch: usize, learning_rate: f64) {
        self.transposed.take_heads(&self.shape, &self.values.weights);
        self.transposed.take_layers(&self.shape, &self.values.weights);
        self.sum_gradient(batch);
        self.update(batch, learning_rate);
        // A plain mean at first.
        let share = (1.0 / self.settings.average).max(1.0 / (self.moments.steps as f64));
        self.average.approach(&self.values, share as f32);
    }

    /// Sums the gradients of the batch's blocks in their order.
    fn sum_gradient(&mut self, batch: usize) {
        let Self { training, linear, shape, embeddings, values, transposed, .. } = self;
        let network = Ready { shape, embeddings, values, transposed };
        let amount = linear.amount();
        let batch = &training.packed.batches[batch];
        let blocks = batch.rows.div_ceil(BLOCK);
        let key = step_key(linear.seed, self.moments.steps);
        let dropout = Dropout::of_sixteenths(self.settings.dropout);
        let dropped = dropout.map(|dropout| Dropped { dropout, key });
        let parallel = self.products >= PARALLEL_PRODUCTS && rayon::current_num_threads() > 1;
        self.gradient.fill([0.0; PANEL]);
        let categories = &training.packed.inputs.categories;
        for (category, (sums, embedding)) in
            categories.iter().zip(self.by_vectors.iter_mut().zip(embeddings.iter()))
        {
            sums[..category.levels(batch, false).len() * embedding.size].fill(0.0);
        }
        for first in (0..blocks).step_by(self.workers.len()) {
            let count = self.workers.len().min(blocks - first);
            let workers = &mut self.workers[..count];
            let work = |(place, worker): (usize, &mut Worker)| {
                let block = Block { rows: training, batch, place: first + place };
                worker.gradient(&network, &amount, block, dropped);
            };
            if parallel && count > 1 {
                workers.par_iter_mut().enumerate().for_each(work);
            } else {
                workers.iter_mut().enumerate().for_each(work);
            }
            for (place, worker) in workers.iter().enumerate() {
                add(&mut self.gradient, &worker.gradient);
                let start = (first + place) * BLOCK;
                let rows = TileRows { batch, start, rows: BLOCK.min(batch.rows - start) };
                scatter(training, embeddings, &rows, worker, &mut self.by_vectors);
            }
        }
    }

    fn update(&mut self, batch: usize, learning_rate: f64) {
        let packed = &self.training.packed;
        self.powers[0] *= 0.9;
        self.powers[1] *= 0.999;
        let rates = [0.1 / (1.0 - self.powers[0]), 0.001 / (1.0 - self.powers[1])];
        let step = Adam {
            factor: (packed.batches.len() as f64 / packed.weight_sum) as f32,
            learning_rate: learning_rate as f32,
            decay: self.settings.decay as f32,
            rates: rates.map(|rate| rate as f32),
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
        let step = Adam { decay: self.settings.embedding_decay as f32, ..step };
        for (feature, embedding) in self.embeddings.iter().enumerate() {
            let levels = packed.inputs.categories[feature].levels(&packed.batches[batch], false);
            for (slot, &level) in levels.iter().enumerate() {
                let level = level as usize;
                let steps = &mut moments.level_steps[feature][level];
                *steps += 1;
                let rates = early_rates(*steps);
                let place = level * embedding.size..(level + 1) * embedding.size;
                adam(
                    Adam { rates, ..step },
                    &mut values.vectors[feature][place.clone()],
                    &mut moments.first.vectors[feature][place.clone()],
                    &mut moments.second.vectors[feature][place],
                    &self.by_vectors[feature][slot * embedding.size..][..embedding.size],
                );
            }
        }
    }

    /// The mean loss of rows, with the average of the weights.
    fn mean_loss(&mut self, rows: &Rows) -> f64 {
        let amount = self.linear.amount();
        let mut total = 0.0;
        self.pass(
            rows,
            usize::MAX,
            |worker, network, block| worker.loss(network, &amount, block),
            |worker| total += worker.loss,
        );
        total / rows.packed.weight_sum
    }

    /// What is predicted for the rows, with the average of the weights.
    fn totals(&mut self) -> Totals {
        let Linear { heads, unit, .. } = self.linear;
        let mut sums = Sums::default();
        for rows in [self.training, self.validation] {
            self.pass(
                rows,
                TOTAL_ROWS,
                |worker, network, block| {
                    worker.sums = Sums::default();
                    worker.total(network, heads, *unit, block);
                },
                |worker| sums.add(&worker.sums),
            );
        }
        sums.totals()
    }

    /// Hands whole batches of about so many rows to the workers, block by block, and the workers, in the order of the
    /// blocks, to `take`.
    fn pass(
        &mut self,
        rows: &Rows,
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
                (0..batch.rows.div_ceil(BLOCK)).map(move |place| Block { rows, batch, place })
            })
            .collect();
        for blocks in blocks.chunks(workers.len()) {
            if linear.watch.is_interrupted() {
                return;
            }
            let workers = &mut workers[..blocks.len()];
            workers
                .par_iter_mut()
                .zip(blocks)
                .for_each(|(worker, block)| work(worker, &network, *block));
            workers.iter().for_each(&mut take);
        }
    }
}

/// Adam's rates after so many steps of a level.
fn early_rates(steps: u32) -> [f32; 2] {
    let power = |base: f64| {
        let (mut power, mut base, mut steps) = (1.0, base, steps);
        while steps > 0 {
            if steps & 1 == 1 {
                power *= base;
            }
            base *= base;
            steps >>= 1;
        }
        power
    };
    [(0.1 / (1.0 - power(0.9))) as f32, (0.001 / (1.0 - power(0.999))) as f32]
}

fn add(sums: &mut [Panel], more: &[Panel]) {
    for (sum, more) in sums.as_flattened_mut().iter_mut().zip(more.as_flattened()) {
        *sum += more;
    }
}

/// Adds the derivatives by embedded rows to those by the vectors of their levels, in the order of the rows.
fn scatter(
    data: &Rows,
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
