//! Training by gradient descent: the parts and how they step, and again with smaller steps where that went wrong.

use super::automatic;
use super::finish::{Fitted, finish};
use super::newton::Penalties;
use super::problem::Problem;
use super::regularizer::Regularizer;
use super::sgd::{LinearPart, ModelPart, PartWeights, Parts, Plan, Progress, run_epochs};
use super::warm_start;
use crate::Result;
use crate::family::{
    AmountTerm, JointTerm, Limits, LossTerm, PayingTerm, SigmaPrior, linear_components,
};
use crate::model::{AMOUNT_SCALES, L2, Model, OptionsInForce};

/// How often training is tried, with ever smaller steps.
const ATTEMPTS: u32 = 4;

/// By how much a sound mean loss may be above the start's, and by how much an objective.
const LOSS_NOISE: f64 = 0.01;
const OBJECTIVE_NOISE: f64 = 0.1;

/// A problem, and the parts of the linear model that solve it.
pub(super) struct Descent<'a> {
    problem: Problem<'a>,
    parts: Parts,
    plan: Plan,
    regularizer: Regularizer,
    /// What the weights are drawn to, if there is a prior of campaigns.
    drawn: Option<Penalties>,
    /// What the mu head is trained in units of.
    amount_scale: f64,
}

impl<'a> Descent<'a> {
    pub(super) fn new(problem: Problem<'a>) -> Self {
        let options = problem.options;
        let drawn = options.prior().map(|_| Penalties::new(&problem));
        let packed = problem.packed();
        let learning_rate = automatic::learning_rate(options, problem.spread);
        let paying_rate = packed.payer_share();
        let step_scale = automatic::paying_step_scale(options, paying_rate);
        let units = ObjectiveUnits::new(&problem);
        let bounded =
            |rate: f64, unit: f64, l2: f64| automatic::bounded_l2(options, rate, l2 * unit) / unit;
        let l2 = L2 {
            logit: bounded(learning_rate * step_scale, 1.0, problem.l2.logit),
            mu: bounded(learning_rate, units.of_mu_l2(), problem.l2.mu),
            raw_sigma: bounded(learning_rate, units.all_to_payers, problem.l2.raw_sigma),
        };
        let plan = Plan {
            optimizer: options.optimizer,
            schedule: options.schedule,
            learning_rate,
            clip_norm: automatic::clip_norm(options),
            level_step_scale: automatic::level_step_scale(options, packed.inputs.categories.len()),
            epochs: automatic::epochs(options, packed),
            patience: options.patience(),
            seed: options.seed,
            epochs_before: warm_start::epochs_before(options),
        };
        let maker = PartMaker { problem: &problem, step_scale, units, l2, drawn: drawn.as_ref() };
        Self {
            parts: maker.parts(),
            drawn,
            regularizer: Regularizer {
                l2,
                in_objective: options.optimizer.couples_l2(),
                sigma_prior: problem.sigma_prior,
                drawn: 0.0,
            },
            plan,
            amount_scale: units.amount_scale,
            problem,
        }
    }

    /// Trains, and again with smaller steps if the result is worse than the intercepts alone.
    ///
    /// # Errors
    /// [`Error::Interrupted`](crate::Error::Interrupted).
    pub(super) fn train(mut self) -> Result<Model> {
        let start = self.parts.weights();
        let mut attempts = if self.problem.options.learning_rate.is_none() { ATTEMPTS } else { 1 };
        loop {
            let progress =
                run_epochs(&self.problem.rows, &mut self.parts, &self.plan, &self.problem.watch);
            self.problem.watch.check()?;
            attempts -= 1;
            let train_loss = self.problem.rows.train_loss(&mut self.parts, None);
            if attempts == 0 || self.is_sound(train_loss) {
                return Ok(self.finish(progress, train_loss));
            }
            self.plan.learning_rate /= 5.0;
            self.parts.set_weights(&start);
        }
    }

    /// Whether loss and objective are no worse than with the intercepts alone, with sigma bounded or without. A failure is
    /// far worse, and the noise of a sound training far less; that of heavy penalties is more than that of the loss.
    fn is_sound(&mut self, train_loss: f64) -> bool {
        // The start of a campaign that is drawn to others is not its own.
        if self.drawn.is_some() && train_loss.is_finite() {
            return true;
        }
        let weights =
            warm_start::save_weights(&self.parts, &self.problem.part_indices, self.amount_scale);
        let added = self.regularizer.penalty(&weights)
            + self.regularizer.of_sigma(weights.raw_sigma.intercept);
        let start = &self.problem.start;
        let of_start = start.loss + self.regularizer.of_sigma(start.raw_sigma);
        let most = (start.loss + LOSS_NOISE).min(of_start + OBJECTIVE_NOISE - added);
        train_loss <= most
            || self.problem.rows.train_loss(&mut self.parts, Some(Limits::NONE)) <= most
    }

    fn finish(self, progress: Progress, train_loss: f64) -> Model {
        let Self { problem, parts, plan, mut regularizer, drawn, amount_scale } = self;
        if let Some(drawn) = &drawn {
            regularizer.drawn = drawn.value_of(&problem, &parts, amount_scale);
        }
        let options = problem.options;
        let state = options.keep_state.then(|| {
            let epochs = plan.epochs_before + progress.best_epoch;
            warm_start::save_state(options, epochs, amount_scale, &parts, &problem.part_indices)
        });
        let in_force = OptionsInForce {
            epochs: plan.epochs,
            batch_size: problem.batch_size,
            learning_rate: plan.learning_rate,
            optimizer: options.optimizer.name().to_owned(),
            schedule: options.schedule.name().to_owned(),
            l2: regularizer.l2,
            clip_norm: plan.clip_norm,
            seed: options.seed,
            validation_fraction: options.held_out(),
            patience: options.patience(),
            min_count: options.min_count,
            init: options.init.is_some(),
            min_payment: Some(problem.usable.min_payment),
            tolerance: None,
            max_rows: None,
            sigma_prior: regularizer.sigma_prior,
        };
        finish(
            problem,
            Fitted {
                parts,
                amount_scale,
                regularizer,
                progress,
                train_loss,
                in_force,
                state,
                warnings: Vec::new(),
            },
        )
    }
}

/// The units of a part's objective: the amount part is trained on the mean over the payers, and mu in units of a scale.
#[derive(Debug, Clone, Copy)]
struct ObjectiveUnits {
    amount_scale: f64,
    /// What a mean over all rows is multiplied by to be one over the payers.
    all_to_payers: f64,
}

impl ObjectiveUnits {
    fn new(problem: &Problem<'_>) -> Self {
        let packed = problem.packed();
        Self {
            amount_scale: warm_start::usable_state(problem.options)
                .map_or_else(|| power_of_two_near(problem.start.sigma), |state| state.amount_scale),
            all_to_payers: packed.weight_sum / packed.payer_weight_sum,
        }
    }

    /// What the penalty of mu is multiplied by.
    fn of_mu_l2(&self) -> f64 {
        self.amount_scale * self.amount_scale * self.all_to_payers
    }
}

/// Makes the parts of the linear model, as training starts them.
struct PartMaker<'a> {
    problem: &'a Problem<'a>,
    /// What the steps of the logit head are multiplied by.
    step_scale: f64,
    units: ObjectiveUnits,
    l2: L2,
    drawn: Option<&'a Penalties>,
}

impl PartMaker<'_> {
    /// A part for each set of terms that share weights.
    fn parts(&self) -> Parts {
        let parts = linear_components().into_iter().map(|terms| {
            let mut part = self.part(&terms);
            warm_start::resume(self.problem, self.units.amount_scale, &mut *part);
            part
        });
        Parts::new(parts.collect())
    }

    fn part(&self, terms: &[LossTerm]) -> Box<dyn ModelPart> {
        match terms {
            [LossTerm::Paying] => Box::new(self.paying()),
            [LossTerm::Amount] => Box::new(self.amount()),
            _ => Box::new(self.joint()),
        }
    }

    fn paying(&self) -> LinearPart<1, PayingTerm> {
        let Self { problem, drawn, .. } = self;
        let (packed, start) = (problem.packed(), &problem.start);
        let weights = PartWeights::start(&packed.inputs, &[start.logit]);
        LinearPart::new(PayingTerm, packed, weights, [self.l2.logit])
            .with_step_scale(self.step_scale)
            .learnt_if(start.mixed || drawn.is_some())
            .drawn_to(drawn.map(|penalties| penalties.of_parts[0].clone()))
    }

    /// Its objective is the mean over the payers.
    fn amount(&self) -> LinearPart<2, AmountTerm> {
        let Self { problem, units, drawn, .. } = self;
        let (packed, start) = (problem.packed(), &problem.start);
        let [_, mu, raw_sigma] = self.intercepts();
        let weights = PartWeights::start(&packed.inputs, &[mu, raw_sigma]);
        let l2 = [self.l2.mu * units.of_mu_l2(), self.l2.raw_sigma * units.all_to_payers];
        LinearPart::new(self.amount_term(units.all_to_payers), packed, weights, l2)
            .learnt_if(start.amounts_differ || drawn.is_some())
            .drawn_to(drawn.map(|penalties| penalties.amount_in_units(units.amount_scale)))
    }

    /// Its objective is the mean over all rows; no prior draws it.
    fn joint(&self) -> LinearPart<3, JointTerm> {
        let packed = self.problem.packed();
        let weights = PartWeights::start(&packed.inputs, &self.intercepts());
        let L2 { logit, mu, raw_sigma } = self.l2;
        let scale = self.units.amount_scale;
        LinearPart::new(
            JointTerm(self.amount_term(1.0)),
            packed,
            weights,
            [logit, mu * scale * scale, raw_sigma],
        )
    }

    /// Where the heads start.
    fn intercepts(&self) -> [f64; 3] {
        let start = &self.problem.start;
        [start.logit, start.mu / self.units.amount_scale, start.raw_sigma]
    }

    /// The term of the amount in an objective in which the prior of sigma counts so many times as in the mean over all rows.
    fn amount_term(&self, prior_times: f64) -> AmountTerm {
        let prior = |prior: SigmaPrior| SigmaPrior { weight: prior.weight * prior_times, ..prior };
        AmountTerm {
            scale: self.units.amount_scale,
            limits: Limits::of_sigma(self.problem.bounds.max_sigma),
            prior: self.problem.sigma_prior.map(prior),
        }
    }
}

/// The power of two next to a positive number: multiplying by it rounds nothing.
fn power_of_two_near(x: f64) -> f64 {
    // The square root of two moves the boundary between two powers to the middle of their ratio.
    let bits = (x * std::f64::consts::SQRT_2).to_bits() & 0x7ff0_0000_0000_0000;
    f64::from_bits(bits).clamp(*AMOUNT_SCALES.start(), *AMOUNT_SCALES.end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::family::Head;
    use crate::fit::rows::Usable;
    use crate::fit::split::Split;
    use crate::fit::{Chunk, FeatureColumn, FeatureValues, Options, RowId, Table};

    /// The mean loss and the weights after many small steps, with a part for both terms or one for each.
    fn trained(joint: bool) -> (f64, Vec<f64>) {
        let share = |row: usize, times: usize| (row * times % 401) as f64 / 401.0;
        let features = [0, 1].map(|f| (0..400).map(|row| share(row, 113 + 126 * f)).collect());
        let features: [Vec<f64>; 2] = features;
        let label = |row: usize| {
            let pays = share(row, 157) < 0.1 + 0.8 * features[0][row];
            if pays { (2.0 + features[1][row] + share(row, 331)).exp() } else { 0.0 }
        };
        let label: Vec<f64> = (0..400).map(label).collect();
        let table = Table {
            features: ["a", "b"].map(|name| FeatureColumn { name, levels: None }).into(),
            chunks: vec![Chunk {
                label: &label,
                weight: None,
                features: features.iter().map(|x| FeatureValues::Numbers(x)).collect(),
            }],
        };
        let rows: Vec<RowId> = (0..400).map(|row| RowId { chunk: 0, row }).collect();
        let options =
            Options::builder().epochs(400).batch_size(400).learning_rate(0.05).build().unwrap();
        let (usable, kept) = Usable::of(&table, &rows, &options).unwrap();
        let split = Split::of(&table, &usable, kept, &options);
        let watch = options.watch();
        let problem = Problem::new(&table, &usable, split, &options, None, watch).unwrap();
        let mut descent = Descent::new(problem);
        if joint {
            let (problem, l2) = (&descent.problem, descent.regularizer.l2);
            let units = ObjectiveUnits::new(problem);
            let maker = PartMaker { problem, step_scale: 1.0, units, l2, drawn: None };
            descent.parts = Parts::new(vec![Box::new(maker.joint())]);
        }
        let Descent { problem, parts, plan, .. } = &mut descent;
        run_epochs(&problem.rows, parts, plan, &problem.watch);
        let weights = Head::ALL.iter().flat_map(|head| parts.head(*head)).copied().collect();
        (problem.rows.train_loss(parts, None), weights)
    }

    #[test]
    fn one_part_of_both_terms_comes_to_where_a_part_each_comes() {
        let ((loss, weights), (joint_loss, joint)) = (trained(false), trained(true));
        assert!((loss - joint_loss).abs() < 1e-5, "{loss} {joint_loss}");
        assert_eq!(weights.len(), 9);
        for (weight, of_joint) in weights.iter().zip(&joint) {
            assert!((weight - of_joint).abs() < 2e-3, "{weights:?} {joint:?}");
        }
        assert!(weights[1] > 0.5 && weights[5] > 0.1, "there is something to learn: {weights:?}");
    }
}
