//! The training of a network from beginning to end.

use rayon::prelude::*;

use super::super::gradient::AmountLoss;
use super::super::order::Hashed;
use super::super::part::PartValues;
use super::super::table::Table;
use super::super::total;
use super::super::train::batch_order;
use super::super::usable::Usable;
use super::block::{BLOCK, Block, Worker};
use super::plan::Network;
use super::rows::{Rows, row_ids};
use super::values::{Moments, Ready, Values};
use crate::fit::schedule::Schedule;
use crate::math::dispatch;
use crate::model::{Bounds, Encoding, NetworkParts};
use crate::net::{Adam, Dropout, Embedding, Panel, Shape, Transposed, adam, embedding_size};

/// The linear model, trained.
pub(in crate::fit) struct Linear<'a> {
    pub(in crate::fit) encodings: &'a [Encoding],
    pub(in crate::fit) paying: &'a PartValues,
    pub(in crate::fit) amount: &'a PartValues,
    pub(in crate::fit) loss: &'a AmountLoss,
    pub(in crate::fit) bounds: Bounds,
}

impl Linear<'_> {
    pub(super) fn heads(&self) -> total::Heads<'_> {
        total::Heads {
            paying: self.paying,
            amount: self.amount,
            scale: self.loss.scale,
            bounds: self.bounds,
        }
    }
}

/// Blocks that are worked on at a time.
const WORKERS: usize = 8;

/// Multiplications of a batch from which on its blocks are divided among threads.
const PARALLEL_PRODUCTS: usize = 1 << 19;

/// What training left.
pub(in crate::fit) struct Trained {
    pub(in crate::fit) network: NetworkParts,
    pub(in crate::fit) best_epoch: u64,
    pub(in crate::fit) epochs: u64,
    pub(in crate::fit) validation_loss: f64,
}

/// Trains a network on rows in canonical order.
pub(in crate::fit) fn train_network(
    table: &Table<'_>,
    usable: &Usable,
    ordered: &[Hashed],
    linear: &Linear<'_>,
    seed: u64,
    plan: &Network,
) -> Trained {
    // 2^64 times the fraction; the cast saturates.
    let bound = (plan.validation_fraction * 18_446_744_073_709_551_616.0) as u64;
    let held_out = ordered.partition_point(|row| row.hash < bound);
    let (validation, training) = ordered.split_at(held_out);
    let batch_size = plan.batch_size.unwrap_or_else(|| automatic_batch_size(training.len()));
    let rows = |rows: &[Hashed], size| Rows::new(table, usable, &row_ids(rows), size, linear);
    let training = rows(training, batch_size);
    let validation = rows(validation, 4096);
    let mut session = Session::new(&training, &validation, linear, seed, plan);
    session.run()
}

fn automatic_batch_size(rows: usize) -> usize {
    (rows / 64).clamp(64, 1024)
}

struct Session<'a> {
    training: &'a Rows,
    validation: &'a Rows,
    linear: &'a Linear<'a>,
    seed: u64,
    plan: &'a Network,
    shape: Shape,
    embeddings: Vec<Embedding>,
    values: Values,
    /// The running average of the weights, if there is one.
    average: Option<Values>,
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
        seed: u64,
        plan: &'a Network,
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
        let shape = Shape::new(training.packed.number_count, at, plan.hidden());
        let values = Values::start(&shape, &embeddings, seed);
        let batches = &training.packed.batches;
        let most_rows = batches.iter().map(|batch| batch.rows).max().unwrap_or(0);
        let workers = most_rows.div_ceil(BLOCK).clamp(1, WORKERS);
        let most_levels = |category: &crate::fit::category::Category| {
            (0..batches.len()).map(|batch| category.levels(batch, false).len()).max().unwrap_or(0)
        };
        let by_vectors = training.packed.categories.iter().zip(&embeddings);
        Self {
            average: (plan.average > 0.0).then(|| values.clone()),
            moments: Moments::zeros(&shape, &embeddings),
            transposed: Transposed::new(&shape),
            workers: (0..workers).map(|_| Worker::new(&shape)).collect(),
            gradient: vec![[0.0; crate::net::PANEL]; shape.panels()],
            by_vectors: by_vectors
                .map(|(category, embedding)| vec![0.0; most_levels(category) * embedding.size])
                .collect(),
            powers: [1.0; 2],
            products: most_rows * shape.panels() * crate::net::PANEL,
            training,
            validation,
            linear,
            seed,
            plan,
            shape,
            embeddings,
            values,
        }
    }

    fn run(&mut self) -> Trained {
        let mut best = (self.validation_loss(), 0, self.values.clone());
        let mut epochs = 0;
        for epoch in 1..=self.plan.epochs {
            self.epoch(epoch);
            if !self.values.are_finite() {
                break;
            }
            epochs = epoch;
            let loss = self.validation_loss();
            if self.plan.verbose {
                let train = self.mean_loss(self.training);
                eprintln!("epoch {epoch}: train {train:.5} validation {loss:.5}");
            }
            if loss < best.0 {
                let values = self.average.as_ref().unwrap_or(&self.values).clone();
                best = (loss, epoch, values);
            } else if epoch - best.1 >= self.plan.patience {
                break;
            }
        }
        let (validation_loss, best_epoch, values) = best;
        Trained {
            network: NetworkParts {
                shape: self.shape.clone(),
                embeddings: self.embeddings.clone(),
                weights: values.weights,
                vectors: values.vectors,
                mu_scale: self.linear.loss.scale,
            },
            best_epoch,
            epochs,
            validation_loss,
        }
    }

    fn epoch(&mut self, epoch: u64) {
        let batches = self.training.packed.batches.len();
        let order = batch_order(batches, self.seed, epoch);
        let total = self.plan.epochs * batches as u64;
        for batch in order {
            let factor = Schedule::Cosine.factor(self.moments.steps, 0, total, batches as u64);
            self.step(batch as usize, self.plan.learning_rate * factor);
        }
    }

    fn step(&mut self, batch: usize, learning_rate: f64) {
        self.transposed.take_heads(&self.shape, &self.values.weights);
        self.transposed.take_layers(&self.shape, &self.values.weights);
        self.sum_gradient(batch);
        self.update(batch, learning_rate);
        if let Some(average) = &mut self.average {
            // A plain mean at first.
            let share = (1.0 / self.plan.average).max(1.0 / (self.moments.steps as f64));
            average.approach(&self.values, share as f32);
        }
    }

    /// Sums the gradients of the batch's blocks in their order.
    fn sum_gradient(&mut self, batch: usize) {
        let Self { training, linear, shape, embeddings, values, transposed, .. } = self;
        let network = Ready { shape, embeddings, values, transposed };
        let rows = training.packed.batches[batch].rows;
        let blocks = rows.div_ceil(BLOCK);
        let key = crate::net::step_key(self.seed, self.moments.steps);
        let dropout = Dropout::of_sixteenths(self.plan.dropout);
        let block = |block| Block { rows: training, loss: linear.loss, batch, block, dropout, key };
        let parallel = self.products >= PARALLEL_PRODUCTS && rayon::current_num_threads() > 1;
        self.gradient.fill([0.0; crate::net::PANEL]);
        for (category, (sums, embedding)) in
            training.packed.categories.iter().zip(self.by_vectors.iter_mut().zip(embeddings.iter()))
        {
            let levels = category.levels(batch, false).len();
            sums[..levels * embedding.size].fill(0.0);
        }
        for first in (0..blocks).step_by(self.workers.len()) {
            let count = self.workers.len().min(blocks - first);
            let workers = &mut self.workers[..count];
            if parallel && count > 1 {
                workers.par_iter_mut().enumerate().for_each(|(place, worker)| {
                    worker.gradient(&network, block(first + place));
                });
            } else {
                for (place, worker) in workers.iter_mut().enumerate() {
                    worker.gradient(&network, block(first + place));
                }
            }
            for (place, worker) in workers.iter().enumerate() {
                add(&mut self.gradient, &worker.gradient);
                let start = (first + place) * BLOCK;
                let count = BLOCK.min(rows - start);
                scatter(training, embeddings, batch, start, count, worker, &mut self.by_vectors);
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
            decay: self.plan.decay as f32,
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
        let step = Adam {
            learning_rate: (learning_rate * self.plan.embedding_rate) as f32,
            decay: self.plan.embedding_decay as f32,
            ..step
        };
        for (feature, embedding) in self.embeddings.iter().enumerate() {
            let levels = packed.categories[feature].levels(batch, false);
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

    fn validation_loss(&mut self) -> f64 {
        self.mean_loss(self.validation)
    }

    fn mean_loss(&mut self, rows: &Rows) -> f64 {
        let Self { linear, shape, embeddings, values, transposed, average, .. } = self;
        let values = average.as_ref().unwrap_or(values);
        transposed.take_heads(shape, &values.weights);
        let network = Ready { shape, embeddings, values, transposed };
        let mut total = 0.0;
        let blocks = rows.packed.batches.iter().enumerate().flat_map(|(batch, rows)| {
            (0..rows.rows.div_ceil(BLOCK)).map(move |block| (batch, block))
        });
        let blocks: Vec<(usize, usize)> = blocks.collect();
        for blocks in blocks.chunks(self.workers.len()) {
            let workers = &mut self.workers[..blocks.len()];
            workers.par_iter_mut().zip(blocks).for_each(|(worker, &(batch, block))| {
                let loss = linear.loss;
                let block = Block { rows, loss, batch, block, dropout: None, key: 0 };
                worker.loss(&network, block);
            });
            total += workers.iter().map(|worker| worker.loss).sum::<f64>();
        }
        total / rows.packed.weight_sum
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
    rows: &Rows,
    embeddings: &[Embedding],
    batch: usize,
    start: usize,
    count: usize,
    worker: &Worker,
    by_vectors: &mut [Vec<f32>],
) {
    let at = rows.packed.batches[batch].start + start;
    let width = worker.by_embedded.len() / BLOCK;
    for ((category, embedding), sums) in
        rows.packed.categories.iter().zip(embeddings).zip(by_vectors)
    {
        let local = &category.local[at..at + count];
        for (row, &local) in worker.by_embedded.chunks_exact(width).zip(local) {
            let Some(slot) = (local as usize).checked_sub(1) else { continue };
            let sums = &mut sums[slot * embedding.size..][..embedding.size];
            for (sum, value) in sums.iter_mut().zip(&row[embedding.at..]) {
                *sum += value;
            }
        }
    }
}
