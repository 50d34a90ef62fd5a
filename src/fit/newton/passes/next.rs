//! From the sums of a pass to the next model.

use std::ops::Range as ColumnRange;

use super::advance::{PartProblem, SeenPart, advance};
use super::fixed_point_sum::FixedPointSum;
use super::pass::Pass;
use super::quasi_newton::BlockDiagonal;
use super::sums::{MATRICES, PartSums, PassSums, UNIT};
use crate::family::{AmountTerm, PAIRS, Term};
use crate::fit::finish::rising_range;
use crate::fit::newton::covariance::{CovarianceInputs, Covariances, standard_errors};
use crate::fit::newton::direction::{add_diagonal, joint_factor};
use crate::fit::newton::part_objective::Point;
use crate::fit::newton::penalties::ridge;
use crate::fit::newton::symmetric::Symmetric;
use crate::fit::part_indices::part_indices;
use crate::fit::regularizer::Regularizer;
use crate::fit::weight_penalty::WeightPenalty;
use crate::math::ln;
use crate::model::{
    Covariance, Encoding, ErrorKind, Feature, HeadWeights, History, Model, OptionsInForce,
    PassPart, PassStatus, Passes, Range, Shrunk, StandardErrors, StopReason, Training, Weights,
};

/// What is said of a training that no step could improve any more.
const STUCK: &str = "the passes did not come to the optimum within the tolerance; the data may not bound every weight: use option l2 or fewer features";

impl Pass {
    /// The model after a pass that summed all rows; the same if there was no usable one, or nothing was left to do.
    pub fn finish(&self, sums: &PassSums) -> Model {
        let weight = unscaled(sums.weight);
        let payer_weight = unscaled(sums.payer_weight);
        if !self.is_open() || weight <= 0.0 || payer_weight <= 0.0 {
            return self.model.clone();
        }
        let next = NextModel { pass: self, sums, weight, payer_weight };
        let penalties = next.penalties();
        let paying = next.part::<1>(0, &penalties[0]);
        let amount = next.part::<2>(1, &penalties[1]);
        next.model([paying, amount], &penalties)
    }
}

/// A sum in the units of what was summed.
fn unscaled(total: FixedPointSum) -> f64 {
    total.value() * UNIT
}

/// A model in the making.
struct NextModel<'a> {
    pass: &'a Pass,
    sums: &'a PassSums,
    /// What the weights of the rows sum to, and those of the payers, in the unit of weights.
    weight: f64,
    payer_weight: f64,
}

/// A part after a pass.
struct NextPart {
    state: PassPart,
    /// Whether what the pass saw was taken.
    is_taken: bool,
    /// The covariances of the weights that were taken; nothing of more columns than are summed in pairs.
    covariances: Option<Covariances>,
}

impl NextModel<'_> {
    fn penalties(&self) -> [WeightPenalty; 2] {
        let Passes { l2, sigma_prior, .. } = self.pass.passes;
        ridge(l2, sigma_prior, self.pass.encoder.width(), self.weight / self.payer_weight)
    }

    fn part<const H: usize>(&self, part: usize, penalty: &WeightPenalty) -> NextPart {
        let passes = &self.pass.passes;
        let state = if part == 0 { &passes.paying } else { &passes.amount };
        if state.status != PassStatus::Open {
            return NextPart { state: state.clone(), is_taken: false, covariances: None };
        }
        let PassSums { counts, payments, .. } = self.sums;
        let unit = |head| if part == 1 && head == 0 { passes.mu_unit } else { 1.0 };
        let units: [f64; H] = std::array::from_fn(unit);
        let can_learn = match part {
            0 => counts.payers < counts.rows,
            _ => payments.least < payments.most,
        };
        let options = self.pass.model.options();
        let tolerance = options.tolerance.unwrap_or(f64::MIN_POSITIVE);
        let seen = self.seen::<H>(part, penalty);
        let problem = PartProblem { penalty, units, tolerance, can_learn };
        let (next, is_taken) = advance(state, seen.as_ref(), &problem);
        let covariances = seen
            .filter(|_| is_taken)
            .and_then(|seen| self.covariances::<H>(part, &seen, penalty, &next));
        NextPart { state: next, is_taken, covariances }
    }

    /// What the weights of the rows that a part is about sum to.
    fn weight_of(&self, part: usize) -> f64 {
        if part == 0 { self.weight } else { self.payer_weight }
    }

    /// What the pass saw of a part; `None` if its weights gave a row numbers too large to be summed.
    fn seen<const H: usize>(&self, part: usize, penalty: &WeightPenalty) -> Option<SeenPart> {
        let sums = &self.sums.parts[part];
        if sums.beyond > 0 {
            return None;
        }
        let per_weight = 1.0 / self.weight_of(part);
        let values = self.pass.trials[part].clone();
        let width = values.len() / H;
        let bounds = &self.pass.bounds;
        let slopes = sums.gradient.iter().zip(bounds.iter().cycle());
        let mut gradient: Vec<f64> =
            slopes.map(|(sum, bound)| unscaled(*sum) * bound * per_weight).collect();
        let added = penalty.add(width, &values, &mut gradient);
        let loss = unscaled(sums.loss) * per_weight;
        let matrix = |index: usize| self.matrix(sums, index, per_weight);
        let point = |products: [Option<usize>; PAIRS]| Point {
            values: values.clone(),
            loss,
            objective: loss + added,
            gradient: gradient.clone(),
            products: products.map(|index| index.map_or_else(|| Symmetric::new(0), matrix)),
        };
        let is_dense = self.pass.profile.is_dense();
        let (observed, expected) = match H {
            _ if !is_dense => (point([None; PAIRS]), point([None; PAIRS])),
            1 => (point([Some(0), None, None]), point([Some(0), None, None])),
            _ => (point([Some(0), Some(1), Some(2)]), point([Some(0), None, Some(3)])),
        };
        let blocks = || self.blocks(sums, penalty, &values, per_weight);
        let blocks = if is_dense { None } else { Some(blocks()?) };
        let loss = unscaled(sums.bounded_loss) * per_weight;
        Some(SeenPart { observed, expected, blocks, loss })
    }

    fn matrix(&self, sums: &PartSums, index: usize, factor: f64) -> Symmetric {
        self.block(sums, index, 0..self.pass.bounds.len(), factor)
    }

    /// The second derivatives by some columns, of which the sums have those of the profile.
    fn block(
        &self,
        sums: &PartSums,
        index: usize,
        columns: ColumnRange<usize>,
        factor: f64,
    ) -> Symmetric {
        let Pass { bounds, profile, .. } = self.pass;
        let mut matrix = Symmetric::new(columns.len());
        let Some(totals) = sums.products.get(index) else { return matrix };
        for row in columns.clone() {
            let Some(triangle) = profile.row(row) else { continue };
            let totals = totals.get(triangle.indices()).unwrap_or(&[]);
            for (column, total) in (triangle.first..).zip(totals) {
                let value = unscaled(*total) * bounds[row] * bounds[column] * factor;
                matrix.add(row - columns.start, column - columns.start, value);
            }
        }
        matrix
    }

    /// The expected second derivatives of each head in blocks; nothing where one is no number.
    fn blocks(
        &self,
        sums: &PartSums,
        penalty: &WeightPenalty,
        values: &[f64],
        per_weight: f64,
    ) -> Option<BlockDiagonal> {
        let width = self.pass.bounds.len();
        let added = penalty.curvature(width, values);
        let held = penalty.held();
        let mut blocks = BlockDiagonal::default();
        // Of mu what is observed is what is expected.
        for (head, index) in (0..values.len() / width).zip([0, MATRICES - 1]) {
            for columns in self.pass.profile.of_blocks() {
                let indices = head * width + columns.start..head * width + columns.end;
                let mut matrix = self.block(sums, index, columns, per_weight);
                add_diagonal(&mut matrix, &added[indices.clone()]);
                let left_out = &held[indices.clone()];
                blocks.add(indices, matrix, left_out).then_some(())?;
            }
        }
        Some(blocks)
    }

    fn covariances<const H: usize>(
        &self,
        part: usize,
        seen: &SeenPart,
        penalty: &WeightPenalty,
        state: &PassPart,
    ) -> Option<Covariances> {
        if seen.blocks.is_some() {
            return None;
        }
        let mut left_out = vec![false; state.values.len()];
        for &index in &state.left_out {
            left_out[index] = true;
        }
        let factor = joint_factor::<H>(&seen.observed, penalty, &left_out)
            .or_else(|| joint_factor::<H>(&seen.expected, penalty, &left_out))?;
        let inputs = CovarianceInputs {
            part_indices: &self.part_indices(),
            precision: &penalty.precision,
            observations: self.weight_of(part) * self.pass.passes.repeats,
        };
        Some(Covariances::of_factor::<H>(&factor, penalty, &inputs))
    }

    /// Where each weight of a model's head stands in a head of a part.
    fn part_indices(&self) -> Vec<usize> {
        part_indices(&self.encodings())
    }

    fn encodings(&self) -> Vec<Encoding> {
        let features = self.pass.model.features();
        features.iter().map(|feature| feature.encoding.clone()).collect()
    }

    fn model(self, [paying, amount]: [NextPart; 2], penalties: &[WeightPenalty; 2]) -> Model {
        let model = self.pass.model.clone();
        let weights = self.weights(&paying, &amount);
        let errors = self.errors(&paying, &amount);
        let passes = Passes {
            count: self.pass.passes.count + 1,
            paying: paying.state,
            amount: amount.state,
            ..self.pass.passes.clone()
        };
        let options = OptionsInForce {
            l2: passes.l2,
            sigma_prior: passes.sigma_prior,
            ..model.options().clone()
        };
        let training = self.training(&passes, &weights, penalties);
        let payments = self.sums.payments;
        let logs = Range { least: ln(payments.least), most: ln(payments.most) };
        let mu_range = model.mu_range().is_some().then(|| model.widened_mu_range(logs));
        let features = self.features(&weights.logit);
        model
            .after_pass(features, weights, mu_range, options, training)
            .with_standard_errors(errors)
            .with_passes(passes)
    }

    /// The weights of the model: those that were taken, and of a part of which none were those that it had.
    fn weights(&self, paying: &NextPart, amount: &NextPart) -> Weights {
        let mut weights = self.pass.model.head_weights().clone();
        let part_indices = self.part_indices();
        let of_head = |head: &[f64]| {
            let value = |index: usize| head.get(index).copied().unwrap_or(0.0);
            HeadWeights::new(value(0), part_indices.iter().map(|&index| value(index)).collect())
        };
        if paying.is_taken {
            weights.logit = of_head(&paying.state.values);
        }
        if amount.is_taken {
            let mut values = amount.state.values.clone();
            let width = values.len() / 2;
            if let Some(shrunk) = &self.pass.passes.shrunk {
                shrink_around_payers(&mut values, width, shrunk);
            }
            let (mu, raw_sigma) = values.split_at(width);
            weights.mu = of_head(mu);
            weights.raw_sigma = of_head(raw_sigma);
        }
        weights
    }

    /// The standard errors of what was taken; of the other part those that it had.
    fn errors(&self, paying: &NextPart, amount: &NextPart) -> StandardErrors {
        let encodings = self.encodings();
        let had = self.pass.model.standard_errors();
        let keeps = self.pass.passes.covariance;
        let is_shrunk = self.pass.passes.shrunk.is_some();
        let of_paying = paying.covariances.as_ref();
        let of_amount = amount.covariances.as_ref().filter(|_| !is_shrunk);
        let new = standard_errors(ErrorKind::Model, false, &encodings, of_paying, of_amount);
        let Some(had) = had.cloned() else { return new };
        let kept = had.covariance.as_ref();
        let (logit, of_logit) = if paying.is_taken {
            (new.logit, of_paying.map(Covariances::triangle))
        } else {
            (had.logit, kept.map(|all| all.logit.clone()))
        };
        let (mu, raw_sigma, of_heads) = if amount.is_taken {
            (new.mu, new.raw_sigma, of_amount.map(Covariances::triangle))
        } else {
            (had.mu, had.raw_sigma, kept.map(|all| all.amount.clone()))
        };
        let covariance = of_logit.zip(of_heads).filter(|_| keeps);
        let covariance = covariance
            .map(|(logit, amount)| Covariance { logit, amount })
            .filter(|all| all.logit.iter().chain(&all.amount).all(|value| value.is_finite()));
        StandardErrors { kind: new.kind, logit, mu, raw_sigma, covariance }
    }

    /// The features, with the ranges within which the logit head holds their numbers.
    fn features(&self, logit: &HeadWeights) -> Vec<Feature> {
        let mut features = self.pass.model.features().to_vec();
        let mut index = 0;
        for (feature, range_in_training) in features.iter_mut().zip(&self.pass.passes.ranges) {
            let weight = logit.weights.get(index).copied().unwrap_or(0.0);
            index += feature.encoding.width();
            if let Encoding::Numeric { range, payer_range: Some(payers), .. } =
                &mut feature.encoding
            {
                *range = range_in_training.map(|all| rising_range(all, *payers, weight));
            }
        }
        features
    }

    fn training(
        &self,
        passes: &Passes,
        weights: &Weights,
        penalties: &[WeightPenalty; 2],
    ) -> Training {
        let before = self.pass.model.training();
        let counts = self.sums.counts;
        let share = self.payer_weight / self.weight;
        let loss = passes.paying.loss.zip(passes.amount.loss);
        let train_loss = loss.map_or(before.train_loss, |(paying, amount)| paying + share * amount);
        let regularizer = Regularizer {
            l2: passes.l2,
            in_objective: true,
            sigma_prior: penalties[1].sigma.and(passes.sigma_prior),
            drawn: 0.0,
        };
        let mut history =
            if passes.count == 1 { History::default() } else { before.history.clone() };
        history.epoch.push(passes.count);
        history.train.push(train_loss);
        let stop_reason = stop_reason(passes);
        let mut warnings = before.warnings.clone();
        if stop_reason == StopReason::MaxIterations {
            warnings.push(STUCK.to_owned());
        }
        Training {
            rows: counts.rows,
            rows_seen: before.rows_seen.map(|_| counts.rows),
            payers: counts.payers,
            skipped_labels: counts.skipped,
            negative_labels: counts.negative,
            tiny_labels: counts.tiny,
            label_min: Some(self.sums.payments.least),
            label_max: Some(self.sums.payments.most),
            weight_sum: (self.weight * passes.weight_unit).min(f64::MAX),
            epochs_run: passes.count,
            best_epoch: passes.count,
            stop_reason,
            train_loss,
            objective: train_loss
                + regularizer.penalty(weights)
                + regularizer.of_sigma(weights.raw_sigma.intercept),
            warnings,
            history,
            ..before.clone()
        }
    }
}

/// Why the training ended, if it did.
fn stop_reason(passes: &Passes) -> StopReason {
    let statuses = [passes.paying.status, passes.amount.status];
    if statuses.contains(&PassStatus::Open) {
        StopReason::Unfinished
    } else if statuses.contains(&PassStatus::Stuck) {
        StopReason::MaxIterations
    } else {
        StopReason::Converged
    }
}

/// Multiplies the weights of mu and raw sigma, around the average payer.
fn shrink_around_payers(values: &mut [f64], width: usize, shrunk: &Shrunk) {
    for (head, alone) in values.chunks_exact_mut(width).zip(shrunk.intercepts) {
        let [intercept, weights @ ..] = head else { continue };
        for (weight, mean) in weights.iter_mut().zip(&shrunk.payer_means) {
            *intercept += (1.0 - shrunk.factor) * *weight * mean;
            *weight *= shrunk.factor;
        }
        if shrunk.factor == 0.0 {
            *intercept = alone;
        }
    }
}

/// What the weights of mu were multiplied by after they were solved for, if they were.
pub(in crate::fit::newton) fn shrunk_by(before: &Weights, after: &Weights) -> Option<f64> {
    let weights =
        |of: &Weights| AmountTerm::HEADS.map(|head| of.head(head).weights.clone()).concat();
    let (before, after) = (weights(before), weights(after));
    let mut pairs = before.iter().zip(&after).filter(|(before, after)| before != after);
    pairs.next().map(|(before, after)| after / before)
}
