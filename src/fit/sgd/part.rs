//! Steps of gradient descent on the weights of one part of the model.

use super::optimizer::{StepRates, WeightState};
use super::steps::Steps;
use crate::family::{Head, Limits, Term};
use crate::fit::encode::Packed;
use crate::fit::objective::{gradient_of_batch, loss_of_batch};
use crate::fit::weight_penalty::WeightPenalty;
use crate::net::{Affine, AffineWeights, Batch, Inputs};

/// Heads that are trained together because a term of the loss, or a weight, is common to them; no other part has either.
///
/// The linear model has two: the logit head, and the heads of the amount.
pub(in crate::fit) trait ModelPart: Send {
    /// The heads, in the order of their weights.
    fn heads(&self) -> &[Head];

    /// Whether the part's loss concerns the payers alone.
    fn payers_only(&self) -> bool;

    /// The weights, and what the optimiser keeps for them.
    fn weights(&self) -> &PartWeights;

    /// The same, to be written to.
    fn weights_mut(&mut self) -> &mut PartWeights;

    /// Steps once a batch, and returns the mean loss on the way, if asked for.
    fn epoch(
        &mut self,
        packed: &Packed,
        batches: &[u32],
        steps: &Steps<'_>,
        with_loss: bool,
    ) -> f64;

    /// The summed loss over all rows of `packed`, with the weights as they are; with other limits of the amount if they are given.
    fn total_loss(&mut self, packed: &Packed, limits: Option<Limits>) -> f64;
}

/// A part with `H` linear heads and one term of the loss.
#[derive(Debug)]
pub(in crate::fit) struct LinearPart<const H: usize, T> {
    term: T,
    weights: PartWeights,
    /// The penalty of each head, in the units of the part's own mean loss.
    l2: [f64; H],
    /// What the weights are drawn to, in place of the penalty.
    drawn: Option<WeightPenalty>,
    /// What the learning rate is multiplied by.
    step_scale: f64,
    /// Whether there is anything to learn.
    is_learnt: bool,
    /// What the weights of the part's rows sum to: its loss is a mean over them.
    weight_sum: f64,
    /// What the weights of the part's rows sum to, of each level.
    level_weight: Vec<f64>,
    affine: Affine,
}

/// The weights of a part, and the optimiser's state.
#[derive(Debug, Clone, Default)]
pub(in crate::fit) struct PartWeights {
    /// Weights a head, intercept included.
    pub(in crate::fit) width: usize,
    /// Head after head: the intercept, the numbers, the levels.
    pub(in crate::fit) values: Vec<f64>,
    /// The average of the gradients, of each weight.
    pub(in crate::fit) first: Vec<f64>,
    /// The average of the squared gradients, of each weight.
    pub(in crate::fit) second: Vec<f64>,
    /// Steps behind.
    pub(in crate::fit) steps: u64,
    /// Steps behind, of each level.
    pub(in crate::fit) level_steps: Vec<u64>,
}

impl PartWeights {
    /// All zero, apart from the intercepts.
    pub(in crate::fit) fn start(inputs: &Inputs, intercepts: &[f64]) -> Self {
        let width = inputs.width();
        let mut values = vec![0.0; intercepts.len() * width];
        for (head, intercept) in values.chunks_exact_mut(width).zip(intercepts) {
            head[0] = *intercept;
        }
        Self {
            width,
            first: vec![0.0; values.len()],
            second: vec![0.0; values.len()],
            values,
            steps: 0,
            level_steps: vec![0; inputs.level_count],
        }
    }

    /// The weights of one head.
    pub(in crate::fit) fn head(&self, head: usize) -> &[f64] {
        self.values.get(head * self.width..(head + 1) * self.width).unwrap_or(&[])
    }

    fn affine(&self) -> AffineWeights<'_> {
        AffineWeights { values: &self.values, width: self.width }
    }

    /// Whether the weights are such that single precision can work with them.
    pub(in crate::fit) fn are_usable(&self) -> bool {
        self.values.iter().all(|weight| weight.abs() < 1e18)
    }
}

impl<const H: usize, T: Term<H>> LinearPart<H, T> {
    /// A part that starts from these weights.
    pub(in crate::fit) fn new(
        term: T,
        packed: &Packed,
        weights: PartWeights,
        l2: [f64; H],
    ) -> Self {
        Self {
            term,
            weights,
            l2,
            drawn: None,
            step_scale: 1.0,
            is_learnt: true,
            weight_sum: packed.weight_of(T::PAYERS_ONLY),
            level_weight: level_weights(packed, T::PAYERS_ONLY),
            affine: Affine::default(),
        }
    }

    /// With the learning rate multiplied by this.
    pub(in crate::fit) fn with_step_scale(self, step_scale: f64) -> Self {
        Self { step_scale, ..self }
    }

    /// Left as it is, unless there is something to learn.
    pub(in crate::fit) fn learnt_if(self, is_learnt: bool) -> Self {
        Self { is_learnt, ..self }
    }

    /// Drawn to the weights of a prior.
    pub(in crate::fit) fn drawn_to(self, drawn: Option<WeightPenalty>) -> Self {
        Self { drawn, ..self }
    }

    /// The slope by a weight with what draws it to the prior; none of one that is held.
    fn drawn(&self, slope: f64, index: usize, share: f64) -> f64 {
        match &self.drawn {
            Some(penalty) if penalty.holds(index) => 0.0,
            Some(penalty) => slope + share * penalty.slope(index, self.weights.values[index]),
            None => slope,
        }
    }

    fn step(&mut self, packed: &Packed, batch: &Batch, steps: &Steps<'_>, with_loss: bool) -> f64 {
        let learning_rate = self.step_scale * steps.learning_rate(self.weights.steps);
        let weights = self.weights.affine();
        let loss =
            gradient_of_batch(&mut self.affine, &self.term, packed, batch, weights, with_loss);
        self.finish_gradient(packed, batch, steps);
        self.update(packed, batch, steps, learning_rate);
        loss
    }

    /// From sums over a batch to the gradient of the objective, clipped.
    fn finish_gradient(&mut self, packed: &Packed, batch: &Batch, steps: &Steps<'_>) {
        let batches = packed.batches.len() as f64;
        // The batch stands for all rows, so the expected gradient is that of the objective.
        let factor = batches / self.weight_sum;
        let coupled = steps.optimizer.couples_l2();
        let numbers = packed.inputs.number_count;
        let heads = self.weights.values.chunks_exact(self.weights.width).zip(self.l2);
        for ((weights, l2), gradient) in heads.zip(self.affine.dense.chunks_exact_mut(1 + numbers))
        {
            let l2 = if coupled { l2 } else { 0.0 };
            for (index, (gradient, weight)) in gradient.iter_mut().zip(weights).enumerate() {
                let penalty = if index == 0 { 0.0 } else { l2 * weight };
                *gradient = *gradient * factor + penalty;
            }
        }
        for (gradient, category) in self.affine.levels.iter_mut().zip(&packed.inputs.categories) {
            let levels = category.levels(batch, T::PAYERS_ONLY);
            for (slot, &level) in levels.iter().enumerate() {
                let level = category.offset + level as usize;
                let share = gradient.row_weight[slot + 1] / self.level_weight[level] * batches;
                gradient.row_weight[slot + 1] = share;
                for head in 0..H {
                    let weight =
                        self.weights.values[head * self.weights.width + 1 + numbers + level];
                    let l2 = if coupled { self.l2[head] } else { 0.0 };
                    let by_weight = &mut gradient.by_weight[head * gradient.slots + slot + 1];
                    *by_weight = *by_weight * factor + l2 * share * weight;
                }
            }
            for head in 0..H {
                gradient.by_weight[head * gradient.slots] = 0.0;
            }
        }
        let width = self.weights.width;
        let intercepts = std::array::from_fn(|head| self.weights.values[head * width]);
        for (head, slope) in self.term.prior_slope(intercepts).into_iter().enumerate() {
            self.affine.dense[head * (1 + numbers)] += slope;
        }
        if self.drawn.is_some() {
            self.draw(packed, batch);
        }
        if let Some(most) = steps.clip_norm {
            self.clip(most);
        }
    }

    /// Adds what draws the weights to the prior; that of a level in the share of its rows that the batch has.
    fn draw(&mut self, packed: &Packed, batch: &Batch) {
        let (width, dense) = (self.weights.width, 1 + packed.inputs.number_count);
        for head in 0..H {
            for index in 0..dense {
                let slope = self.affine.dense[head * dense + index];
                self.affine.dense[head * dense + index] =
                    self.drawn(slope, head * width + index, 1.0);
            }
            for (feature, category) in packed.inputs.categories.iter().enumerate() {
                for (slot, &level) in category.levels(batch, T::PAYERS_ONLY).iter().enumerate() {
                    let index = head * width + dense + category.offset + level as usize;
                    let gradient = &self.affine.levels[feature];
                    let by_weight = head * gradient.slots + slot + 1;
                    let share = gradient.row_weight[slot + 1];
                    let slope = self.drawn(gradient.by_weight[by_weight], index, share);
                    self.affine.levels[feature].by_weight[by_weight] = slope;
                }
            }
        }
    }

    fn clip(&mut self, most: f64) {
        let levels = self.affine.levels.iter_mut().map(|levels| &mut levels.by_weight);
        let mut parts: Vec<&mut Vec<f64>> = levels.collect();
        parts.push(&mut self.affine.dense);
        let squares: f64 = parts.iter().flat_map(|part| part.iter()).map(|g| g * g).sum();
        let norm = squares.sqrt();
        if norm > most {
            parts.iter_mut().flat_map(|part| part.iter_mut()).for_each(|g| *g *= most / norm);
        }
    }

    fn update(&mut self, packed: &Packed, batch: &Batch, steps: &Steps<'_>, learning_rate: f64) {
        let numbers = packed.inputs.number_count;
        let width = self.weights.width;
        let weights = &mut self.weights;
        let decoupled = !steps.optimizer.couples_l2();
        let rates = steps.rates.after(weights.steps);
        for head in 0..H {
            let decay = if decoupled { self.l2[head] } else { 0.0 };
            let dense = head * width..head * width + 1 + numbers;
            let gradients = self.affine.dense[head * (1 + numbers)..].iter().copied();
            let step = StepRates { learning_rate, decay, rates };
            let of_weights = weights.values[dense.clone()].iter_mut();
            let first = weights.first[dense.clone()].iter_mut();
            let second = weights.second[dense].iter_mut();
            let all = of_weights.zip(first).zip(second).zip(gradients);
            for (index, (((value, first), second), gradient)) in all.enumerate() {
                let step = if index == 0 { StepRates { decay: 0.0, ..step } } else { step };
                steps.optimizer.update(step, &mut WeightState { value, first, second }, gradient);
            }
        }
        weights.steps += 1;
        let learning_rate = learning_rate * steps.level_step_scale;
        for (gradient, category) in self.affine.levels.iter().zip(&packed.inputs.categories) {
            for (slot, &level) in category.levels(batch, T::PAYERS_ONLY).iter().enumerate() {
                let level = category.offset + level as usize;
                let rates = steps.rates.after(weights.level_steps[level]);
                weights.level_steps[level] += 1;
                for head in 0..H {
                    let decay = self.l2[head] * gradient.row_weight[slot + 1];
                    let decay = if decoupled { decay } else { 0.0 };
                    let index = head * width + 1 + numbers + level;
                    let mut weight = WeightState {
                        value: &mut weights.values[index],
                        first: &mut weights.first[index],
                        second: &mut weights.second[index],
                    };
                    let by_weight = gradient.by_weight[head * gradient.slots + slot + 1];
                    let step = StepRates { learning_rate, decay, rates };
                    steps.optimizer.update(step, &mut weight, by_weight);
                }
            }
        }
    }
}

impl<const H: usize, T: Term<H>> ModelPart for LinearPart<H, T> {
    fn heads(&self) -> &[Head] {
        &T::HEADS
    }

    fn payers_only(&self) -> bool {
        T::PAYERS_ONLY
    }

    fn weights(&self) -> &PartWeights {
        &self.weights
    }

    fn weights_mut(&mut self) -> &mut PartWeights {
        &mut self.weights
    }

    fn epoch(
        &mut self,
        packed: &Packed,
        batches: &[u32],
        steps: &Steps<'_>,
        with_loss: bool,
    ) -> f64 {
        if !self.is_learnt {
            return 0.0;
        }
        let mut total = 0.0;
        for batch in batches.iter().filter_map(|&batch| packed.batches.get(batch as usize)) {
            if steps.are_interrupted() {
                break;
            }
            total += self.step(packed, batch, steps, with_loss);
        }
        total / self.weight_sum
    }

    fn total_loss(&mut self, packed: &Packed, limits: Option<Limits>) -> f64 {
        let weights = self.weights.affine();
        let term = limits.map_or(self.term, |limits| self.term.within(limits));
        let loss = |batch| loss_of_batch(&mut self.affine, &term, packed, batch, weights);
        packed.batches.iter().map(loss).sum()
    }
}

/// The weights of the rows that a term depends on, summed by level.
fn level_weights(packed: &Packed, payers_only: bool) -> Vec<f64> {
    let mut sums = vec![0.0; packed.inputs.level_count];
    for category in &packed.inputs.categories {
        for batch in &packed.batches {
            let levels = category.levels(batch, payers_only);
            let rows = batch.start..batch.start + batch.rows_of(payers_only);
            for (row, &local) in rows.clone().zip(category.local(rows)) {
                let weight = packed.weight.as_ref().map_or(1.0, |weights| weights[row]);
                let known = (local as usize).checked_sub(1).and_then(|local| levels.get(local));
                if let Some(&level) = known {
                    sums[category.offset + level as usize] += weight;
                }
            }
        }
    }
    sums
}
