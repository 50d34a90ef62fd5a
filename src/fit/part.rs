//! The training of one part of the model: its weights, its optimiser's state, its steps.

use super::gradient::{Gradient, Heads, Loss};
use super::optimizer::{Optimizer, RateTable, Step, Weight};
use super::pack::Packed;

/// What both parts have in common.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) optimizer: Optimizer,
    pub(super) clip_norm: Option<f64>,
    /// What the learning rate of levels is multiplied by.
    pub(super) level_step_scale: f64,
    pub(super) rates: RateTable,
}

/// A part with `H` heads while it is trained.
#[derive(Debug)]
pub(super) struct Part<const H: usize, L> {
    pub(super) loss: L,
    /// Weights and state.
    pub(super) values: PartValues,
    /// The penalty of each head, in the units of the part's own mean loss.
    pub(super) l2: [f64; H],
    /// What the learning rate is multiplied by.
    pub(super) step_scale: f64,
    /// What the weights of the part's rows sum to: its loss is a mean over them.
    pub(super) weight_sum: f64,
    /// What the weights of the part's rows sum to, of each level.
    level_weight: Vec<f64>,
    gradient: Gradient,
}

/// The weights and the optimiser's state of a part.
#[derive(Debug, Clone, Default)]
pub(super) struct PartValues {
    /// Weights a head, intercept included.
    pub(super) width: usize,
    /// Head after head: the intercept, the numbers, the levels.
    pub(super) weights: Vec<f64>,
    /// The average of the gradients, of each weight.
    pub(super) first: Vec<f64>,
    /// The average of the squared gradients, of each weight.
    pub(super) second: Vec<f64>,
    /// Steps behind.
    pub(super) steps: u64,
    /// Steps behind, of each level.
    pub(super) level_steps: Vec<u64>,
}

impl PartValues {
    /// All zero, apart from the intercepts.
    pub(super) fn start<const H: usize>(packed: &Packed, intercepts: [f64; H]) -> Self {
        let width = 1 + packed.number_count + packed.level_count;
        let mut weights = vec![0.0; H * width];
        for (head, intercept) in weights.chunks_exact_mut(width).zip(intercepts) {
            head[0] = intercept;
        }
        Self {
            width,
            first: vec![0.0; weights.len()],
            second: vec![0.0; weights.len()],
            weights,
            steps: 0,
            level_steps: vec![0; packed.level_count],
        }
    }

    pub(super) fn heads(&self) -> Heads<'_> {
        Heads { values: &self.weights, width: self.width }
    }

    /// Whether the weights are such that single precision can work with them.
    pub(super) fn are_usable(&self) -> bool {
        self.weights.iter().all(|weight| weight.abs() < 1e18)
    }
}

impl<const H: usize, L: Loss<H>> Part<H, L> {
    pub(super) fn new(loss: L, packed: &Packed, values: PartValues, l2: [f64; H]) -> Self {
        let weight_sum = if L::PAYERS_ONLY { packed.payer_weight_sum } else { packed.weight_sum };
        Self {
            loss,
            values,
            l2,
            step_scale: 1.0,
            weight_sum,
            level_weight: level_weights::<H, L>(packed),
            gradient: Gradient::default(),
        }
    }

    /// Steps once a batch, and returns the mean loss on the way, if asked for.
    pub(super) fn epoch(
        &mut self,
        packed: &Packed,
        batches: &[u32],
        plan: &Plan,
        with_loss: bool,
        learning_rate: impl Fn(u64) -> f64,
    ) -> f64 {
        let mut total = 0.0;
        for &batch in batches {
            let rate = self.step_scale * learning_rate(self.values.steps);
            total += self.step(packed, batch as usize, plan, with_loss, rate);
        }
        total / self.weight_sum
    }

    fn step(
        &mut self,
        packed: &Packed,
        batch: usize,
        plan: &Plan,
        with_loss: bool,
        learning_rate: f64,
    ) -> f64 {
        let heads = self.values.heads();
        let loss = self.gradient.of_batch(&self.loss, packed, batch, heads, with_loss);
        self.finish_gradient(packed, batch, plan);
        self.update(packed, batch, plan, learning_rate);
        loss
    }

    /// From sums over a batch to the gradient of the objective, clipped.
    fn finish_gradient(&mut self, packed: &Packed, batch: usize, plan: &Plan) {
        let batches = packed.batches.len() as f64;
        // The batch stands for all rows, so the expected gradient is that of the objective.
        let factor = batches / self.weight_sum;
        let coupled = plan.optimizer.couples_l2();
        let numbers = packed.number_count;
        let heads = self.values.weights.chunks_exact(self.values.width).zip(self.l2);
        for ((weights, l2), gradient) in
            heads.zip(self.gradient.dense.chunks_exact_mut(1 + numbers))
        {
            let l2 = if coupled { l2 } else { 0.0 };
            for (place, (gradient, weight)) in gradient.iter_mut().zip(weights).enumerate() {
                let penalty = if place == 0 { 0.0 } else { l2 * weight };
                *gradient = *gradient * factor + penalty;
            }
        }
        for (gradient, category) in self.gradient.levels.iter_mut().zip(&packed.categories) {
            let levels = category.levels(batch, L::PAYERS_ONLY);
            for (slot, &level) in levels.iter().enumerate() {
                let level = category.offset + level as usize;
                let share = gradient.row_weight[slot + 1] / self.level_weight[level] * batches;
                gradient.row_weight[slot + 1] = share;
                for head in 0..H {
                    let weight =
                        self.values.weights[head * self.values.width + 1 + numbers + level];
                    let l2 = if coupled { self.l2[head] } else { 0.0 };
                    let by_weight = &mut gradient.by_weight[head * gradient.slots + slot + 1];
                    *by_weight = *by_weight * factor + l2 * share * weight;
                }
            }
            for head in 0..H {
                gradient.by_weight[head * gradient.slots] = 0.0;
            }
        }
        let width = self.values.width;
        let intercepts = std::array::from_fn(|head| self.values.weights[head * width]);
        for (head, slope) in self.loss.prior_slope(intercepts).into_iter().enumerate() {
            self.gradient.dense[head * (1 + numbers)] += slope;
        }
        if let Some(most) = plan.clip_norm {
            self.clip(most);
        }
    }

    fn clip(&mut self, most: f64) {
        let levels = self.gradient.levels.iter_mut().map(|levels| &mut levels.by_weight);
        let mut parts: Vec<&mut Vec<f64>> = levels.collect();
        parts.push(&mut self.gradient.dense);
        let squares: f64 = parts.iter().flat_map(|part| part.iter()).map(|g| g * g).sum();
        let norm = squares.sqrt();
        if norm > most {
            parts.iter_mut().flat_map(|part| part.iter_mut()).for_each(|g| *g *= most / norm);
        }
    }

    fn update(&mut self, packed: &Packed, batch: usize, plan: &Plan, learning_rate: f64) {
        let numbers = packed.number_count;
        let width = self.values.width;
        let values = &mut self.values;
        let decoupled = !plan.optimizer.couples_l2();
        let rates = plan.rates.after(values.steps);
        for head in 0..H {
            let decay = if decoupled { self.l2[head] } else { 0.0 };
            let dense = head * width..head * width + 1 + numbers;
            let gradients = self.gradient.dense[head * (1 + numbers)..].iter().copied();
            let step = Step { learning_rate, decay, rates };
            let weights = values.weights[dense.clone()].iter_mut();
            let first = values.first[dense.clone()].iter_mut();
            let second = values.second[dense].iter_mut();
            let all = weights.zip(first).zip(second).zip(gradients);
            for (place, (((value, first), second), gradient)) in all.enumerate() {
                let step = if place == 0 { Step { decay: 0.0, ..step } } else { step };
                plan.optimizer.update(step, &mut Weight { value, first, second }, gradient);
            }
        }
        values.steps += 1;
        let learning_rate = learning_rate * plan.level_step_scale;
        for (gradient, category) in self.gradient.levels.iter().zip(&packed.categories) {
            for (slot, &level) in category.levels(batch, L::PAYERS_ONLY).iter().enumerate() {
                let level = category.offset + level as usize;
                let rates = plan.rates.after(values.level_steps[level]);
                values.level_steps[level] += 1;
                for head in 0..H {
                    let decay = self.l2[head] * gradient.row_weight[slot + 1];
                    let decay = if decoupled { decay } else { 0.0 };
                    let place = head * width + 1 + numbers + level;
                    let mut weight = Weight {
                        value: &mut values.weights[place],
                        first: &mut values.first[place],
                        second: &mut values.second[place],
                    };
                    let by_weight = gradient.by_weight[head * gradient.slots + slot + 1];
                    let step = Step { learning_rate, decay, rates };
                    plan.optimizer.update(step, &mut weight, by_weight);
                }
            }
        }
    }

    /// The summed loss of the part over all rows of `packed`, with the weights as they are.
    pub(super) fn total_loss(&mut self, packed: &Packed) -> f64 {
        let heads = self.values.heads();
        (0..packed.batches.len())
            .map(|batch| self.gradient.loss_of_batch(&self.loss, packed, batch, heads))
            .sum()
    }
}

/// The weights of the part's rows, summed by level.
fn level_weights<const H: usize, L: Loss<H>>(packed: &Packed) -> Vec<f64> {
    let mut sums = vec![0.0; packed.level_count];
    for category in &packed.categories {
        for (index, batch) in packed.batches.iter().enumerate() {
            let levels = category.levels(index, L::PAYERS_ONLY);
            for row in batch.start..batch.start + L::rows(batch) {
                let weight = packed.weight.as_ref().map_or(1.0, |weights| weights[row]);
                let local = category.local[row] as usize;
                if let Some(&level) = local.checked_sub(1).and_then(|local| levels.get(local)) {
                    sums[category.offset + level as usize] += weight;
                }
            }
        }
    }
    sums
}
